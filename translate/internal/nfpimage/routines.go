package nfpimage

import (
	"fmt"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/internal/nfp"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/verify"
)

// library is the runtime routines that are linked behind a program.
type library struct {
	words   []nfpisa.Instr
	symbols []image.Symbol
	start   int // word of the image at which the routines begin
}

// routineKey names a routine: a helper, for a map.
type routineKey struct {
	helper uint32
	table  int32
}

// linkRoutines links the program, and behind it those routines that it calls,
// each once, in the order of the first calls.
func linkRoutines(p *verify.Program, t *target.Target, maps []ssa.MapPlace, out *nfp.Output) (*library, error) {
	lib := &library{start: len(out.Words)}
	at := map[routineKey]uint16{}
	for k := range out.Words {
		w := &out.Words[k]
		key := routineKey{w.Helper, w.Table}
		if w.Helper == 0 || w.Table < 0 || at[key] != 0 {
			continue
		}
		start := int(t.Core.CodeStart) + lib.start + len(lib.words)
		src := p.Source().Maps[w.Table]
		tb, ok := tableOf(src, &maps[w.Table])
		if !ok {
			panic("BUG: a call of a routine for map " + src.Name)
		}
		code, err := tb.routine(nfp.HelperName(w.Helper), start)
		if err != nil {
			return nil, &ssa.Unsupported{What: fmt.Sprintf("%s on map %s (%s)", nfp.HelperName(w.Helper), src.Name, typeName(src)), Why: err.Error(), Slot: int(w.Slot), Line: p.Source().LineAt(int(w.Slot))}
		}
		at[key] = uint16(start)
		lib.symbols = append(lib.symbols, image.Symbol{
			Name: src.Name + "." + nfp.HelperName(w.Helper), Word: uint32(start) - uint32(t.Core.CodeStart), Size: uint32(len(code)), Kind: image.SymRuntime,
		})
		lib.words = append(lib.words, code...)
	}
	out.Link(uint16(t.Core.CodeStart), uint16(t.Core.Done), func(helper uint32, table int32) uint16 {
		if table >= 0 {
			return at[routineKey{helper, table}]
		}
		return uint16(t.Helper(nfp.HelperName(helper)).Address)
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
