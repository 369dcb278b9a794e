package offload

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/cilium/ebpf/btf"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// EndRequest says which program is to run in which entry of a device or CPU map, at
// the far end of redirects by it.
type EndRequest struct {
	Map   uint32 // identity of the map, one of an attached program
	Key   []byte
	Value uint32 // the interface, or the size of the queue
	Flags uint64 // of the update
	// Read gives the program. typ is the type of the attached one.
	Read func(typ object.Type) (*Program, error)
	// Watch, if not nil, is told each step before it is done, see Request.
	Watch func(step string) error
}

// FillEnd puts a program into an entry of a device or CPU map while packets flow. The
// program that is attached is compiled anew with it, takes its own place in one step
// as with FillSlot, and the entry is written then.
func FillEnd(ctx context.Context, dev Device, r EndRequest) (*Result, error) {
	source, err := AsSourcer(dev)
	if err != nil {
		return nil, err
	}
	unlock, err := lock(ctx, dev, false)
	if err != nil {
		return nil, err
	}
	defer unlock()
	a, m, err := attachedMap(ctx, dev, r.Map)
	if err != nil {
		return nil, err
	}
	at := (&object.Map{Type: m.Type, ValueSize: m.ValueSize}).Holds()
	if at == bpf.AtHook {
		return nil, fmt.Errorf("entries of map %d of %s, of type %s with values of %d bytes, hold no programs", r.Map, dev.Name(), m.Type, m.ValueSize)
	}
	was, err := source.Source(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	p, err := r.Read(was.Type)
	if err != nil {
		return nil, err
	}
	next, linked, err := was.withEnd(p, at)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", m.FullName, err)
	}
	res := &Result{}
	if !linked {
		res, err = takePlace(ctx, dev, a, &Request{Program: next, Hook: a.Hook, Watch: r.Watch}, fmt.Sprintf("put %s with %s for map %s", next.Name, p.Name, m.FullName))
		if err != nil {
			return nil, err
		}
	}
	return res, writeEnd(ctx, dev, m, &r, p.Name)
}

// writeEnd writes the entry with the number that the image has for the program.
func writeEnd(ctx context.Context, dev Device, m *MapInfo, r *EndRequest, program string) error {
	store, err := AsMapStore(dev)
	if err != nil {
		return err
	}
	typer, err := AsMapTyper(dev)
	if err != nil {
		return err
	}
	number, err := endNumber(typer.MapTypes(ctx, m.ID).Value, program)
	if err != nil {
		return fmt.Errorf("map %s: %w", m.FullName, err)
	}
	open, err := store.OpenMap(ctx, m.ID)
	if err != nil {
		return err
	}
	defer open.Close()
	value := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, r.Value), number)
	return open.Update(r.Key, value, r.Flags)
}

// endNumber finds a program's number in the type of a map's values.
func endNumber(t btf.Type, program string) (uint32, error) {
	if s, ok := t.(*btf.Struct); ok && len(s.Members) == 2 {
		if e, ok := s.Members[1].Type.(*btf.Enum); ok {
			for _, v := range e.Values {
				if v.Name == program {
					return uint32(v.Value), nil
				}
			}
		}
	}
	return 0, fmt.Errorf("program %s is not among those that the device names for its entries", program)
}

// attachedMap finds a map of an attached program.
func attachedMap(ctx context.Context, dev Device, id uint32) (*Attachment, *MapInfo, error) {
	all, err := dev.Attached(ctx)
	if err != nil {
		return nil, nil, err
	}
	for i := range all {
		for k := range all[i].Maps {
			if m := &all[i].Maps[k]; m.ID == id {
				return &all[i], m, nil
			}
		}
	}
	return nil, nil, Advise(fmt.Errorf("map %d is none of a program that is attached to %s", id, dev.Name()), AdviseShow)
}

// withEnd returns the program with another one for entries of its maps; linked says
// that it has the same one already.
func (p *Program) withEnd(q *Program, at bpf.AttachType) (_ *Program, linked bool, err error) {
	switch {
	case q.Refused != nil:
		return nil, false, fmt.Errorf("program %s: %w", q.Name, q.Refused)
	case q.Attach != at:
		return nil, false, fmt.Errorf("program %s is not made for its entries: section %q, and these take %s", q.Name, q.Section, at)
	case q.Name == p.Name:
		return nil, false, fmt.Errorf("program %s has the name of the one that is attached; give it another", q.Name)
	}
	for _, has := range p.Called {
		switch {
		case has.Name != q.Name:
		case has.Attach == q.Attach && alikePrograms(has, q.Program):
			return nil, true, nil
		default:
			return nil, false, fmt.Errorf("a program of the name %s is linked with %s already; give the new one another name, or replace %s", q.Name, p.Name, p.Name)
		}
	}
	out := *p
	if out.Program, err = p.WithSlots(p.Was, append([]*object.Program{q.Program}, q.Called...)); err != nil {
		return nil, false, err
	}
	out.addTypes(p, q)
	return &out, false, nil
}
