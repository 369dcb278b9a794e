package translate

import (
	"fmt"
	"maps"
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// complete checks that the programs in the slots of program arrays are all among
// those that are compiled, once each, and can follow each other.
func complete(p *verify.Program, called []*verify.Program) error {
	src := p.Source()
	have := map[string]bool{src.Name: true}
	all := append([]*object.Program{src}, sources(called)...)
	for _, q := range all[1:] {
		switch {
		case have[q.Name]:
			return fmt.Errorf("program %s stands twice among those of program %s", q.Name, src.Name)
		case q.Type != src.Type:
			return fmt.Errorf("program %s is of type %s and cannot be called from %s, which is of type %s", q.Name, q.Type, src.Name, src.Type)
		}
		have[q.Name] = true
	}
	if err := completeEnds(all); err != nil {
		return err
	}
	for _, q := range all {
		for _, m := range q.Maps {
			for _, index := range slices.Sorted(maps.Keys(m.Programs)) {
				switch name := m.Programs[index]; {
				case !have[name]:
					return fmt.Errorf("entry %d of program array %s is program %s, which is not among those that are compiled", index, m.Name, name)
				case index >= m.MaxEntries:
					return fmt.Errorf("entry %d of program array %s, which has %d", index, m.Name, m.MaxEntries)
				}
			}
		}
	}
	return nil
}

// completeEnds checks that entries of maps hold programs that run there, and program
// arrays those that run where their callers do, which is what Linux asks since 6.18.
func completeEnds(all []*object.Program) error {
	attach := map[string]bpf.AttachType{}
	for _, q := range all {
		attach[q.Name] = q.Attach
	}
	for _, q := range all {
		used := map[int32]bool{}
		for _, in := range q.Insns {
			if k, ok := in.MapIndex(); ok {
				used[int32(k)] = true
			}
		}
		for k, m := range q.Maps {
			for _, index := range slices.Sorted(maps.Keys(m.Programs)) {
				if !used[int32(k)] {
					break
				}
				if name := m.Programs[index]; attach[name] != q.Attach {
					return fmt.Errorf("program %s is for %s and cannot be called from %s, which is for %s", name, whereOf(attach[name]), q.Name, whereOf(q.Attach))
				}
			}
			for _, key := range slices.Sorted(maps.Keys(m.Ends)) {
				switch at, ok := attach[m.Ends[key]]; {
				case !ok:
					return fmt.Errorf("entry %x of map %s holds program %s, which is not among those that are compiled", key, m.Name, m.Ends[key])
				case at != m.Holds() || at == bpf.AtHook:
					return fmt.Errorf("entry %x of map %s (%v) holds program %s, which is for %s", key, m.Name, m.Type, m.Ends[key], whereOf(at))
				}
			}
		}
	}
	return nil
}

// whereOf says where programs run.
func whereOf(a bpf.AttachType) string {
	if a == bpf.AtHook {
		return "a hook"
	}
	return "entries of maps (" + a.String() + ")"
}

func sources(list []*verify.Program) []*object.Program {
	out := make([]*object.Program, len(list))
	for k, p := range list {
		out[k] = p.Source()
	}
	return out
}

// VerifyCalled proves the programs that one reaches by tail calls, for
// Options.Called. prove proves one of them.
func VerifyCalled(p *object.Program, prove func(*object.Program) (*verify.Program, error)) ([]*verify.Program, error) {
	var out []*verify.Program
	for _, q := range p.Called {
		err := q.Refused
		var v *verify.Program
		if err == nil {
			v, err = prove(q)
		}
		if err != nil {
			how := "by a tail call"
			if q.Attach != bpf.AtHook {
				how = fmt.Sprintf("by an entry of a map (%v)", q.Attach)
			}
			return nil, fmt.Errorf("program %s, which %s reaches %s: %w", q.Name, p.Name, how, err)
		}
		out = append(out, v)
	}
	return out, nil
}
