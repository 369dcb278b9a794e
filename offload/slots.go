package offload

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// SlotRequest says which program is to be put into which slot of a program array.
type SlotRequest struct {
	Map   uint32 // identity of the program array; on a device with images that of an attached program
	Index uint32
	// Read gives the program. typ is the type of the attached one, if that is known,
	// for programs whose section names none.
	Read func(typ object.Type) (*Program, error)
	// Watch, if not nil, is told each step before it is done, see Request.
	Watch func(step string) error
	// DryRun only collects the steps.
	DryRun bool
}

// FillSlot puts a program into a slot of a program array while packets flow. On a
// device that runs linked images the program that is attached is compiled anew with
// the one in the slot, and takes its own place in one step: its maps stay, and so do
// the other slots; what no slot leads to any more is left out. The error is the
// compiler's where they do not fit the device together. On others the program is
// loaded, for the host, and written to the array; the result has no attachment then.
func FillSlot(ctx context.Context, dev Device, r SlotRequest) (*Result, error) {
	if h, ok := dev.(Holder); ok {
		if _, images := dev.(ImageTaker); !images {
			return graft(ctx, dev, h, r)
		}
	}
	source, err := AsSourcer(dev)
	if err != nil {
		return nil, err
	}
	unlock, err := lock(ctx, dev, r.DryRun)
	if err != nil {
		return nil, err
	}
	defer unlock()
	a, m, err := arrayOf(ctx, dev, r.Map)
	if err != nil {
		return nil, err
	}
	was, err := source.Source(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	p, err := r.Read(was.Type)
	if err != nil {
		return nil, err
	}
	next, err := was.withProgram(p, m.FullName, r.Index)
	if err != nil {
		return nil, fmt.Errorf("slot %d of map %s: %w", r.Index, m.FullName, err)
	}
	return takePlace(ctx, dev, a, &Request{Program: next, Hook: a.Hook, Watch: r.Watch, DryRun: r.DryRun},
		fmt.Sprintf("put %s with %s in slot %d of map %s", next.Name, p.Name, r.Index, m.FullName))
}

// takePlace puts the program of a request in the place of an attached one, whose maps
// stay, in one step; what says what it is for.
func takePlace(ctx context.Context, dev Device, a *Attachment, r *Request, what string) (*Result, error) {
	t := &transfer{dev: dev, r: r, hook: a.Hook, old: a, stays: map[string]bool{}}
	defer t.close()
	for _, m := range a.Maps {
		t.stays[m.FullName] = true
	}
	if err := t.addLoad(ctx, a.Maps); err != nil {
		return nil, err
	}
	err := t.addTarget(ctx, fmt.Sprintf("%s in the place of program %d on %s, %s", what, a.ID, dev.Name(), a.Hook),
		func(ctx context.Context) error { return dev.Replace(ctx, t.prog, *a) })
	if err != nil {
		return nil, err
	}
	return t.run(ctx)
}

// arrayOf finds the program array of an attached program.
func arrayOf(ctx context.Context, dev Device, id uint32) (*Attachment, *MapInfo, error) {
	a, m, err := attachedMap(ctx, dev, id)
	if err == nil && m.Type != bpf.MapTypeProgArray {
		return nil, nil, fmt.Errorf("map %d of %s is of type %s and holds no programs", id, dev.Name(), m.Type)
	}
	return a, m, err
}

// withProgram returns the program with another one in a slot.
func (p *Program) withProgram(q *Program, array string, index uint32) (*Program, error) {
	switch {
	case q.Refused != nil:
		return nil, fmt.Errorf("program %s: %w", q.Name, q.Refused)
	case q.Type != p.Type:
		return nil, fmt.Errorf("program %s is of type %s and cannot be called from %s, which is of type %s", q.Name, q.Type, p.Name, p.Type)
	case q.Name == p.Name:
		return nil, fmt.Errorf("program %s has the name of the one that is attached; give it another, or replace the attached one", q.Name)
	}
	slots := maps.Clone(p.Was)
	held, ok := slots[array]
	if !ok {
		return nil, fmt.Errorf("program %s has no such map", p.Name)
	}
	more := append([]*object.Program{q.Program}, q.Called...)
	if k := slices.IndexFunc(p.Called, func(has *object.Program) bool { return has.Name == q.Name }); k >= 0 && alikePrograms(p.Called[k], q.Program) {
		more = nil // it is there already
	}
	for _, name := range slices.Sorted(maps.Keys(p.Was)) {
		if more == nil {
			break
		}
		for i, has := range p.Was[name] {
			if has == q.Name && (name != array || i != index) {
				return nil, fmt.Errorf("slot %d of map %s leads to a program of the name %s; give the new one another name, or empty that slot first", i, name, has)
			}
		}
	}
	slots[array] = maps.Clone(held)
	if slots[array] == nil {
		slots[array] = map[uint32]string{}
	}
	slots[array][index] = q.Name
	out := *p
	var err error
	if out.Program, err = p.WithSlots(slots, more); err != nil {
		return nil, err
	}
	out.addTypes(p, q)
	return &out, nil
}

// addTypes gives the program the C types of the maps of p, and of q which it reaches.
func (out *Program) addTypes(p, q *Program) {
	out.Types = map[string]MapTypes{}
	for name, t := range q.Types {
		if strings.HasPrefix(name, ".") { // its own, under its name
			name = q.Name + name
		}
		out.Types[name] = t
	}
	maps.Copy(out.Types, p.Types)
}

// alikePrograms reports whether two programs do the same: their instructions, the
// shapes of their maps and what those begin with.
func alikePrograms(a, b *object.Program) bool {
	return slices.Equal(a.Insns, b.Insns) && slices.EqualFunc(a.Maps, b.Maps, func(x, y *object.Map) bool {
		return x.Type == y.Type && x.KeySize == y.KeySize && x.ValueSize == y.ValueSize && x.MaxEntries == y.MaxEntries && x.Flags == y.Flags &&
			reflect.DeepEqual(x.Initial, y.Initial)
	})
}

// linked returns the program with all maps of its image, those of the programs that
// it reaches among them.
func (p *Program) linked() *Program {
	own := *p.Program
	own.Maps = p.AllMaps()
	out := *p
	out.Program = &own
	return &out
}

// link makes the program one that an image can be made of: with all maps, and with
// the slots that it keeps.
func (t *transfer) link(ctx context.Context, old []MapInfo) error {
	p := t.r.Program
	if t.old != nil && t.stays == nil && !t.r.Fresh && p.Image == nil {
		var err error
		if p, err = t.keepSlots(ctx, p, old); err != nil {
			return err
		}
	}
	t.r.Program = p.linked()
	return nil
}

// keepSlots fills the program arrays that a replacement uses on, and that its
// object does not fill, with the programs of the names that they hold.
func (t *transfer) keepSlots(ctx context.Context, p *Program, old []MapInfo) (*Program, error) {
	s, ok := t.dev.(Sourcer)
	if !ok || !slices.ContainsFunc(old, func(o MapInfo) bool { return o.Type == bpf.MapTypeProgArray }) {
		return p, nil
	}
	was, err := s.Source(ctx, t.old.ID)
	if err != nil {
		return nil, err
	}
	kept, stays := map[string]map[uint32]string{}, map[string]bool{}
	out := *p
	for again := true; again; {
		again = false
		for _, m := range out.AllMaps() {
			held := was.Was[m.Name]
			uses := func(o MapInfo) bool { return o.FullName == m.Name && sameShape(&o, m) }
			if m.Type != bpf.MapTypeProgArray || len(held) == 0 || kept[m.Name] != nil || !slices.ContainsFunc(old, uses) {
				continue
			}
			for _, index := range slices.Sorted(maps.Keys(held)) {
				if !slices.ContainsFunc(p.Siblings, func(q *object.Program) bool { return q.Name == held[index] }) {
					return nil, Advise(fmt.Errorf("slot %d of map %s leads to program %s, which %s does not have", index, m.Name, held[index], p.Object), AdviseSlot)
				}
			}
			kept[m.Name], stays[m.Name], again = held, true, true
		}
		if again {
			if out.Program, err = p.WithSlots(kept, p.Siblings); err != nil {
				return nil, err
			}
		}
	}
	if len(kept) > 0 {
		out.Was, t.stays = kept, stays
	}
	return &out, nil
}
