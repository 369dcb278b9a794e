package nfpimage

import (
	"fmt"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/backend"
	"github.com/skipsw/skipsw/translate/internal/microcode"
	"github.com/skipsw/skipsw/translate/internal/nfp"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/object"
)

// library is the routines that are linked behind a program.
type library struct {
	words   []nfpisa.Instr
	symbols []image.Symbol
}

// routineKey names a routine: a helper, for a map.
type routineKey struct {
	helper bpf.HelperID
	table  int32
}

// located describes a map at its place.
func located(m *object.Map, t *target.Target, p *ssa.MapPlace) microcode.Map {
	shape := maplayout.Shape{KeySize: m.KeySize, ValueSize: m.ValueSize, MaxEntries: m.MaxEntries}
	return microcode.Map{Type: m.Type, Shape: shape, Target: t, Base: p.Base, Swapped: p.Swapped}
}

// linkRoutines links the program, and behind it those routines that it calls,
// each once, in the order of the first calls.
func linkRoutines(u *backend.Unit, t *target.Target, out *nfp.Output) (*library, error) {
	lib := &library{}
	at := map[routineKey]target.CodeAddr{}
	src := u.Program.Source()
	for k := range out.Words {
		w := &out.Words[k]
		if w.Site == nil || w.Site.Map < 0 {
			continue
		}
		key := routineKey{w.Site.Helper, w.Site.Map}
		if _, ok := at[key]; ok {
			continue
		}
		word := len(out.Words) + len(lib.words)
		start := int(t.Core.CodeStart) + word
		m := src.Maps[key.table]
		table := located(m, t, &u.Env.Maps[key.table])
		code, err := microcode.Of(table.Type).Routine(key.helper)(table, start)
		if err != nil {
			return nil, &ssa.Unsupported{What: fmt.Sprintf("helper %v on map %s (%v)", key.helper, m.Name, table.Type), Why: err.Error(), Slot: int(w.Slot), Line: src.PlaceAt(int(w.Slot))}
		}
		at[key] = target.CodeAddr(start)
		lib.symbols = append(lib.symbols, image.Symbol{
			Name: m.Name + "." + key.helper.String(), Word: uint32(word), Size: uint32(len(code)), Kind: image.SymRuntime,
		})
		lib.words = append(lib.words, code...)
	}
	out.Link(t.Core.CodeStart, t.Core.Done, func(s *ssa.CallSite) target.CodeAddr {
		if s.Map >= 0 {
			return at[routineKey{s.Helper, s.Map}]
		}
		return t.Helper(s.Helper.String()).Address
	})
	return lib, nil
}

// appendTo adds the routines to an image.
func (lib *library) appendTo(img *image.Image) {
	for _, i := range lib.words {
		word, err := nfpisa.Encode(i, nfpisa.Ctx4)
		if err != nil {
			panic(fmt.Sprintf("BUG: routine: %v", err))
		}
		switch i.Class {
		case nfpisa.ClassBranch, nfpisa.ClassBrBit, nfpisa.ClassBrByte:
			img.Relocs = append(img.Relocs, image.Reloc{Word: uint32(len(img.Words)), Kind: image.RelocBranch})
		}
		img.Words = append(img.Words, word)
	}
}
