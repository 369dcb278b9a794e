package object

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/skipsw/skipsw/internal/unsupported"
)

// container is an ELF file in parts that can be changed and put together again.
// Sections keep their indexes.
type container struct {
	header   elf.Header64
	sections []section
	symbols  []elf.Symbol // symbols[0] is symbol 1 of the file
	symtab   int          // index of the section of symbols
}

// section is one section of a container. A section of zeros has no data.
type section struct {
	elf.SectionHeader
	data []byte
}

// takeApart copies the parts of an object. What debuggers read is left out.
func takeApart(b []byte, f *elf.File, syms []elf.Symbol) (*container, error) {
	if f.Class != elf.ELFCLASS64 {
		return nil, fmt.Errorf("%w: an ELF file of class %s, because eBPF objects are of 64 bits", unsupported.Err, f.Class)
	}
	if len(f.Sections)+newSections >= int(elf.SHN_LORESERVE) {
		return nil, fmt.Errorf("%w: an object of %d sections, because the numbers of sections end at %d", unsupported.Err, len(f.Sections), elf.SHN_LORESERVE)
	}
	c := &container{symbols: bytesOwned(syms)}
	if err := binary.Read(bytes.NewReader(b), binary.LittleEndian, &c.header); err != nil {
		return nil, fmt.Errorf("damaged ELF file: %w", err)
	}
	for k, s := range f.Sections {
		own := section{SectionHeader: s.SectionHeader}
		switch {
		case strings.HasPrefix(s.Name, ".debug") && !isCode(s.SectionHeader):
			own.Size, own.Flags = 0, 0
		case s.Type != elf.SHT_NOBITS && s.Type != elf.SHT_NULL:
			own.data = bytes.Clone(b[s.Offset:][:s.FileSize])
		}
		if s.Type == elf.SHT_SYMTAB && c.symtab == 0 {
			c.symtab = k
		}
		c.sections = append(c.sections, own)
	}
	return c, nil
}

// bytesOwned returns a copy, so that what the reader of the file has stays as it is.
func bytesOwned(syms []elf.Symbol) []elf.Symbol { return append([]elf.Symbol(nil), syms...) }

// newSections are those that bytes adds: names of symbols, names of sections.
const newSections = 2

// Sizes of the structures of a 64-bit ELF file, in bytes, and how parts of the
// file are aligned.
const (
	elfHeader64  = 64
	elfSection64 = 64
	elfAlign     = 8
)

// bytes puts the file together.
func (c *container) bytes() []byte {
	var out bytes.Buffer
	out.Write(make([]byte, elfHeader64))
	symbols, names := c.symbolTable()
	all := append([]section(nil), c.sections...)
	all[c.symtab].data, all[c.symtab].Link = symbols, uint32(len(all))
	all = append(all, section{SectionHeader: elf.SectionHeader{Name: ".strtab", Type: elf.SHT_STRTAB, Addralign: 1}, data: names})
	all = append(all, section{SectionHeader: elf.SectionHeader{Name: ".shstrtab", Type: elf.SHT_STRTAB, Addralign: 1}})
	var table strtab
	headers := make([]elf.Section64, len(all))
	for k, s := range all {
		headers[k] = elf.Section64{
			Name: table.add(s.Name), Type: uint32(s.Type), Flags: uint64(s.Flags), Addr: s.Addr, Off: uint64(out.Len()),
			Size: s.Size, Link: s.Link, Info: s.Info, Addralign: s.Addralign, Entsize: s.Entsize,
		}
		if k == len(all)-1 {
			s.data = table.bytes()
		}
		if s.Type == elf.SHT_NOBITS || s.Type == elf.SHT_NULL {
			continue
		}
		headers[k].Size = uint64(len(s.data))
		out.Write(s.data)
		out.Write(make([]byte, -out.Len()&(elfAlign-1)))
	}
	c.header.Shoff, c.header.Shnum, c.header.Shstrndx = uint64(out.Len()), uint16(len(all)), uint16(len(all)-1)
	c.header.Ehsize, c.header.Shentsize, c.header.Phoff, c.header.Phnum = elfHeader64, elfSection64, 0, 0
	_ = binary.Write(&out, binary.LittleEndian, headers) // a buffer takes all
	b := out.Bytes()
	var head bytes.Buffer
	_ = binary.Write(&head, binary.LittleEndian, c.header)
	copy(b, head.Bytes())
	return b
}

func (c *container) symbolTable() (symbols, names []byte) {
	var out bytes.Buffer
	var table strtab
	table.add("")
	out.Write(make([]byte, elf.Sym64Size))
	for _, s := range c.symbols {
		_ = binary.Write(&out, binary.LittleEndian, elf.Sym64{
			Name: table.add(s.Name), Info: s.Info, Other: s.Other, Shndx: uint16(s.Section), Value: s.Value, Size: s.Size,
		})
	}
	return out.Bytes(), table.bytes()
}

// strtab is a table of strings, each ended by a zero byte.
type strtab struct {
	at map[string]uint32
	b  []byte
}

// add returns where the string stands.
func (t *strtab) add(s string) uint32 {
	if t.at == nil {
		t.at, t.b = map[string]uint32{"": 0}, []byte{0}
	}
	at, ok := t.at[s]
	if !ok {
		at = uint32(len(t.b))
		t.at[s] = at
		t.b = append(append(t.b, s...), 0)
	}
	return at
}

func (t *strtab) bytes() []byte {
	t.add("")
	return t.b
}

// named returns the index of the section of that name, or 0.
func (c *container) named(name string) int {
	for k, s := range c.sections {
		if s.Name == name && k > 0 {
			return k
		}
	}
	return 0
}

// size is that of a section, in bytes, whether or not it stands in the file.
func (s *section) size() uint64 {
	if s.Type == elf.SHT_NOBITS {
		return s.Size
	}
	return uint64(len(s.data))
}

// addSymbol returns the number of a new symbol.
func (c *container) addSymbol(s elf.Symbol) int {
	c.symbols = append(c.symbols, s)
	return len(c.symbols)
}

// sectionSymbol returns the number of the symbol that stands for a section.
func (c *container) sectionSymbol(at elf.SectionIndex) int {
	for k, s := range c.symbols {
		if s.Section == at && elf.ST_TYPE(s.Info) == elf.STT_SECTION && s.Value == 0 {
			return k + 1
		}
	}
	return c.addSymbol(elf.Symbol{Info: elf.ST_INFO(elf.STB_LOCAL, elf.STT_SECTION), Section: at})
}

func isCode(s elf.SectionHeader) bool {
	return s.Type == elf.SHT_PROGBITS && s.Flags&elf.SHF_EXECINSTR != 0
}

// isMaps reports whether a section holds definitions of maps.
func isMaps(name string) bool { return name == btfMaps || strings.HasPrefix(name, legacyMaps) }

// Names of sections with definitions of maps.
const btfMaps, legacyMaps = ".maps", "maps"

// holdsVariables reports whether the ELF library takes a section for variables.
func holdsVariables(name string) bool {
	return name == ".bss" || strings.HasPrefix(name, ".data") || strings.HasPrefix(name, ".rodata")
}
