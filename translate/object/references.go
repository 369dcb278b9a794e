package object

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/skipsw/skipsw/translate/bpf"
)

// reference is a relocation, wherever the file keeps what is added to the symbol.
type reference struct {
	elf.Rela64
	explicit bool // by the relocation, not by what it changes
}

// references brings what code refers to into one form: relocations without an
// addend, to symbols of functions and maps by name and to variables by section
// and offset. What cannot be had is noted.
func (p *prepared) references() error {
	for k := range p.sections {
		rel := &p.sections[k]
		size := uint64(binary.Size(elf.Rel64{}))
		switch {
		case uint64(rel.Info) >= uint64(len(p.sections)):
			continue
		case rel.Type == elf.SHT_RELA:
			size = uint64(binary.Size(elf.Rela64{}))
		case rel.Type != elf.SHT_REL:
			continue
		}
		if rel.Entsize != size || uint64(len(rel.data))%size != 0 {
			if rel.Type == elf.SHT_RELA {
				return fmt.Errorf("section %s: relocations of %d bytes", rel.Name, rel.Entsize)
			}
			continue // the library says what is wrong with it
		}
		if err := p.section(rel, size); err != nil {
			return fmt.Errorf("section %s: %w", rel.Name, err)
		}
	}
	return nil
}

// section does so for one section of relocations.
func (p *prepared) section(rel *section, size uint64) error {
	at := elf.SectionIndex(rel.Info)
	code := isCode(p.sections[at].SectionHeader)
	explicit := rel.Type == elf.SHT_RELA
	var out []byte
	for data := rel.data; len(data) > 0; data = data[size:] {
		r := reference{explicit: explicit}
		r.Off, r.Info = binary.LittleEndian.Uint64(data), binary.LittleEndian.Uint64(data[8:])
		if explicit {
			r.Addend = int64(binary.LittleEndian.Uint64(data[16:]))
		}
		keep := true
		if code {
			var err error
			if keep, err = p.resolve(at, &r); err != nil {
				return err
			}
		} else if explicit {
			p.setPlace(at, r)
		}
		if keep {
			out = binary.LittleEndian.AppendUint64(out, r.Off)
			out = binary.LittleEndian.AppendUint64(out, r.Info)
		}
	}
	rel.data, rel.Type, rel.Entsize = out, elf.SHT_REL, uint64(binary.Size(elf.Rel64{}))
	rel.Name = strings.Replace(rel.Name, ".rela", ".rel", 1)
	return nil
}

// setPlace writes a place in the file's type information where the file has it
// in the relocation alone.
func (p *prepared) setPlace(at elf.SectionIndex, r reference) {
	s := &p.sections[at]
	n := int(elf.R_SYM64(r.Info))
	if !strings.HasPrefix(s.Name, ".BTF") || n == 0 || n > len(p.symbols) || r.Off+4 > uint64(len(s.data)) {
		return
	}
	binary.LittleEndian.PutUint32(s.data[r.Off:], uint32(p.symbols[n-1].Value)+uint32(r.Addend))
}

