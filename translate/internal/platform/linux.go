package platform

import (
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
)

// Linux is the verifier's platform of Linux 6.18, for a privileged user: programs
// for XDP and tc.
var Linux = (Platform{
	Programs: []Program{
		{Type: bpf.ProgTypeXDP, Name: "xdp", Set: xdp, Context: bpf.XDPMd},
		{Type: bpf.ProgTypeSchedCLS, Name: "tc", Set: tc, Context: bpf.SkBuff, Legacy: true},
	},
	Helpers: linuxHelpers,
	Kfuncs:  linuxKfuncs,
	Maps:    linuxMaps,
	// license_is_gpl_compatible in include/linux/license.h
	GPLCompatible: []string{
		"GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL",
	},
}).index()

var storeHelpers = []bpf.HelperID{bpf.HelperMapLookupElem, bpf.HelperMapUpdateElem, bpf.HelperMapDeleteElem}

// elementHelpers are those of maps whose elements a helper goes through.
var elementHelpers = append(slices.Clone(storeHelpers), bpf.HelperForEachMapElem)

// perCPUHelpers are those of maps with a value for each processor.
var perCPUHelpers = []bpf.HelperID{
	bpf.HelperMapLookupElem, bpf.HelperMapUpdateElem, bpf.HelperMapDeleteElem, bpf.HelperMapLookupPerCPUElem, bpf.HelperForEachMapElem,
}

// queueHelpers are those of maps without keys.
var queueHelpers = []bpf.HelperID{bpf.HelperMapPushElem, bpf.HelperMapPopElem, bpf.HelperMapPeekElem}

// The rules for making maps that several types share.
var (
	anyBytes = Span{Min: 1, Max: anySize}
	// array_map_alloc_check and fd_array_map_alloc_check
	makeArray  = Create{Key: exactly(4), Value: Span{Min: 1, Max: intMax}, Flags: bpf.FNUMANode | bpf.FMMapable | bpf.FInnerMap | access}
	makeOfFDs  = Create{Key: exactly(4), Value: exactly(4), Flags: bpf.FNUMANode | fileAccess}
	makeEvents = Create{Key: exactly(4), Value: exactly(4), Flags: bpf.FNUMANode | fileAccess | bpf.FPreserveElems, Unset: true}
	// htab_map_alloc_check
	makeHash = Create{Key: anyBytes, Value: anyBytes, Together: kmallocMax - htabElem, Flags: bpf.FNoPrealloc | bpf.FNUMANode | bpf.FZeroSeed | access}
	makeLRU  = Create{
		Key: anyBytes, Value: anyBytes, Together: kmallocMax - htabElem,
		Flags: bpf.FNoCommonLRU | bpf.FNUMANode | bpf.FZeroSeed | access, Apart: bpf.FNoCommonLRU | bpf.FNUMANode,
	}
	perCPUBytes = Span{Min: 1, Max: perCPUMax}
	// queue_stack_map_alloc_check
	makeQueue = Create{Value: Span{Min: 1, Max: kmallocMax}, Flags: bpf.FNUMANode | access}
	// dev_map_alloc_check: an index, or an index and a program
	makeDev = Create{Key: exactly(4), Value: Span{Min: 4, Max: 8, Step: 4}, Flags: bpf.FNUMANode | fileAccess}
)

