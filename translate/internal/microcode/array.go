package microcode

import "github.com/skipsw/skipsw/translate/bpf"

// entryAlign is the alignment of entries in memory, in bytes.
const entryAlign = 8

// mapHelpers are the helpers of maps whose values programs use directly.
var mapHelpers = []bpf.HelperID{bpf.HelperMapLookupElem, bpf.HelperMapUpdateElem, bpf.HelperMapDeleteElem}

var _, _ = register(arrayKind(bpf.MapTypeArray, mapHelpers)), register(arrayKind(bpf.MapTypePerCPUArray, nil))

// arrayKind is the row of maps whose entry i is i strides from the base. The
// card counts as one CPU: a per-CPU array has one set of entries.
func arrayKind(t bpf.MapType, firmware []bpf.HelperID) *Kind {
	return &Kind{
		Type: t, Inline: mapHelpers, Firmware: firmware, Counters: true, Indexed: true,
		Layout: func(m Map) Layout {
			stride := (m.ValueSize + entryAlign - 1) &^ (entryAlign - 1)
			return Layout{Name: "array", Stride: stride, Size: uint64(stride) * uint64(m.MaxEntries)}
		},
	}
}
