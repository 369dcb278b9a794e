package object

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// WithSlots returns a copy of the program whose program arrays hold other
// programs: by the array's name all that it holds, by index. Arrays that are not
// named keep theirs. Programs are found by name among the program itself, more,
// and those that it reaches; what the copy reaches is in its Called.
//
// Programs of other objects share the maps that the program has by name, which
// must be of the same shape. Their variables and constants are their own: such a
// map gets the program's name before its own.
func (p *Program) WithSlots(slots map[string]map[uint32]string, more []*Program) (*Program, error) {
	s := &slotter{slots: slots, programs: map[string]*Program{}, maps: map[*Map]*Map{}, names: map[string]*Map{}, made: map[string]*Program{}}
	for _, q := range p.Called {
		s.programs[q.Name] = q
	}
	for _, q := range more {
		s.programs[q.Name] = q
	}
	s.programs[p.Name] = p
	for _, m := range p.AllMaps() {
		if _, twice := s.names[m.Name]; twice {
			return nil, fmt.Errorf("program %s reaches two maps of the name %s", p.Name, m.Name)
		}
		s.take(m, m.Name)
	}
	root, err := s.program(p.Name)
	if err != nil {
		return nil, err
	}
	all := make([]*Program, 0, len(s.made))
	for _, name := range slices.Sorted(maps.Keys(s.made)) {
		all = append(all, s.made[name])
	}
	noteCalled(all)
	return root, nil
}

// slotter makes the copies of WithSlots.
type slotter struct {
	slots    map[string]map[uint32]string
	programs map[string]*Program // all that there are, by name
	maps     map[*Map]*Map       // copies
	names    map[string]*Map     // copies by name
	made     map[string]*Program // copies by name
}

// take makes the copy of a map, under a name.
func (s *slotter) take(m *Map, name string) {
	c := *m
	c.Name = name
	if held, ok := s.slots[name]; ok && isProgArray(m) {
		c.Programs = maps.Clone(held)
	}
	s.maps[m], s.names[name] = &c, &c
}

// program returns the copy of a program, and makes those that it reaches.
func (s *slotter) program(name string) (*Program, error) {
	if c := s.made[name]; c != nil {
		return c, nil
	}
	p := s.programs[name]
	c := *p
	c.Maps, c.Called = make([]*Map, len(p.Maps)), nil
	s.made[name] = &c
	for i, m := range p.Maps {
		if err := s.share(m, p); err != nil {
			return nil, err
		}
		c.Maps[i] = s.maps[m]
	}
	for _, m := range c.Maps {
		for _, index := range slices.Sorted(maps.Keys(m.Programs)) {
			next := m.Programs[index]
			if s.programs[next] == nil {
				return nil, fmt.Errorf("entry %d of program array %s holds program %s, which is not there", index, m.Name, next)
			}
			if _, err := s.program(next); err != nil {
				return nil, err
			}
		}
	}
	return &c, nil
}

// share finds the copy of a map that a program uses.
func (s *slotter) share(m *Map, p *Program) error {
	if s.maps[m] != nil {
		return nil
	}
	if m.Frozen || strings.HasPrefix(m.Name, ".") {
		name := p.Name + m.Name
		if s.names[name] != nil {
			return fmt.Errorf("map %s of program %s would be %s, and there is a map of this name", m.Name, p.Name, name)
		}
		s.take(m, name)
		return nil
	}
	there := s.names[m.Name]
	if there == nil {
		s.take(m, m.Name)
		return nil
	}
	if there.Type != m.Type || there.KeySize != m.KeySize || there.ValueSize != m.ValueSize || there.MaxEntries != m.MaxEntries || there.Flags != m.Flags || there.Extra != m.Extra {
		return fmt.Errorf("map %s of program %s is of another type, size or flags than the map of this name that is there", m.Name, p.Name)
	}
	s.maps[m] = there
	return nil
}
