package simdev

import (
	"context"
	"fmt"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// State is what runs on a card at one moment, with all that it takes to run it
// on another.
type State struct {
	Program *offload.Program // with its image; nil for a card without
	Hook    offload.Hook
	Maps    [][]offload.Entry // contents, in the order of Program.Maps
}

// State returns what is attached with the contents of its maps, as they are
// between two packets.
func (d *Device) State() (*State, error) {
	if err := d.enter("save " + d.name); err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	p := d.running
	if p == nil {
		return &State{}, nil
	}
	s := &State{Program: p.src, Hook: d.hook}
	for _, m := range p.maps {
		var all []offload.Entry
		if m.home != nil && m.home.IsNested() {
			return nil, fmt.Errorf("save %s: %w", d.name, offload.NotSupported("saving map "+m.info.FullName, "what the maps that it holds contain has no place in a saved card"))
		}
		if m.home != nil {
			for _, e := range m.home.Entries() {
				all = append(all, offload.Entry(e))
			}
		}
		s.Maps = append(s.Maps, all)
	}
	return s, nil
}

// Running returns the program that is attached, nil for none.
func (d *Device) Running() *offload.Program {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.running == nil {
		return nil
	}
	return d.running.src
}

// Restore attaches a program with the contents of its maps to a card that has
// none. Maps get new identities.
func (d *Device) Restore(ctx context.Context, s *State) error {
	if s.Program == nil {
		return nil
	}
	if len(s.Maps) != len(s.Program.Maps) {
		return fmt.Errorf("contents of %d maps for program %s, which has %d", len(s.Maps), s.Program.Name, len(s.Program.Maps))
	}
	var maps []offload.Map
	defer func() {
		for _, m := range maps {
			_ = m.Close()
		}
	}()
	for i, m := range s.Program.Maps {
		made, err := d.NewMap(ctx, m, offload.Hardware)
		if err != nil {
			return err
		}
		maps = append(maps, made)
		if m.Type == bpf.MapTypeProgArray || m.Holds() != bpf.AtHook {
			continue // it holds programs that are still to come
		}
		if err := fill(made, m, s.Maps[i]); err != nil {
			return err
		}
	}
	l, err := d.Load(ctx, s.Program, offload.Hardware, maps)
	if err != nil {
		return err
	}
	defer l.Close()
	for i, m := range s.Program.Maps {
		if m.Type != bpf.MapTypeProgArray && m.Holds() == bpf.AtHook {
			continue
		}
		if err := fill(maps[i], m, s.Maps[i]); err != nil {
			return err
		}
	}
	return d.Attach(ctx, l, s.Hook, false)
}

// fill gives a new map its contents.
func fill(made offload.Map, m *object.Map, all []offload.Entry) error {
	had, err := offload.Dump(made)
	if err != nil {
		if len(all) == 0 {
			return nil // a channel to the host has no entries
		}
		return err
	}
	kept := map[string]bool{}
	for _, e := range all {
		kept[string(e.Key)] = true
	}
	for _, e := range had {
		if kept[string(e.Key)] {
			continue
		}
		if err := made.Delete(e.Key); err != nil {
			return err
		}
	}
	for _, e := range inOrder(m.Type, all) {
		if err := made.Update(e.Key, e.Value, 0); err != nil {
			return err
		}
	}
	return nil
}

// Stopped is a program that broke a rule of the machine and does not run any
// more, see Spec.StopFaulty.
type Stopped struct {
	ID  uint32
	Why error
}

// Stopped lists the programs that were stopped and are still there.
func (d *Device) Stopped() []Stopped {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []Stopped
	for _, p := range sorted(d.programs) {
		if p.stopped != nil {
			all = append(all, Stopped{p.id, p.stopped})
		}
	}
	return all
}
