package object

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/skipsw/skipsw/internal/unsupported"
)

// prepared is an object in the form that the ELF library can read, and what was
// kept from it. The library knows the objects of today's clang, and gives up the
// whole object where one section or one reference is beyond it. Here other
// objects are brought into that form, and what cannot be had refuses the programs
// which use it.
type prepared struct {
	*container
	// names are the true names of sections that the library knows by another.
	names map[string]string
	// refused are the references that cannot be had, by section and by offset
	// in it.
	refused map[elf.SectionIndex]map[uint64]error
	// externs are the variables that a kernel's configuration would set.
	externs map[string]extern
	// targets are the functions of each section that are called or pointed to, by
	// their offsets.
	targets map[elf.SectionIndex]map[uint64]bool
}

// prepare brings an object into the library's form.
func prepare(b []byte, f *elf.File, syms []elf.Symbol) (*prepared, error) {
	c, err := takeApart(b, f, syms)
	if err != nil {
		return nil, err
	}
	p := &prepared{
		container: c, names: map[string]string{}, refused: map[elf.SectionIndex]map[uint64]error{},
		externs: map[string]extern{}, targets: map[elf.SectionIndex]map[uint64]bool{},
	}
	for k := range p.sections {
		s := &p.sections[k]
		switch {
		case strings.HasPrefix(s.Name, bssPrefix):
			p.rename(s, dataPrefix+strings.TrimPrefix(s.Name, bssPrefix))
		case strings.HasPrefix(s.Name, ".struct_ops"):
			s.Type = elf.SHT_NOTE // its programs are refused by their sections
		}
	}
	p.onlyText()
	if err := p.defineExterns(); err != nil {
		return nil, err
	}
	p.measure()
	if err := p.references(); err != nil {
		return nil, err
	}
	p.findFunctions()
	return p, nil
}

// bssPrefix begins the names of sections of zeros beside .bss; dataPrefix, as
// long, those that the library takes for data.
const bssPrefix, dataPrefix = ".bss.", ".data"

// textSection holds functions that sections of programs share; plainText is the
// name by which the library takes it for a section of programs.
const textSection, plainText = ".text", "text"

// rename gives a section another name, no longer than its own, by which the
// library knows what it holds.
func (p *prepared) rename(s *section, other string) {
	if p.named(other) != 0 {
		return
	}
	p.names[other] = s.Name
	p.renameType(s.Name, other)
	s.Name = other
}

// renameType gives what BTF says of a section to one of another name.
func (p *prepared) renameType(name, other string) bool {
	k := p.named(".BTF")
	return k != 0 && replaceString(p.sections[k].data, name, other)
}

// replaceString replaces whole strings of a table by one that is no longer.
func replaceString(table []byte, name, other string) (found bool) {
	old := append(append([]byte{0}, name...), 0)
	now := append(append([]byte{0}, other...), make([]byte, len(old)-1-len(other))...)
	for {
		at := bytes.Index(table, old)
		if at < 0 {
			return found
		}
		copy(table[at:], now)
		found = true
	}
}

// onlyText lets the library see the functions of .text in an object that has no
// other code: one whose compiler was told no sections.
func (p *prepared) onlyText() {
	text := 0
	for k, s := range p.sections {
		switch {
		case !isCode(s.SectionHeader) || len(s.data) == 0:
		case s.Name != textSection:
			return
		default:
			text = k
		}
	}
	if text != 0 {
		p.rename(&p.sections[text], plainText)
	}
}

// trueName is the name that a section has in the file.
func (p *prepared) trueName(name string) string {
	if own := p.names[name]; own != "" {
		return own
	}
	return name
}

// ksyms is the section that BTF says of what the kernel defines, and hidden
// stands in its place when the library cannot read it.
const ksyms, hidden = ".ksyms", "-ksyms"

// yield changes what the library could not read, as its error says, and reports
// whether there is something new to read.
func (p *prepared) yield(err error) bool {
	why := err.Error()
	switch {
	case strings.Contains(why, ksyms):
		// What the kernel defines is undefined, no more.
		return p.renameType(ksyms, hidden)
	case strings.Contains(why, "load BTF:"):
		// C lines are of use, and programs run without them.
		return !p.relocates() && (p.drop(".BTF.ext") || p.named(btfMaps) == 0 && p.drop(".BTF"))
	}
	return p.dropMap(why)
}

// Where .BTF.ext says how long it describes itself, and how many bytes of CO-RE
// relocations it has.
const extHeaderLen, extCoreLen = 4, 28

// relocates reports whether .BTF.ext may hold CO-RE relocations, without which
// programs mean something else.
func (p *prepared) relocates() bool {
	k := p.named(".BTF.ext")
	if k == 0 {
		return false
	}
	b := p.sections[k].data
	if len(b) < extHeaderLen+4 {
		return true
	}
	head := binary.LittleEndian.Uint32(b[extHeaderLen:])
	return head >= extCoreLen+4 && (len(b) < extCoreLen+4 || binary.LittleEndian.Uint32(b[extCoreLen:]) != 0)
}

// drop empties a section and reports whether there was one.
func (p *prepared) drop(name string) bool {
	k := p.named(name)
	if k == 0 {
		return false
	}
	p.sections[k].Name, p.sections[k].Type, p.sections[k].data = "-", elf.SHT_NOTE, nil
	return true
}

// refuse notes that the reference at an offset of a section cannot be had.
func (p *prepared) refuse(at elf.SectionIndex, off uint64, why error) {
	if p.refused[at] == nil {
		p.refused[at] = map[uint64]error{}
	}
	p.refused[at][off] = why
}

// unreadable says why the place of a symbol cannot be had.
func (p *prepared) unreadable(sym elf.Symbol) error {
	if sym.Section == elf.SHN_UNDEF {
		return nil
	}
	if uint64(sym.Section) >= uint64(len(p.sections)) {
		return fmt.Errorf("%w: reference to %q, because it is in no section of the object", unsupported.Err, sym.Name)
	}
	s := &p.sections[sym.Section]
	if isMaps(s.Name) && elf.ST_BIND(sym.Info) == elf.STB_LOCAL {
		return fmt.Errorf("uses a map in section %s that is static, so that no loader finds it by name; remove \"static\" from its definition", s.Name)
	}
	if isCode(s.SectionHeader) || isMaps(s.Name) || holdsVariables(s.Name) {
		return nil
	}
	what := fmt.Sprintf("%q in section %s", sym.Name, s.Name)
	if sym.Name == "" {
		what = "something in section " + s.Name
	}
	return fmt.Errorf("%w: reference to %s, because variables are in .data, .rodata, .bss or a section named after them (.data.NAME)", unsupported.Err, what)
}
