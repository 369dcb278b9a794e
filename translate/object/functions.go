package object

import (
	"debug/elf"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/skipsw/skipsw/translate/bpf"
)

// measure gives the symbols of variables and maps sizes where they have none, as
// with clang before version 8: each reaches to the next one, or to the end of its
// section.
func (p *prepared) measure() {
	for k := range p.sections {
		s := &p.sections[k]
		if !isMaps(s.Name) && !holdsVariables(s.Name) {
			continue
		}
		p.reach(elf.SectionIndex(k), elf.STT_OBJECT, func(sym elf.Symbol) bool { return true })
	}
}

// reach types the symbols of a section that are of a kind, and gives each of
// those that have no size the place up to the next.
func (p *prepared) reach(at elf.SectionIndex, typ elf.SymType, isOne func(elf.Symbol) bool) {
	var all []int
	for k, sym := range p.symbols {
		if t := elf.ST_TYPE(sym.Info); sym.Section == at && sym.Name != "" && (t == typ || t == elf.STT_NOTYPE) && isOne(sym) {
			all = append(all, k)
		}
	}
	slices.SortStableFunc(all, func(a, b int) int { return compare(p.symbols[a].Value, p.symbols[b].Value) })
	end := p.sections[at].size()
	for k := len(all) - 1; k >= 0; k-- {
		sym := &p.symbols[all[k]]
		if sym.Size == 0 && sym.Value < end && (elf.ST_BIND(sym.Info) != elf.STB_LOCAL || typ == elf.STT_FUNC) {
			sym.Size = end - sym.Value
			sym.Info = elf.ST_INFO(elf.ST_BIND(sym.Info), typ)
		}
		if k > 0 && p.symbols[all[k-1]].Value < sym.Value {
			end = sym.Value
		}
	}
}

func compare(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// findFunctions gives each function of the object a symbol with type, size and a
// name of its own: old compilers tell them from labels by being referred to
// alone, linked objects have static functions of one name twice, and code that
// comes first in its section is a program whether or not it is named.
func (p *prepared) findFunctions() {
	names := map[string]bool{}
	for k := range p.sections {
		s, at := &p.sections[k], elf.SectionIndex(k)
		if !isCode(s.SectionHeader) || len(s.data) == 0 {
			continue
		}
		p.nearCalls(at)
		known := map[uint64]bool{}
		for n := range p.symbols {
			sym := &p.symbols[n]
			if sym.Section != at || !p.isFunction(*sym) {
				continue
			}
			known[sym.Value] = true
			sym.Info = elf.ST_INFO(elf.ST_BIND(sym.Info), elf.STT_FUNC)
			sym.Name = unique(names, sym.Name)
		}
		if len(known) == 0 {
			p.target(at, 0)
		}
		for _, off := range slices.Sorted(maps.Keys(p.targets[at])) {
			if known[off] || off >= uint64(len(s.data)) || off%bpf.SlotSize != 0 {
				continue
			}
			bind := elf.STB_LOCAL
			name := fmt.Sprintf("%s+%#x", p.trueName(s.Name), off)
			if off == 0 && s.Name != textSection {
				bind, name = elf.STB_GLOBAL, strings.NewReplacer("/", "_", ".", "_").Replace(p.trueName(s.Name))
			}
			p.addSymbol(elf.Symbol{Name: unique(names, name), Info: elf.ST_INFO(bind, elf.STT_FUNC), Section: at, Value: off})
		}
		p.reach(at, elf.STT_FUNC, p.isFunction)
	}
}

// isFunction tells functions from labels: a symbol of a section of code is one if
// it says so, if other objects see it, or if something calls it.
func (p *prepared) isFunction(sym elf.Symbol) bool {
	if sym.Name == "" {
		return false
	}
	switch elf.ST_TYPE(sym.Info) {
	case elf.STT_FUNC:
		return true
	case elf.STT_NOTYPE:
		return elf.ST_BIND(sym.Info) != elf.STB_LOCAL || p.targets[sym.Section][sym.Value] && !strings.HasPrefix(sym.Name, "LBB") && !strings.HasPrefix(sym.Name, ".L")
	}
	return false
}

// nearCalls notes the functions that calls within a section lead to without a
// relocation, as those of clang before version 10 do.
func (p *prepared) nearCalls(at elf.SectionIndex) {
	code := p.sections[at].data
	far := map[uint64]bool{}
	for _, rel := range p.sections {
		if rel.Type == elf.SHT_REL && elf.SectionIndex(rel.Info) == at {
			for data := rel.data; len(data) >= 16; data = data[16:] {
				far[uint64(le64(data))] = true
			}
		}
	}
	for off := uint64(0); off+bpf.SlotSize <= uint64(len(code)); off += bpf.SlotSize {
		ins := instruction(code[off:])
		if ins.op() == opWide {
			off += bpf.SlotSize
			continue
		}
		if ins.op() != opCall || ins.source() != bpf.PseudoCall || far[off] {
			continue
		}
		if to := int64(off) + (int64(ins.imm())+1)*bpf.SlotSize; to >= 0 {
			p.target(at, uint64(to))
		}
	}
}

// unique returns the name, or one made of it if it is taken.
func unique(taken map[string]bool, name string) string {
	own := name
	for n := 2; taken[own]; n++ {
		own = fmt.Sprintf("%s#%d", name, n)
	}
	taken[own] = true
	return own
}
