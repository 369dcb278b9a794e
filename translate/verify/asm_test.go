package verify_test

import (
	"slices"
	"strings"

	"github.com/skipsw/skipsw/internal/btfvalue"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// The maps that assembled programs can name.
func testMaps() []*object.Map {
	return []*object.Map{
		{Name: "arr", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 16, MaxEntries: 4},
		{Name: "hash", Type: bpf.MapTypeHash, KeySize: 4, ValueSize: 16, MaxEntries: 4},
		{Name: "data", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 32, MaxEntries: 1},
		{
			Name: "rodata", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 1, Flags: bpf.FRdonlyProg, Frozen: true,
			Initial: []object.Entry{{Key: []byte{0, 0, 0, 0}, Value: []byte{7, 0, 0, 0, 200, 0, 0, 0}}},
		},
		{Name: "progs", Type: bpf.MapTypeProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 4},
		{Name: "events", Type: bpf.MapTypePerfEventArray, KeySize: 4, ValueSize: 4, MaxEntries: 4},
		{Name: "percpu", Type: bpf.MapTypePerCPUArray, KeySize: 4, ValueSize: 8, MaxEntries: 4},
		{Name: "lpm", Type: bpf.MapTypeLPMTrie, KeySize: 8, ValueSize: 4, MaxEntries: 4, Flags: bpf.FNoPrealloc},
		{
			Name: "outer", Type: bpf.MapTypeArrayOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 4,
			Inner: &object.Map{Name: "inner", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 4},
		},
		{
			Name: "growing", Type: bpf.MapTypeArrayOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 4,
			Inner: &object.Map{Name: "any_length", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 4, Flags: 1 << 12},
		},
		{Name: "ring", Type: bpf.MapTypeRingbuf, MaxEntries: 4096},
		{Name: "queue", Type: bpf.MapTypeQueue, ValueSize: 8, MaxEntries: 4},
		{Name: "devmap", Type: bpf.MapTypeDevMap, KeySize: 4, ValueSize: 4, MaxEntries: 4},
		{Name: "sockets", Type: bpf.MapTypeXSKMap, KeySize: 4, ValueSize: 4, MaxEntries: 4},
		{Name: "bloom", Type: bpf.MapTypeBloomFilter, ValueSize: 8, MaxEntries: 4},
		{Name: "locked", Type: bpf.MapTypeHash, KeySize: 4, ValueSize: 24, MaxEntries: 4, ValueType: btfvalue.Locked(24, 4)},
		{Name: "lockedarr", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 16, MaxEntries: 4, ValueType: btfvalue.Locked(16, 8)},
		{Name: "lockeddata", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 16, MaxEntries: 1, ValueType: btfvalue.Locked(16, 0)},
		{
			Name: "lockedouter", Type: bpf.MapTypeArrayOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 4,
			Inner: &object.Map{Name: "lockedinner", Type: bpf.MapTypeHash, KeySize: 4, ValueSize: 16, MaxEntries: 4, ValueType: btfvalue.Locked(16, 0)},
		},
		{
			Name: "endless", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 4, MaxEntries: 1, Flags: bpf.FRdonlyProg, Frozen: true,
			Initial: []object.Entry{{Key: []byte{0, 0, 0, 0}, Value: []byte("text")}},
		},
		{Name: "wronly", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 4, Flags: bpf.FWronlyProg},
	}
}

// kfuncNames are names for the calls of the kernel's functions.
var kfuncNames = strings.NewReplacer("call iter_new", "call kernel-function#1", "call iter_next", "call kernel-function#2", "call iter_destroy", "call kernel-function#3",
	"call from_xdp", "call kernel-function#4", "call from_skb", "call kernel-function#5", "call slice_rdwr", "call kernel-function#7", "call slice", "call kernel-function#6",
	"call adjust", "call kernel-function#8", "call is_null", "call kernel-function#9", "call is_rdonly", "call kernel-function#10", "call size", "call kernel-function#11",
	"call clone", "call kernel-function#12")

// assemble makes a program of statements in the kernel's notation, divided by
// ";". A label that starts with a capital letter starts a function.
func assemble(name string, typ object.Type, src string) *object.Program {
	p := &object.Program{Name: name, Type: typ, License: "GPL", Maps: testMaps(), Funcs: []object.Func{{Name: name}}}
	var maps []string
	for _, m := range p.Maps {
		maps = append(maps, m.Name)
	}
	src = kfuncNames.Replace(src)
	code, err := bpf.Parse(strings.ReplaceAll(src, ";", "\n"), maps...)
	if err != nil {
		panic(name + ": " + err.Error())
	}
	p.Insns = code.Insns
	for label, slot := range code.Labels {
		if label[0] >= 'A' && label[0] <= 'Z' {
			p.Funcs = append(p.Funcs, object.Func{Name: label, Start: slot})
		}
	}
	slices.SortFunc(p.Funcs, func(a, b object.Func) int { return a.Start - b.Start })
	return p
}
