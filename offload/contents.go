package offload

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/skipsw/skipsw/translate/object"
)

// tailPrograms returns the programs of the object that a program reaches by tail
// calls, by name: those that the object puts into the program arrays which the
// program uses, and those that these reach.
func tailPrograms(obj *object.Object, p *object.Program) map[string]*object.Program {
	tails := make(map[string]*object.Program)
	todo := []*object.Program{p}
	for len(todo) > 0 {
		next := todo[0]
		todo = todo[1:]
		for _, m := range next.Maps {
			for _, name := range m.Programs {
				k := slices.IndexFunc(obj.Programs, func(q *object.Program) bool { return q.Name == name })
				if k < 0 || tails[name] != nil {
					continue
				}
				tails[name] = obj.Programs[k]
				todo = append(todo, obj.Programs[k])
			}
		}
	}
	return tails
}

// contents is what the object puts into the maps of a program beside bytes:
// other programs and other maps.
type contents struct {
	maps  []*object.Map     // all that are needed, the program's own first
	tails []*object.Program // what program arrays hold, but for the program itself, by name
}

// contentsOf collects the contents of a program's maps; those that kept their
// contents need none. An image has what its program arrays and
// maps of maps hold.
func (t *transfer) contentsOf(p *Program, kept func(*object.Map) bool) (*contents, error) {
	c := &contents{maps: slices.Clone(p.Maps)}
	for i := 0; i < len(c.maps); i++ {
		m := c.maps[i]
		if kept(m) {
			continue
		}
		if t.images {
			continue
		}
		for _, index := range slices.Sorted(maps.Keys(m.Inners)) {
			c.add(m.Inners[index])
		}
		for _, index := range slices.Sorted(maps.Keys(m.Programs)) {
			name := m.Programs[index]
			if name == p.Name {
				continue
			}
			q := p.Tails[name]
			switch {
			case q == nil:
				return nil, fmt.Errorf("entry %d of program array %s is %s, which the object does not define", index, m.Name, name)
			case q.Refused != nil:
				return nil, fmt.Errorf("entry %d of program array %s: program %s: %w", index, m.Name, name, q.Refused)
			case q.Type != p.Type:
				return nil, fmt.Errorf("entry %d of program array %s: program %s is of type %s and cannot be called from %s, which is of type %s", index, m.Name, name, q.Type, p.Name, p.Type)
			}
			if !slices.Contains(c.tails, q) {
				c.tails = append(c.tails, q)
				c.add(q.Maps...)
			}
		}
	}
	return c, nil
}

func (c *contents) add(all ...*object.Map) {
	for _, m := range all {
		if !slices.Contains(c.maps, m) {
			c.maps = append(c.maps, m)
		}
	}
}

// addTails adds the steps that load what the program arrays hold.
func (t *transfer) addTails(tails []*object.Program) {
	t.tails = make(map[string]Loaded)
	for _, q := range tails {
		t.steps = append(t.steps, Step{
			Name: fmt.Sprintf("load program %s, which is called", q.Name),
			Do: func(ctx context.Context) error {
				l, err := t.dev.Load(ctx, &Program{Program: q, Types: t.r.Program.Types}, t.hook.Mode, t.mapsOf(q))
				if err == nil {
					t.tails[q.Name] = l
				}
				return err
			},
		})
	}
}

// addFill adds the steps that write programs and maps into maps, and those that
// keep the program arrays when the process has ended.
func (t *transfer) addFill(h Holder, all []*object.Map, kept func(*object.Map) bool) error {
	var arrays []*object.Map
	for _, m := range all {
		if kept(m) || !t.holds(m) {
			continue
		}
		if len(m.Programs) > 0 && !t.images {
			arrays = append(arrays, m)
		}
		t.steps = append(t.steps, Step{Name: "fill map " + m.Name, Do: func(context.Context) error { return t.fill(h, m) }})
	}
	if len(arrays) == 0 {
		return nil
	}
	names := make([]string, len(arrays))
	for i, m := range arrays {
		names[i] = m.Name
	}
	steps, err := h.Hold(names, func(i int) Map { return t.made[arrays[i]] })
	t.steps = append(t.steps, steps...)
	return err
}

// fill writes the programs or the maps that a map holds from the start.
func (t *transfer) fill(h Holder, m *object.Map) error {
	for _, index := range slices.Sorted(maps.Keys(m.Programs)) {
		if t.images {
			break
		}
		name := m.Programs[index]
		l := t.tails[name]
		if name == t.r.Program.Name {
			l = t.prog
		}
		if err := h.PutProgram(t.made[m], index, l); err != nil {
			return fmt.Errorf("entry %d, program %s: %w", index, name, err)
		}
	}
	for _, index := range slices.Sorted(maps.Keys(m.Inners)) {
		inner := m.Inners[index]
		if err := h.PutMap(t.made[m], index, t.made[inner]); err != nil {
			return fmt.Errorf("entry %d, map %s: %w", index, inner.Name, err)
		}
	}
	return nil
}

// mapsOf returns a program's maps that were made, in its order.
func (t *transfer) mapsOf(p *object.Program) []Map {
	all := make([]Map, len(p.Maps))
	for i, m := range p.Maps {
		all[i] = t.made[m]
	}
	return all
}
