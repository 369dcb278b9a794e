package nfpimage

import (
	"fmt"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/microcode"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/object"
)

// library is the routines that are linked behind the programs.
type library struct {
	words   []nfpisa.Instr
	symbols []image.Symbol
	at      map[routineKey]target.CodeAddr
}

// routineKey names a routine: a helper, for a map.
type routineKey struct {
	helper bpf.HelperID
	table  *object.Map
	inner  bool // of the maps that table holds
}

// routines makes the routines that the programs call, to lie from a word of the
// image on, each once, in the order of the first calls.
func (l *linker) routines(first int) (*library, error) {
	lib := &library{at: map[routineKey]target.CodeAddr{}}
	taken := l.taken()
	for _, p := range l.parts {
		src := p.Program.Source()
		for k := range p.body.Words {
			w := &p.body.Words[k]
			if w.Site == nil || w.Site.Map < 0 {
				continue
			}
			m := src.Maps[w.Site.Map]
			key := routineKey{w.Site.Helper, m, w.Site.Inner}
			if _, ok := lib.at[key]; ok {
				continue
			}
			word := first + len(lib.words)
			start := int(l.t.Core.CodeStart) + word
			table, name := l.atlas.located(m, l.t), m.Name
			if key.inner {
				table, name = l.atlas.located(l.atlas.like(m), l.t), m.Name+".inner"
				table.Inner = true
			}
			table.Taken = taken[key]
			code, err := microcode.Of(table.Type).Routine(key.helper)(table, start)
			if err != nil {
				return nil, &ssa.Unsupported{What: fmt.Sprintf("helper %v on map %s (%v)", key.helper, name, table.Type), Why: err.Error(), Slot: int(w.Slot), Line: src.PlaceAt(int(w.Slot))}
			}
			lib.at[key] = target.CodeAddr(start)
			lib.symbols = append(lib.symbols, image.Symbol{
				Name: name + "." + key.helper.String(), Word: uint32(word), Size: uint32(len(code)), Kind: image.SymRuntime,
			})
			lib.words = append(lib.words, code...)
		}
	}
	return lib, nil
}

// taken returns how many words of a value each routine has to return: the most that one
// of its calls takes.
func (l *linker) taken() map[routineKey]int {
	out := map[routineKey]int{}
	for _, p := range l.parts {
		src := p.Program.Source()
		for k := range p.body.Words {
			if s := p.body.Words[k].Site; s != nil && s.Map >= 0 {
				key := routineKey{s.Helper, src.Maps[s.Map], s.Inner}
				out[key] = max(out[key], s.Taken)
			}
		}
	}
	return out
}

// appendTo adds the routines to an image.
func (lib *library) appendTo(img *image.Image) {
	for _, i := range lib.words {
		word := encode(i, "routine")
		switch i.Class {
		case nfpisa.ClassBranch, nfpisa.ClassBrBit, nfpisa.ClassBrByte:
			img.Relocs = append(img.Relocs, image.Reloc{Word: uint32(len(img.Words)), Kind: image.RelocBranch})
		}
		img.Words = append(img.Words, word)
	}
}
