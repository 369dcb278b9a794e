package microcode

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/microcode/lpm"
)

// Tries of prefixes.
var _ = register(&Kind{
	Type:   bpf.MapTypeLPMTrie,
	Layout: func(m Map) maplayout.Layout { return trie(m).Layout() },
	Routines: map[bpf.HelperID]Routine{
		bpf.HelperMapLookupElem: func(m Map, start int) ([]nfpisa.Instr, error) { return trie(m).Lookup(start) },
		bpf.HelperMapUpdateElem: func(m Map, start int) ([]nfpisa.Instr, error) { return trie(m).Update(start) },
		bpf.HelperMapDeleteElem: func(m Map, start int) ([]nfpisa.Instr, error) { return trie(m).Delete(start) },
	},
	NearKey: maplayout.LPMNearKey, Held: true,
})

func trie(m Map) lpm.Map {
	return lpm.Map{Shape: m.Shape, Target: m.Target, Base: m.Base, Inner: m.Inner}
}
