package microcode

import (
	"slices"

	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
)

// mapHelpers are the helpers of maps whose values programs use directly.
var mapHelpers = []bpf.HelperID{bpf.HelperMapLookupElem, bpf.HelperMapUpdateElem, bpf.HelperMapDeleteElem}

var (
	_ = register(arrayKind(bpf.MapTypeArray, mapHelpers, bpf.HelperForEachMapElem))
	_ = register(arrayKind(bpf.MapTypePerCPUArray, nil, bpf.HelperForEachMapElem, bpf.HelperMapLookupPerCPUElem))
)

// arrayKind is the row of maps that are addressed by index.
func arrayKind(t bpf.MapType, firmware []bpf.HelperID, more ...bpf.HelperID) *Kind {
	return &Kind{
		Type: t, Inline: append(slices.Clone(mapHelpers), more...), Firmware: firmware, Counters: true, Indexed: true, Held: true,
		Layout: func(m Map) maplayout.Layout { return maplayout.NewArray(m.Shape) },
	}
}
