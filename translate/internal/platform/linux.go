package platform

import "github.com/skipsw/skipsw/translate/bpf"

// Linux is the verifier's platform of Linux 6.18, for a privileged user: programs
// for XDP and tc.
var Linux = (Platform{
	Programs: []Program{
		{Type: bpf.ProgTypeXDP, Name: "xdp", Set: xdp, Context: bpf.XDPMd},
		{Type: bpf.ProgTypeSchedCLS, Name: "tc", Set: tc, Context: bpf.SkBuff, Legacy: true},
	},
	Helpers: linuxHelpers,
	Maps:    linuxMaps,
	// license_is_gpl_compatible in include/linux/license.h
	GPLCompatible: []string{
		"GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL",
	},
}).index()

var storeHelpers = []bpf.HelperID{bpf.HelperMapLookupElem, bpf.HelperMapUpdateElem, bpf.HelperMapDeleteElem}

// perCPUHelpers are those of maps with a value for each processor.
var perCPUHelpers = []bpf.HelperID{
	bpf.HelperMapLookupElem, bpf.HelperMapUpdateElem, bpf.HelperMapDeleteElem, bpf.HelperMapLookupPerCPUElem,
}

// queueHelpers are those of maps without keys.
var queueHelpers = []bpf.HelperID{bpf.HelperMapPushElem, bpf.HelperMapPopElem, bpf.HelperMapPeekElem}

// linuxMaps are the map types that programs on a card have a use for, with the
// helpers of check_map_func_compatibility.
var linuxMaps = []Map{
	{Type: bpf.MapTypeHash, Helpers: storeHelpers},
	{Type: bpf.MapTypeArray, Helpers: storeHelpers, Direct: true, Dense: true},
	{Type: bpf.MapTypeLRUHash, Helpers: storeHelpers},
	{Type: bpf.MapTypeLPMTrie, Helpers: storeHelpers},
	{Type: bpf.MapTypePerCPUHash, Helpers: perCPUHelpers},
	{Type: bpf.MapTypePerCPUArray, Helpers: perCPUHelpers, Dense: true},
	{Type: bpf.MapTypeLRUPerCPUHash, Helpers: perCPUHelpers},
	{Type: bpf.MapTypeProgArray, Helpers: []bpf.HelperID{bpf.HelperTailCall}},
	{Type: bpf.MapTypePerfEventArray, Helpers: []bpf.HelperID{
		bpf.HelperPerfEventRead, bpf.HelperPerfEventOutput, bpf.HelperPerfEventReadValue,
	}},
	{Type: bpf.MapTypeCgroupArray, Helpers: []bpf.HelperID{bpf.HelperSkbUnderCgroup, bpf.HelperCurrentTaskUnderCgroup}},
	{Type: bpf.MapTypeArrayOfMaps, Helpers: []bpf.HelperID{bpf.HelperMapLookupElem}, Inner: true},
	{Type: bpf.MapTypeHashOfMaps, Helpers: []bpf.HelperID{bpf.HelperMapLookupElem}, Inner: true},
	{Type: bpf.MapTypeDevMap, Helpers: []bpf.HelperID{bpf.HelperRedirectMap, bpf.HelperMapLookupElem}, ReadOnly: true},
	{Type: bpf.MapTypeDevMapHash, Helpers: []bpf.HelperID{bpf.HelperRedirectMap, bpf.HelperMapLookupElem}, ReadOnly: true},
	{Type: bpf.MapTypeCPUMap, Helpers: []bpf.HelperID{bpf.HelperRedirectMap}},
	{
		Type: bpf.MapTypeXSKMap, Helpers: []bpf.HelperID{bpf.HelperRedirectMap},
		Refused: map[bpf.HelperID]string{bpf.HelperMapLookupElem: whySockets},
	},
	{Type: bpf.MapTypeQueue, Helpers: queueHelpers},
	{Type: bpf.MapTypeStack, Helpers: queueHelpers},
	{Type: bpf.MapTypeBloomFilter, Helpers: []bpf.HelperID{bpf.HelperMapPushElem, bpf.HelperMapPeekElem}, ReadsPeek: true},
	{Type: bpf.MapTypeRingbuf, Helpers: []bpf.HelperID{bpf.HelperRingbufOutput, bpf.HelperRingbufQuery}},
}
