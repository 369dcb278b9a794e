package image

import (
	"fmt"
	"slices"
	"sort"

	"github.com/skipsw/skipsw/nfpisa"
)

// Load is where an image is put and what it finds there.
type Load struct {
	Start   uint16            // control-store address of word 0
	Done    uint16            // control-store address that ends a packet
	Helpers map[uint32]uint16 // eBPF helper id to firmware routine address
	MapIDs  []uint32          // the number that the firmware knows each map by
}

// Relocate returns the image as it must stand in a control store: its branches,
// return addresses, helper calls and map numbers are those of l. The receiver
// is not changed; the two share what does not differ.
func (im *Image) Relocate(l Load) (*Image, error) {
	out := *im
	out.Words = slices.Clone(im.Words)
	out.Maps = slices.Clone(im.Maps)
	for k := range min(len(l.MapIDs), len(out.Maps)) {
		out.Maps[k].ID = l.MapIDs[k]
	}
	out.Machine.CodeStart, out.Machine.Done, out.Machine.Helpers = l.Start, l.Done, l.Helpers
	for _, r := range im.Relocs {
		if uint64(r.Word) >= uint64(len(out.Words)) {
			return nil, fmt.Errorf("image: relocation for word %d of %d", r.Word, len(out.Words))
		}
		w, err := im.relocate(out.Words[r.Word], r, l)
		if err != nil {
			return nil, fmt.Errorf("image: word %d: %w", r.Word, err)
		}
		out.Words[r.Word] = w
	}
	if err := out.Validate(); err != nil {
		return nil, err
	}
	return &out, nil
}

func (im *Image) relocate(w nfpisa.Word, r Reloc, l Load) (nfpisa.Word, error) {
	i, err := nfpisa.Decode(w, im.Machine.Mode)
	if err != nil {
		return 0, err
	}
	delta := int(l.Start) - int(im.Machine.CodeStart)
	if r.Kind == RelocImmed || r.Kind == RelocMap {
		if i.Class != nfpisa.ClassImmed || i.ImmWidth != nfpisa.ImmedAll || i.ImmShift != 0 || i.Invert {
			return 0, fmt.Errorf("%s is not an immed of 16 bits", i)
		}
	} else if !hasTarget(&i) {
		return 0, fmt.Errorf("%s has no branch target", i)
	}
	v := 0
	switch r.Kind {
	case RelocBranch:
		v = int(i.Target) + delta
	case RelocDone:
		v = int(l.Done)
	case RelocHelper:
		addr, ok := l.Helpers[r.Arg]
		if !ok {
			return 0, fmt.Errorf("helper %d is not there", r.Arg)
		}
		v = int(addr)
	case RelocImmed:
		v = int(i.Imm) + delta
	case RelocMap:
		if uint64(r.Arg) >= uint64(len(l.MapIDs)) {
			return 0, fmt.Errorf("map %d has no number", r.Arg)
		}
		v = int(l.MapIDs[r.Arg])
	default:
		return 0, fmt.Errorf("unknown relocation kind %d", r.Kind)
	}
	limit := maxWord
	if i.Class == nfpisa.ClassImmed {
		limit = 0xffff
	}
	if v < 0 || v > limit {
		return 0, fmt.Errorf("%s would need the number %d, which its field cannot hold", i, v)
	}
	if i.Class == nfpisa.ClassImmed {
		i.Imm = uint32(v)
	} else {
		i.Target = uint16(v)
	}
	return nfpisa.Encode(i, im.Machine.Mode)
}

func hasTarget(i *nfpisa.Instr) bool {
	switch i.Class {
	case nfpisa.ClassBranch, nfpisa.ClassBrBit, nfpisa.ClassBrByte:
		return true
	case nfpisa.ClassCtxArb:
		return i.Resume
	}
	return false
}

// LineAt returns the line table's entry for a word, or nil.
func (im *Image) LineAt(word uint32) *Line {
	k := sort.Search(len(im.Lines), func(k int) bool { return im.Lines[k].Word > word })
	if k == 0 || uint64(word) >= uint64(len(im.Words)) {
		return nil
	}
	return &im.Lines[k-1]
}

// SymbolAt returns the first program or runtime symbol that covers a word, or
// nil.
func (im *Image) SymbolAt(word uint32) *Symbol {
	for k := range im.Symbols {
		s := &im.Symbols[k]
		if s.Kind != SymLabel && word >= s.Word && word-s.Word < s.Size {
			return s
		}
	}
	return nil
}

// ProgramNamed returns the program of a name, or nil.
func (im *Image) ProgramNamed(name string) *Program {
	for k := range im.Programs {
		if im.Programs[k].Name == name {
			return &im.Programs[k]
		}
	}
	return nil
}
