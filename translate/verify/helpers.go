package verify

import (
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/translate/object"
)

// argKind is what a helper wants in an argument register.
type argKind uint8

const (
	argNone argKind = iota
	argAnything
	argRest // anything, set or not: a variadic helper's values
	argCtx
	argCtxOrNull
	argMap        // the map itself
	argKey        // readable memory of the map's key size
	argValue      // readable memory of the map's value size
	argFillValue  // memory of the map's value size, to be filled
	argMem        // readable memory, its size in the next argument
	argMemOrNull  // the same, or null with size 0
	argFill       // memory to be filled, its size in the next argument
	argSize       // size of the memory before, at least 1
	argSizeOrZero // size of the memory before, may be 0
	argFill4      // 4 aligned bytes to be filled
	argFill8      // 8 aligned bytes to be filled
	argFixed      // readable memory, of the helper's next fixed size
)

// retKind is what a helper leaves in R0.
type retKind uint8

const (
	retScalar retKind = iota
	retCPU            // the number of a processor
	retVoid
	retValueOrNull // pointer to a map's value, or null
)

// progs is a set of program types.
type progs uint8

const (
	forXDP progs = 1 << iota
	forTC
	forBoth = forXDP | forTC
)

// helper is a row of the table of helper functions.
type helper struct {
	name    string
	progs   progs
	ret     retKind
	args    [5]argKind
	fixed   [2]int // bytes of the argFixed arguments
	pkt     bool   // memory arguments may be in the packet
	moves   bool   // pointers into the packet do not survive the call; for a tail call, one that succeeds
	gpl     bool   // for programs with a GPL-compatible licence only
	refused string // why a program that calls it is refused here
}

// HelperName returns the kernel's name of a helper.
func HelperName(id int32) string {
	if h := helperOf(id, object.UnknownType); h != nil {
		return h.name
	}
	return "helper"
}

// helperOf returns the row of a helper for a program type, nil when there is no
// such helper.
func helperOf(id int32, typ object.Type) *helper {
	if h := xdpHelpers[id]; h != nil && typ == object.XDP {
		return h
	}
	if id <= 0 || int(id) >= len(helpers) || helpers[id].name == "" {
		return nil
	}
	return &helpers[id]
}

// argUses returns the argument registers that a helper reads.
func argUses(id int32, typ object.Type) uint16 {
	h := helperOf(id, typ)
	if h == nil {
		return 0
	}
	var u uint16
	for k, a := range h.args {
		switch a {
		case argNone:
		case argRest:
			return u | 0x3e
		default:
			u |= 2 << k
		}
	}
	return u
}

// Map types, enum bpf_map_type.
const (
	mapHash           = 1
	mapArray          = 2
	mapProgArray      = 3
	mapPerfEventArray = 4
	mapPercpuHash     = 5
	mapPercpuArray    = 6
	mapStackTrace     = 7
	mapCgroupArray    = 8
	mapLRUHash        = 9
	mapLRUPercpuHash  = 10
	mapLPMTrie        = 11
	mapArrayOfMaps    = 12
	mapHashOfMaps     = 13
	mapDevmap         = 14
	mapCPUMap         = 16
	mapXSKMap         = 17
	mapQueue          = 22
	mapStack          = 23
	mapDevmapHash     = 25
	mapRingbuf        = 27
	mapBloomFilter    = 30
)

var mapTypeNames = map[uint32]string{
	1: "hash", 2: "array", 3: "prog_array", 4: "perf_event_array", 5: "percpu_hash", 6: "percpu_array",
	7: "stack_trace", 8: "cgroup_array", 9: "lru_hash", 10: "lru_percpu_hash", 11: "lpm_trie",
	12: "array_of_maps", 13: "hash_of_maps", 14: "devmap", 15: "sockmap", 16: "cpumap", 17: "xskmap",
	18: "sockhash", 19: "cgroup_storage", 20: "reuseport_sockarray", 21: "percpu_cgroup_storage",
	22: "queue", 23: "stack", 24: "sk_storage", 25: "devmap_hash", 26: "struct_ops", 27: "ringbuf",
	28: "inode_storage", 29: "task_storage", 30: "bloom_filter", 31: "user_ringbuf", 32: "cgrp_storage", 33: "arena",
}

func mapTypeName(t uint32) string {
	if n := mapTypeNames[t]; n != "" {
		return n
	}
	return fmt.Sprintf("type %d", t)
}

// Helpers that the rules about maps name.
const (
	helperLookup       = 1
	helperUpdate       = 2
	helperDelete       = 3
	helperTailCall     = 12
	helperEventOutput  = 25
	helperLookupPercpu = 195
)

// writeHelpers are the helpers that change what a map holds: update, delete,
// push and pop.
var writeHelpers = []int32{helperUpdate, helperDelete, 87, 88}

// storeHelpers are the helpers of maps whose values programs use directly.
var storeHelpers = []int32{helperLookup, helperUpdate, helperDelete}

// mapHelpers are the helpers that a map type allows.
var mapHelpers = map[uint32][]int32{
	mapHash: storeHelpers, mapArray: storeHelpers, mapLRUHash: storeHelpers, mapLPMTrie: storeHelpers,
	mapPercpuHash:     append(slices.Clip(storeHelpers), helperLookupPercpu),
	mapPercpuArray:    append(slices.Clip(storeHelpers), helperLookupPercpu),
	mapLRUPercpuHash:  append(slices.Clip(storeHelpers), helperLookupPercpu),
	mapProgArray:      {helperTailCall},
	mapPerfEventArray: {22, helperEventOutput, 55},
	mapCgroupArray:    {33, 37},
	mapArrayOfMaps:    {helperLookup},
	mapHashOfMaps:     {helperLookup},
	mapDevmap:         {51, helperLookup},
	mapDevmapHash:     {51, helperLookup},
	mapCPUMap:         {51},
	mapXSKMap:         {51},
	mapQueue:          {87, 88, 89},
	mapStack:          {87, 88, 89},
	mapBloomFilter:    {87, 89},
	mapRingbuf:        {130, 134},
}

// mapFits checks that a helper works on maps of a type.
func mapFits(id int32, t uint32, name string) *Error {
	ids, known := mapHelpers[t]
	if !known {
		return unsupported("map %q of type %s, because XDP and tc programs on a card have no use for it", name, mapTypeName(t))
	}
	if !slices.Contains(ids, id) {
		return unsafef("%s cannot work on map %q, which is of type %s", HelperName(id), name, mapTypeName(t))
	}
	return nil
}
