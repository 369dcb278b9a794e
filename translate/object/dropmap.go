package object

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"regexp"
	"strings"
)

// mapError is the library's error about one map.
var mapError = regexp.MustCompile(`\bmap ([^\s:]+): (.*)`)

// dropMap leaves out a map that the library could not read, as its error says,
// and refuses the references to it. It reports whether there was such a map.
func (p *prepared) dropMap(why string) bool {
	text := mapError.FindStringSubmatch(why)
	if text == nil {
		return false
	}
	for n := range p.symbols {
		sym := &p.symbols[n]
		if sym.Name != text[1] || sym.Section == elf.SHN_UNDEF || int(sym.Section) >= len(p.sections) || !isMaps(p.sections[sym.Section].Name) {
			continue
		}
		if p.sections[sym.Section].Name == btfMaps && !p.dropVariable(btfMaps, sym.Name) {
			return false
		}
		reason := strings.TrimSuffix(strings.TrimSuffix(text[2], ": not supported"), ":")
		p.refuseSymbol(n+1, fmt.Errorf("map %s cannot be read: %s", sym.Name, reason))
		sym.Info, sym.Section = elf.ST_INFO(elf.STB_GLOBAL, elf.STT_NOTYPE), elf.SHN_UNDEF
		return true
	}
	return false
}

// refuseSymbol refuses the references of code to a symbol.
func (p *prepared) refuseSymbol(n int, why error) {
	for _, rel := range p.sections {
		if rel.Type != elf.SHT_REL || int(rel.Info) >= len(p.sections) || !isCode(p.sections[rel.Info].SectionHeader) {
			continue
		}
		for data := rel.data; len(data) >= 16; data = data[16:] {
			if int(elf.R_SYM64(le64(data[8:]))) == n {
				p.refuse(elf.SectionIndex(rel.Info), le64(data), why)
			}
		}
	}
}

// Where fields stand in BTF, in bytes: of its header, and of a type.
const (
	btfHeaderLen = 4
	btfTypeOff   = 8
	btfTypeLen   = 12
	btfStrOff    = 16
	btfHeader    = 24
	btfType      = 12
	btfSecVar    = 12
)

// btfRest is the size of what follows a type of a kind: a fixed part, and a part
// for each of its members.
var btfRest = [32]struct{ fixed, each int }{
	1: {fixed: 4}, 3: {fixed: 12}, 4: {each: 12}, 5: {each: 12}, 6: {each: 8}, 13: {each: 8}, 14: {fixed: 4},
	btfDatasec: {each: btfSecVar}, 17: {fixed: 4}, 19: {each: 12},
}

const btfDatasec = 15

// dropVariable takes a variable out of what BTF says of a section, and reports
// whether it was there.
func (p *prepared) dropVariable(name, variable string) bool {
	k := p.named(".BTF")
	if k == 0 {
		return false
	}
	b := p.sections[k].data
	u32 := binary.LittleEndian.Uint32
	if len(b) < btfHeader {
		return false
	}
	head := uint64(u32(b[btfHeaderLen:]))
	start, end, str := head+uint64(u32(b[btfTypeOff:])), head+uint64(u32(b[btfTypeOff:]))+uint64(u32(b[btfTypeLen:])), head+uint64(u32(b[btfStrOff:]))
	if end > uint64(len(b)) || str > uint64(len(b)) || str < end {
		return false
	}
	text := func(off uint32) string {
		s, _, _ := strings.Cut(string(b[min(str+uint64(off), uint64(len(b))):]), "\x00")
		return s
	}
	types := []uint64{0}
	for at := start; at+btfType <= end; {
		types = append(types, at)
		info := u32(b[at+4:])
		rest := btfRest[info>>24&0x1f]
		at += btfType + uint64(rest.fixed) + uint64(rest.each)*uint64(info&0xffff)
	}
	for _, at := range types[1:] {
		info := u32(b[at+4:])
		if info>>24&0x1f != btfDatasec || text(u32(b[at:])) != name {
			continue
		}
		for n := range uint64(info & 0xffff) {
			entry := at + btfType + n*btfSecVar
			if entry+btfSecVar > end {
				return false
			}
			id := uint64(u32(b[entry:]))
			if id >= uint64(len(types)) || id == 0 || text(u32(b[types[id]:])) != variable {
				continue
			}
			binary.LittleEndian.PutUint32(b[at+4:], info-1)
			binary.LittleEndian.PutUint32(b[btfTypeLen:], u32(b[btfTypeLen:])-btfSecVar)
			binary.LittleEndian.PutUint32(b[btfStrOff:], u32(b[btfStrOff:])-btfSecVar)
			p.sections[k].data = append(b[:entry], b[entry+btfSecVar:]...)
			return true
		}
	}
	return false
}
