package image

import (
	"fmt"
	"strings"

	"github.com/skipsw/skipsw/nfpisa"
)

// maxWord is the highest control-store address that a branch reaches.
const maxWord = 1<<14 - 1

// maxFile bounds what offsets of 32 bits can hold.
const maxFile = 1 << 31

// Validate checks that the parts of an image fit together: places in the code
// are in the code, the line table is sorted, map entries have the sizes of
// their map, and names can be written.
func (im *Image) Validate() error {
	if err := im.validate(); err != nil {
		return fmt.Errorf("image: %w", err)
	}
	return nil
}

func (im *Image) validate() error {
	n := uint32(len(im.Words))
	m := &im.Machine
	switch {
	case m.Mode != nfpisa.Ctx4 && m.Mode != nfpisa.Ctx8:
		return fmt.Errorf("there is no context mode %d", m.Mode)
	case int(m.CodeStart)+len(im.Words) > maxWord+1:
		return fmt.Errorf("%d words from address %d on reach past control-store address %d", n, m.CodeStart, maxWord)
	case m.Done > maxWord:
		return fmt.Errorf("done address %d is past control-store address %d", m.Done, maxWord)
	}
	if im.Target != nil {
		if err := im.validateTarget(); err != nil {
			return err
		}
	}
	for id, addr := range m.Helpers {
		if addr > maxWord {
			return fmt.Errorf("helper %d at address %d, past control-store address %d", id, addr, maxWord)
		}
	}
	for k, w := range im.Words {
		if uint64(w)>>52 != 0 {
			return fmt.Errorf("word %d (%#x) has more than 52 bits", k, uint64(w))
		}
	}
	for _, p := range im.Programs {
		if p.Entry >= n {
			return fmt.Errorf("program %q begins at word %d of %d", p.Name, p.Entry, n)
		}
	}
	for _, s := range im.Symbols {
		switch {
		case s.Word > n || s.Size > n-s.Word:
			return fmt.Errorf("symbol %q covers words %d to %d of %d", s.Name, s.Word, uint64(s.Word)+uint64(s.Size), n)
		case s.Kind > SymLabel:
			return fmt.Errorf("symbol %q has unknown kind %d", s.Name, s.Kind)
		case len(s.Name) >= maxName || strings.IndexByte(s.Name, 0) >= 0:
			return fmt.Errorf("symbol name %.40q is longer than %d bytes or contains a zero byte", s.Name, maxName-1)
		}
	}
	for k, r := range im.Relocs {
		if r.Word >= n || r.Kind > RelocMap {
			return fmt.Errorf("relocation %d (kind %d) is for word %d of %d", k, r.Kind, r.Word, n)
		}
		if r.Kind == RelocMap && uint64(r.Arg) >= uint64(len(im.Maps)) {
			return fmt.Errorf("relocation %d is for map %d of %d", k, r.Arg, len(im.Maps))
		}
	}
	for k, l := range im.Lines {
		if l.Word >= n || k > 0 && l.Word < im.Lines[k-1].Word {
			return fmt.Errorf("line table entry %d is for word %d of %d, or out of order", k, l.Word, n)
		}
	}
	if err := im.validateMaps(); err != nil {
		return err
	}
	return im.validateTails()
}

// validateTails checks that slots and tail calls are those of programs and maps
// of the image.
func (im *Image) validateTails() error {
	for k := range im.Maps {
		m := &im.Maps[k]
		if m.Holds() != "" {
			for _, e := range m.Initial {
				if n := le.Uint32(e.Value[4:]); !im.Far(m, n) {
					return fmt.Errorf("map %q: entry %x holds program %d, and no program of the image has that number and runs at %s", m.Name, e.Key, n, m.Holds())
				}
			}
		}
		if !m.IsProgramArray() {
			continue
		}
		if m.ValueSize != 4 || m.KeySize != 4 {
			return fmt.Errorf("program array %q has keys of %d and values of %d bytes, not 4 and 4", m.Name, m.KeySize, m.ValueSize)
		}
		for _, e := range m.Initial {
			if im.ProgramIn(e.Value) == "" {
				return fmt.Errorf("program array %q: slot %d holds none of the %d programs", m.Name, le.Uint32(e.Key), len(im.Programs))
			}
		}
	}
	for k, t := range im.Tails {
		if uint64(t.Program) >= uint64(len(im.Programs)) || uint64(t.Map) >= uint64(len(im.Maps)) || !im.Maps[t.Map].IsProgramArray() {
			return fmt.Errorf("tail call %d is of program %d through map %d, which are none", k, t.Program, t.Map)
		}
		if t.Keeps > maxLocal {
			return fmt.Errorf("tail call %d keeps %d bytes of local memory, more than %d", k, t.Keeps, maxLocal)
		}
	}
	for k := range im.Programs {
		if p := &im.Programs[k]; p.Stack > maxLocal {
			return fmt.Errorf("program %q uses %d bytes of local memory, more than %d", p.Name, p.Stack, maxLocal)
		}
	}
	return nil
}

// maxLocal is the local memory of a core in bytes.
const maxLocal = 4096

// validateTarget checks that the code keeps to its target.
func (im *Image) validateTarget() error {
	t, m := im.Target, &im.Machine
	if err := t.Check(); err != nil {
		return fmt.Errorf("target %s: %w", t.Name, err)
	}
	switch {
	case (m.Mode == nfpisa.Ctx4) != (t.Core.Contexts == 4):
		return fmt.Errorf("the code is for another context mode than the %d contexts of target %s", t.Core.Contexts, t.Name)
	case int64(m.StackSize) > int64(t.LocalMemory.Stack):
		return fmt.Errorf("the code takes %d bytes of stack, and target %s has %d", m.StackSize, t.Name, t.LocalMemory.Stack)
	}
	return nil
}

func (im *Image) validateMaps() error {
	size := 0
	for k := range im.Maps {
		m := &im.Maps[k]
		size += len(m.WordUse)
		for e := range m.Initial {
			i := &m.Initial[e]
			if uint64(len(i.Key)) != uint64(m.KeySize) || uint64(len(i.Value)) != uint64(m.ValueSize) {
				return fmt.Errorf("map %q: entry %d has a key of %d and a value of %d bytes, not %d and %d",
					m.Name, e, len(i.Key), len(i.Value), m.KeySize, m.ValueSize)
			}
			size += len(i.Key) + len(i.Value)
		}
	}
	if size > maxFile {
		return fmt.Errorf("the maps' initial contents have %d bytes, more than %d", size, maxFile)
	}
	return nil
}
