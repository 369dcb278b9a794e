package object

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/skipsw/skipsw/internal/unsupported"
)

// prepared is an object in the form that the ELF library can read, and what was
// kept from it. The library gives up the whole object where one section or one
// reference is beyond it; here that refuses the programs which use it.
type prepared struct {
	bytes []byte
	// names are the true names of data sections that the library knows by
	// another.
	names map[string]string
	// refused are the references that cannot be had, by section and by offset
	// in it.
	refused map[elf.SectionIndex]map[uint64]error
}

// Where fields stand in the structures of a 64-bit ELF file, in bytes.
const (
	elfSectionTable = 40 // e_shoff
	elfSectionType  = 4  // sh_type
	elfSection64    = 64 // sizeof(Elf64_Shdr)
	elfSymbolInfo   = 4  // st_info
	elfSymbolPlace  = 6  // st_shndx
)

// bssPrefix begins the names of sections of zeros beside .bss; dataPrefix, as
// long, those that the library takes for data.
const bssPrefix, dataPrefix = ".bss.", ".data"

// prepare changes a copy of the file.
func prepare(b []byte, f *elf.File, syms []elf.Symbol) (*prepared, error) {
	p := &prepared{bytes: bytes.Clone(b), names: map[string]string{}, refused: map[elf.SectionIndex]map[uint64]error{}}
	for k, s := range f.Sections {
		switch {
		case strings.HasPrefix(s.Name, bssPrefix):
			p.renameBSS(f, s)
		case strings.HasPrefix(s.Name, ".struct_ops"):
			// Its programs are refused by their sections.
			at := binary.LittleEndian.Uint64(b[elfSectionTable:]) + uint64(k)*elfSection64 + elfSectionType
			if at+4 <= uint64(len(b)) {
				binary.LittleEndian.PutUint32(p.bytes[at:], uint32(elf.SHT_NOTE))
			}
		}
	}
	for _, s := range f.Sections {
		if s.Type == elf.SHT_REL && uint64(s.Info) < uint64(len(f.Sections)) && isCode(f.Sections[s.Info]) {
			if err := p.references(f, s, syms); err != nil {
				return nil, err
			}
		}
	}
	return p, nil
}

func isCode(s *elf.Section) bool {
	return s.Type == elf.SHT_PROGBITS && s.Flags&elf.SHF_EXECINSTR != 0
}

// renameBSS gives a section of zeros a name of the same length by which the
// library takes it for data.
func (p *prepared) renameBSS(f *elf.File, s *elf.Section) {
	other := dataPrefix + strings.TrimPrefix(s.Name, bssPrefix)
	if f.Section(other) != nil {
		return
	}
	for _, table := range f.Sections {
		if (table.Type == elf.SHT_STRTAB || table.Name == ".BTF") && table.Flags&elf.SHF_COMPRESSED == 0 {
			rename(p.bytes[table.Offset:table.Offset+table.FileSize], s.Name, other)
		}
	}
	p.names[other] = s.Name
}

// rename replaces whole strings of a table by one of the same length.
func rename(table []byte, name, other string) (found bool) {
	old := append(append([]byte{0}, name...), 0)
	for {
		at := bytes.Index(table, old)
		if at < 0 {
			return found
		}
		copy(table[at+1:], other)
		found = true
	}
}

// ksyms is the section that BTF says of what the kernel defines, and hidden
// stands in its place when the library cannot read it.
const ksyms, hidden = ".ksyms", "-ksyms"

// hideKsyms makes what the kernel defines be undefined, no more.
func (p *prepared) hideKsyms() bool { return rename(p.bytes, ksyms, hidden) }

// references finds the references of a section of code that the library would
// stumble over, and lets it see undefined symbols there.
func (p *prepared) references(f *elf.File, rel *elf.Section, syms []elf.Symbol) error {
	data, err := rel.Data()
	if err != nil {
		return fmt.Errorf("section %s: %w", rel.Name, err)
	}
	var one elf.Rel64
	size := uint64(binary.Size(one))
	if rel.Entsize != size {
		return nil // the library says what is wrong with it
	}
	for ; uint64(len(data)) >= size; data = data[size:] {
		one = elf.Rel64{Off: binary.LittleEndian.Uint64(data), Info: binary.LittleEndian.Uint64(data[8:])}
		n := int(elf.R_SYM64(one.Info))
		if n == 0 || n > len(syms) {
			continue
		}
		sym := syms[n-1]
		why := p.unreadable(f, sym)
		if why == nil {
			continue
		}
		at := elf.SectionIndex(rel.Info)
		if p.refused[at] == nil {
			p.refused[at] = map[uint64]error{}
		}
		p.refused[at][one.Off] = why
		p.undefine(f, n)
	}
	return nil
}

// unreadable says why the place of a symbol cannot be had.
func (p *prepared) unreadable(f *elf.File, sym elf.Symbol) error {
	if sym.Section == elf.SHN_UNDEF {
		return nil
	}
	if uint64(sym.Section) >= uint64(len(f.Sections)) {
		return fmt.Errorf("%w: reference to %q, because it is in no section of the object", unsupported.Err, sym.Name)
	}
	s := f.Sections[sym.Section]
	if isMaps(s.Name) && elf.ST_BIND(sym.Info) == elf.STB_LOCAL {
		return fmt.Errorf("uses a map in section %s that is static, so that no loader finds it by name; remove \"static\" from its definition", s.Name)
	}
	switch {
	case isCode(s), isMaps(s.Name), s.Name == ".bss",
		strings.HasPrefix(s.Name, ".data"), strings.HasPrefix(s.Name, ".rodata"), slices.Contains(p.trueNames(), s.Name):
		return nil
	}
	what := fmt.Sprintf("%q in section %s", sym.Name, s.Name)
	if sym.Name == "" {
		what = "something in section " + s.Name
	}
	return fmt.Errorf("%w: reference to %s, because variables are in .data, .rodata, .bss or a section named after them (.data.NAME)", unsupported.Err, what)
}

// isMaps reports whether a section holds definitions of maps.
func isMaps(name string) bool { return name == ".maps" || strings.HasPrefix(name, "maps") }

func (p *prepared) trueNames() []string {
	var all []string
	for _, name := range p.names {
		all = append(all, name)
	}
	return all
}

// undefine makes symbol n one that another object defines.
func (p *prepared) undefine(f *elf.File, n int) {
	for _, s := range f.Sections {
		at := s.Offset + uint64(n)*elf.Sym64Size
		if s.Type == elf.SHT_SYMTAB && at+elf.Sym64Size <= uint64(len(p.bytes)) {
			p.bytes[at+elfSymbolInfo] = elf.ST_INFO(elf.STB_GLOBAL, elf.STT_NOTYPE)
			binary.LittleEndian.PutUint16(p.bytes[at+elfSymbolPlace:], uint16(elf.SHN_UNDEF))
		}
	}
}
