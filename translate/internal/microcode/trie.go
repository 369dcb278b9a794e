package microcode

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/microcode/lpm"
)

// Longest-prefix maps are changed by hosts only.
var _ = register(&Kind{
	Type:   bpf.MapTypeLPMTrie,
	Layout: func(m Map) maplayout.Layout { return trie(m).Layout() },
	Routines: map[bpf.HelperID]Routine{
		bpf.HelperMapLookupElem: func(m Map, start int) ([]nfpisa.Instr, error) { return trie(m).Lookup(start) },
	},
	Cannot: map[bpf.HelperID]string{
		bpf.HelperMapUpdateElem: "only hosts change it", bpf.HelperMapDeleteElem: "only hosts change it",
	},
})

func trie(m Map) lpm.Map { return lpm.Map{Shape: m.Shape, Target: m.Target, Base: m.Base} }