// resolve brings one reference of code into the form, and reports whether the
// library is to see it.
func (p *prepared) resolve(at elf.SectionIndex, r *reference) (bool, error) {
	n := int(elf.R_SYM64(r.Info))
	if n == 0 || n > len(p.symbols) {
		return true, nil // the library says so
	}
	code := p.sections[at].data
	if r.Off%bpf.SlotSize != 0 || r.Off+bpf.SlotSize > uint64(len(code)) {
		return false, fmt.Errorf("relocation of byte %d of %d", r.Off, len(code))
	}
	ins := instruction(code[r.Off:])
	sym := p.symbols[n-1]
	if p.kernelFunction(sym, ins) || p.absent(sym, ins) {
		return false, nil
	}
	if why := p.unreadable(sym); why != nil {
		if m := p.mapAt(sym, ins, r); m != 0 {
			r.to(m)
			ins.set(0)
			return true, nil
		}
		p.refuse(at, r.Off, why)
		p.symbols[n-1].Info, p.symbols[n-1].Section = elf.ST_INFO(elf.STB_GLOBAL, elf.STT_NOTYPE), elf.SHN_UNDEF
		return true, nil
	}
	if sym.Section == elf.SHN_UNDEF {
		return true, nil
	}
	switch s := &p.sections[sym.Section]; {
	case isCode(s.SectionHeader) && ins.op() == opCall:
		off := p.callTarget(sym, ins, r)
		p.target(sym.Section, off)
		if elf.ST_TYPE(sym.Info) != elf.STT_SECTION && elf.ST_BIND(sym.Info) != elf.STB_LOCAL {
			ins.set(-1) // by name alone, whatever else an assembler puts there
			return true, nil
		}
		r.to(p.sectionSymbol(sym.Section))
		ins.set(int32(off/bpf.SlotSize) - 1)
	case isCode(s.SectionHeader) && ins.op() == opWide:
		off := p.offset(sym, ins, r)
		p.target(sym.Section, off)
		r.to(p.sectionSymbol(sym.Section))
		ins.set(int32(off))
	case isMaps(s.Name):
		ins.set(0)
		if elf.ST_BIND(sym.Info) == elf.STB_WEAK {
			p.symbols[n-1].Info = elf.ST_INFO(elf.STB_GLOBAL, elf.ST_TYPE(sym.Info))
		}
	case holdsVariables(s.Name) && ins.op() == opWide:
		off := p.offset(sym, ins, r)
		r.to(p.sectionSymbol(sym.Section))
		ins.set(int32(off))
	}
	return true, nil
}

// to makes the reference one to another symbol, with nothing added.
func (r *reference) to(symbol int) {
	r.Info = elf.R_INFO(uint32(symbol), elf.R_TYPE64(r.Info))
	r.Addend = 0
}

// offset returns where in its section a reference leads.
func (p *prepared) offset(sym elf.Symbol, ins instruction, r *reference) uint64 {
	switch {
	case r.explicit:
		return sym.Value + uint64(r.Addend)
	case elf.ST_TYPE(sym.Info) != elf.STT_SECTION && ins.imm() != 0 && p.byGNU():
		return uint64(uint32(ins.imm())) // GNU as adds the symbol itself
	}
	return sym.Value + uint64(int64(ins.imm()))
}

// callTarget returns where in its section a call leads.
func (p *prepared) callTarget(sym elf.Symbol, ins instruction, r *reference) uint64 {
	switch {
	case elf.ST_TYPE(sym.Info) != elf.STT_SECTION:
		return sym.Value
	case r.explicit:
		return sym.Value + uint64(r.Addend)
	}
	return sym.Value + uint64(int64(ins.imm())+1)*bpf.SlotSize
}

// mapAt returns the symbol of the map that a reference to a section of maps leads
// to, or 0: a static map has none that a loader would find.
func (p *prepared) mapAt(sym elf.Symbol, ins instruction, r *reference) int {
	if elf.ST_TYPE(sym.Info) != elf.STT_SECTION || ins.op() != opWide {
		return 0
	}
	off := p.offset(sym, ins, r)
	for k, s := range p.symbols {
		if s.Section == sym.Section && s.Value == off && s.Name != "" && elf.ST_BIND(s.Info) == elf.STB_GLOBAL {
			return k + 1
		}
	}
	return 0
}

// byGNU reports whether GNU's assembler made the object, as GCC has it.
func (p *prepared) byGNU() bool {
	k := p.named(".comment")
	return k != 0 && strings.Contains(string(p.sections[k].data), "GCC:")
}

func (p *prepared) target(at elf.SectionIndex, off uint64) {
	if p.targets[at] == nil {
		p.targets[at] = map[uint64]bool{}
	}
	p.targets[at][off] = true
}

// instruction is a slot as it stands in a section.
type instruction []byte

// The opcodes that refer to something.
const opWide, opCall = 0x18, 0x85

func (i instruction) op() byte      { return i[0] }
func (i instruction) imm() int32    { return int32(binary.LittleEndian.Uint32(i[4:])) }
func (i instruction) set(imm int32) { binary.LittleEndian.PutUint32(i[4:], uint32(imm)) }
func (i instruction) source() uint8 { return i[1] >> 4 }
