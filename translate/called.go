package translate

import (
	"fmt"
	"maps"
	"slices"

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
			return nil, fmt.Errorf("program %s, which %s reaches by a tail call: %w", q.Name, p.Name, err)
		}
		out = append(out, v)
	}
	return out, nil
}
