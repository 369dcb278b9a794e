package microcode

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
)

// Maps of maps are filled by hosts; programs look up only. An entry is the low
// word of the address of an inner map.
var (
	_ = register(&Kind{
		Type: bpf.MapTypeArrayOfMaps, Nested: true, Indexed: true,
		Layout: func(m Map) maplayout.Layout { return maplayout.NewNested(m.Shape) },
		Inline: []bpf.HelperID{bpf.HelperMapLookupElem},
	})
	_ = register(&Kind{
		Type: bpf.MapTypeHashOfMaps, Nested: true, NearKey: maplayout.HashNearKey, Near: nearByKey,
		Layout:   func(m Map) maplayout.Layout { return byKey(m).Layout() },
		Inline:   []bpf.HelperID{bpf.HelperMapLookupElem},
		Routines: map[bpf.HelperID]Routine{bpf.HelperMapLookupElem: func(m Map, start int) ([]nfpisa.Instr, error) { return byKey(m).Lookup(start) }},
	})
)
