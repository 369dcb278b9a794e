package microcode

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/microcode/hashmap"
)

// Maps of targets of redirects are filled by hosts. What an entry holds is an
// interface for device maps, not 0 for the others.
var (
	_ = register(slotsKind(bpf.MapTypeDevMap, bpf.HelperRedirectMap, bpf.HelperMapLookupElem))
	_ = register(slotsKind(bpf.MapTypeCPUMap, bpf.HelperRedirectMap))
	_ = register(slotsKind(bpf.MapTypeXSKMap, bpf.HelperRedirectMap, bpf.HelperMapLookupElem))
	_ = register(&Kind{
		Type: bpf.MapTypeDevMapHash, Near: nearByKey,
		Layout:   func(m Map) maplayout.Layout { return byKey(m).Layout() },
		Inline:   []bpf.HelperID{bpf.HelperRedirectMap},
		Routines: map[bpf.HelperID]Routine{bpf.HelperMapLookupElem: func(m Map, start int) ([]nfpisa.Instr, error) { return byKey(m).Lookup(start) }},
	})
)

func byKey(m Map) hashmap.Map {
	return hashmap.Map{Shape: m.Shape, Target: m.Target, Base: m.Base, Taken: m.Taken}
}

func nearByKey(m Map) (at, words int) { return byKey(m).Near() }

// slotsKind is the row of maps of targets that are addressed by index.
func slotsKind(t bpf.MapType, inline ...bpf.HelperID) *Kind {
	return &Kind{
		Type: t, Inline: inline, Indexed: true,
		Layout: func(m Map) maplayout.Layout { return maplayout.NewSlots(m.Shape) },
	}
}
