package simdev

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// State is what runs on a card at one moment, with all that it takes to run it
// on another.
type State struct {
	Program *offload.Program // with its image; nil for a card without
	Hook    offload.Hook
	Maps    [][]offload.Entry // contents, in the order of Program.Maps
	Inners  [][]Inner         // of maps of maps, in the same order; nil where none has any
}

// Inner is an entry of a map of maps: the map that it holds, by its name, which two
// entries may share, and the contents of that.
type Inner struct {
	Key     []byte          `json:"key"`
	Name    string          `json:"name"`
	Entries []offload.Entry `json:"entries,omitempty"`
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
			if s.Inners == nil {
				s.Inners = make([][]Inner, len(p.maps))
			}
			s.Inners[len(s.Maps)] = innersOf(m.home)
		} else if m.home != nil {
			all = entriesOf(m.home)
		}
		s.Maps = append(s.Maps, all)
	}
	return s, nil
}

func entriesOf(m *sim.Map) (all []offload.Entry) {
	for _, e := range m.Entries() {
		all = append(all, offload.Entry(e))
	}
	return all
}

// innersOf returns what a map of maps holds.
func innersOf(m *sim.Map) (all []Inner) {
	for _, e := range m.Entries() {
		if in, ok := m.Inner(e.Key); ok {
			all = append(all, Inner{Key: e.Key, Name: in.Info().Name, Entries: entriesOf(in)})
		}
	}
	return all
}

// hold gives a new map of maps what it holds: maps of the program by their names, else new
// ones.
func hold(m *sim.Map, all []Inner) error {
	for _, e := range m.Entries() {
		if err := m.Delete(e.Key); err != nil {
			return err
		}
	}
	filled := map[string]bool{}
	for _, h := range all {
		in, there := m.Named(h.Name)
		if !there {
			var err error
			if in, err = m.NewInner(h.Name); err != nil {
				return err
			}
		}
		if !filled[h.Name] {
			filled[h.Name] = true
			if err := fillInner(in, h.Entries); err != nil {
				return err
			}
		}
		if err := m.Update(h.Key, binary.LittleEndian.AppendUint32(nil, in.Number()), sim.UpdateAny); err != nil {
			return err
		}
	}
	return nil
}

// fillInner gives an inner map its contents.
func fillInner(in *sim.Map, all []offload.Entry) error {
	if !in.IsArray() {
		for _, e := range in.Entries() {
			if err := in.Delete(e.Key); err != nil {
				return err
			}
		}
	}
	for _, e := range all {
		if err := in.Update(e.Key, e.Value, sim.UpdateAny); err != nil {
			return err
		}
	}
	return nil
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
	if s.Inners != nil && len(s.Inners) != len(s.Maps) {
		return fmt.Errorf("inner maps of %d maps for program %s, which has %d", len(s.Inners), s.Program.Name, len(s.Maps))
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
		if m.Type == bpf.MapTypeProgArray {
			continue // its slots hold programs that are still to come
		}
		if m.Inner != nil {
			var held []Inner
			if s.Inners != nil {
				held = s.Inners[i]
			}
			if err := hold(made.(*mapHandle).home, held); err != nil {
				return fmt.Errorf("map %s: %w", m.Name, err)
			}
			continue
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
		if m.Type != bpf.MapTypeProgArray {
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
