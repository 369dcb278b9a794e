package object

import (
	"fmt"
	"maps"
	"slices"

	"github.com/cilium/ebpf"

	"github.com/skipsw/skipsw/translate/bpf"
)

// fillSlots puts programs into program arrays as a loader would.
func (l *linker) fillSlots(slots map[string]map[uint32]string) error {
	byName := map[string]*Map{}
	for _, m := range l.maps {
		if isProgArray(m) {
			byName[m.Name] = m
		}
	}
	programs := map[string]bool{}
	for _, p := range l.spec.Programs {
		programs[p.Name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(slots)) {
		m := byName[name]
		if m == nil {
			return fmt.Errorf("no program array %q to fill; the object has: %s", name, list(byName))
		}
		for _, index := range slices.Sorted(maps.Keys(slots[name])) {
			program := slots[name][index]
			switch {
			case index >= m.MaxEntries:
				return fmt.Errorf("entry %d of program array %s, which has %d", index, name, m.MaxEntries)
			case !programs[program]:
				return fmt.Errorf("entry %d of program array %s: no program %q; the object has: %s", index, name, program, list(programs))
			}
			m.setProgram(index, program)
		}
	}
	return nil
}

// callTypes returns the types of the programs whose sections name none and that
// others reach by tail calls: those of their callers. A program that callers of
// both types reach has none.
func (l *linker) callTypes(o Options) map[string]Type {
	types := map[string]Type{}
	for name, p := range l.spec.Programs {
		if t, err := programType(p, o); err == nil {
			types[name] = t
		}
	}
	found := map[string]Type{}
	for again := true; again; {
		again = false
		for _, caller := range slices.Sorted(maps.Keys(l.spec.Programs)) {
			typ := types[caller]
			if typ == UnknownType {
				continue
			}
			for _, name := range l.called(l.spec.Programs[caller]) {
				p := l.spec.Programs[name]
				if p == nil || p.Type != ebpf.UnspecifiedProgram || o.Type != UnknownType {
					continue
				}
				switch had, ok := found[name]; {
				case !ok:
					found[name], types[name], again = typ, typ, true
				case had != typ && had != UnknownType:
					found[name], types[name], again = UnknownType, UnknownType, true
				}
			}
		}
	}
	return found
}

// called returns the programs in the program arrays that a program uses.
func (l *linker) called(p *ebpf.ProgramSpec) []string {
	var out []string
	for k := range p.Instructions {
		if in := &p.Instructions[k]; in.IsLoadFromMap() {
			if m := l.maps[in.Reference()]; m != nil {
				out = append(out, slices.Sorted(maps.Values(m.Programs))...)
			}
		}
	}
	return out
}

// next returns the programs that one may lead to at once: those in its program
// arrays, and those for entries of its maps.
func (p *Program) next(byName map[string]*Program) (out []*Program) {
	for _, m := range p.Maps {
		for _, index := range slices.Sorted(maps.Keys(m.Programs)) {
			out = append(out, byName[m.Programs[index]])
		}
		if m.Holds() == bpf.AtHook {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(byName)) {
			if q := byName[name]; q.Attach == m.Holds() {
				out = append(out, q)
			}
		}
	}
	return out
}

// noteCalled gives each of the programs those that it reaches.
func noteCalled(all []*Program) {
	byName := map[string]*Program{}
	for _, p := range all {
		byName[p.Name] = p
	}
	for _, p := range all {
		seen := map[*Program]bool{p: true}
		for todo := []*Program{p}; len(todo) > 0; todo = todo[1:] {
			for _, q := range todo[0].next(byName) {
				if q != nil && !seen[q] {
					seen[q] = true
					p.Called = append(p.Called, q)
					todo = append(todo, q)
				}
			}
		}
	}
}