// linuxMaps are the map types that programs on a card have a use for, with the
// helpers of check_map_func_compatibility.
var linuxMaps = []Map{
	{Type: bpf.MapTypeHash, Create: makeHash, Helpers: elementHelpers, Locks: true},
	{Type: bpf.MapTypeArray, Create: makeArray, Helpers: elementHelpers, Direct: true, Dense: true, Locks: true},
	{Type: bpf.MapTypeLRUHash, Create: makeLRU, Helpers: elementHelpers},
	{Type: bpf.MapTypeLPMTrie, Create: Create{
		Key: Span{Min: lpmPrefix + 1, Max: lpmPrefix + lpmBytes}, Value: Span{Min: 1, Max: kmallocMax - lpmPrefix - lpmBytes - lpmNode},
		Flags: bpf.FNoPrealloc | bpf.FNUMANode | access, Needs: bpf.FNoPrealloc,
	}, Helpers: storeHelpers},
	{Type: bpf.MapTypePerCPUHash, Create: Create{
		Key: anyBytes, Value: perCPUBytes, Together: kmallocMax - htabElem, Flags: bpf.FNoPrealloc | bpf.FZeroSeed | access,
	}, Helpers: perCPUHelpers},
	{Type: bpf.MapTypePerCPUArray, Create: Create{Key: exactly(4), Value: perCPUBytes, Flags: access}, Helpers: perCPUHelpers, Dense: true},
	{Type: bpf.MapTypeLRUPerCPUHash, Create: Create{
		Key: anyBytes, Value: perCPUBytes, Together: kmallocMax - htabElem, Flags: bpf.FNoCommonLRU | bpf.FZeroSeed | access,
	}, Helpers: perCPUHelpers},
	{Type: bpf.MapTypeProgArray, Create: makeOfFDs, Helpers: []bpf.HelperID{bpf.HelperTailCall}},
	{Type: bpf.MapTypePerfEventArray, Create: makeEvents, Helpers: []bpf.HelperID{
		bpf.HelperPerfEventRead, bpf.HelperPerfEventOutput, bpf.HelperPerfEventReadValue,
	}},
	{Type: bpf.MapTypeCgroupArray, Create: makeOfFDs, Helpers: []bpf.HelperID{bpf.HelperSkbUnderCgroup, bpf.HelperCurrentTaskUnderCgroup}},
	{Type: bpf.MapTypeArrayOfMaps, Create: makeOfFDs, Helpers: []bpf.HelperID{bpf.HelperMapLookupElem}, Inner: true},
	{Type: bpf.MapTypeHashOfMaps, Create: Create{
		Key: anyBytes, Value: exactly(4), Together: kmallocMax - htabElem, Flags: bpf.FNoPrealloc | bpf.FNUMANode | bpf.FZeroSeed | access,
	}, Helpers: []bpf.HelperID{bpf.HelperMapLookupElem}, Inner: true},
	{Type: bpf.MapTypeDevMap, Create: makeDev, Helpers: []bpf.HelperID{bpf.HelperRedirectMap, bpf.HelperMapLookupElem}, ReadOnly: true},
	{Type: bpf.MapTypeDevMapHash, Create: Create{Key: exactly(4), Value: Span{Min: 4, Max: 8, Step: 4}, Flags: bpf.FNUMANode | fileAccess, Most: 1 << 31}, Helpers: []bpf.HelperID{bpf.HelperRedirectMap, bpf.HelperMapLookupElem}, ReadOnly: true},
	{Type: bpf.MapTypeCPUMap, Create: Create{Key: exactly(4), Value: Span{Min: 4, Max: 8, Step: 4}, Flags: bpf.FNUMANode}, Helpers: []bpf.HelperID{bpf.HelperRedirectMap}},
	{Type: bpf.MapTypeXSKMap, Create: makeOfFDs, Helpers: []bpf.HelperID{bpf.HelperRedirectMap, bpf.HelperMapLookupElem}, Sockets: true},
	{Type: bpf.MapTypeQueue, Create: makeQueue, Helpers: queueHelpers},
	{Type: bpf.MapTypeStack, Create: makeQueue, Helpers: queueHelpers},
	{Type: bpf.MapTypeBloomFilter, Create: Create{Value: anyBytes, Flags: bpf.FNUMANode | bpf.FZeroSeed | access, Extra: bpf.BloomExtra}, Helpers: []bpf.HelperID{bpf.HelperMapPushElem, bpf.HelperMapPeekElem}, ReadsPeek: true},
	{Type: bpf.MapTypeRingbuf, Create: Create{Flags: bpf.FNUMANode, Pages: true}, Helpers: []bpf.HelperID{
		bpf.HelperRingbufOutput, bpf.HelperRingbufReserve, bpf.HelperRingbufReserveDynptr, bpf.HelperRingbufQuery,
	}},
}
