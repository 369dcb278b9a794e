package simdev

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"

	"github.com/cilium/ebpf/btf"

	"github.com/skipsw/skipsw/internal/mapfile"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// A program array lives in the memory of the program that uses it: its slots hold
// numbers of the image's programs. Beyond an image they are known by name.

// slots returns what a program array holds, by index.
func (m *cardMap) slots() map[uint32]string {
	held := map[uint32]string{}
	if m.home == nil {
		return held
	}
	for _, e := range m.home.Entries() {
		held[binary.LittleEndian.Uint32(e.Key)] = m.image.ProgramIn(e.Value)
	}
	return held
}

// newArray checks that programs can have a program array.
func newArray(d *Device, m *object.Map) error {
	if m.KeySize != 4 || m.ValueSize != 4 {
		return fmt.Errorf("map %s: key of %d and value of %d bytes; a program array has 4 and 4", m.Name, m.KeySize, m.ValueSize)
	}
	return translate.Supports(d.target, bpf.HelperTailCall, bpf.MapTypeProgArray)
}

// settle gives a map that holds programs, and that none has had yet, its place in a
// machine, where a program array holds what the image begins with.
func (m *cardMap) settle(to *sim.Machine, img *image.Image, name string) {
	there, ok := to.Map(name)
	if ok && m.info.Type == bpf.MapTypeProgArray && m.home == nil {
		m.home, m.image = there, img
	}
	if ok && m.holdsEnds() && m.image == nil && there.CopyFrom(m.home) == nil {
		m.home, m.image = there, img
	}
}

// fillSlots gives a program array in the memory of a program that does not run yet
// what the map holds now: its slots lead to the programs of the same names. A
// program that was made of the one that runs has them already, if they are still
// what they were.
func (m *cardMap) fillSlots(p *program, name string) error {
	there, ok := p.machine.Map(name)
	if !ok || there == m.home || m.home == nil {
		return nil
	}
	img, held := p.src.Image, m.slots()
	if was, made := p.src.Was[name]; made {
		if !maps.Equal(held, was) {
			return refuse(offload.ErrBusy, offload.AdviseShowRetry, "somebody else has changed its slots meanwhile", "map "+name)
		}
		return nil
	}
	values := map[uint32][]byte{}
	for index, program := range held {
		v, err := sim.SlotValue(img, program)
		if err != nil {
			return fmt.Errorf("map %s: slot %d: %w", name, index, err)
		}
		values[index] = v
	}
	for _, e := range there.Entries() {
		if err := there.Delete(e.Key); err != nil {
			return fmt.Errorf("move map %s: %w", name, err)
		}
	}
	for index, v := range values {
		if err := there.Update(binary.LittleEndian.AppendUint32(nil, index), v, sim.UpdateAny); err != nil {
			return fmt.Errorf("move map %s: %w", name, err)
		}
	}
	return nil
}

// programsType is the type of a program array's values: the names of the image's
// programs.
func programsType(img *image.Image) btf.Type {
	e := &btf.Enum{Name: mapfile.ProgramType, Size: 4}
	for k := range img.Programs {
		e.Values = append(e.Values, btf.EnumValue{Name: img.Programs[k].Name, Value: uint64(k + 1)})
	}
	return e
}

// Source implements offload.Sourcer.
func (d *Device) Source(_ context.Context, id uint32) (*offload.Program, error) {
	op := fmt.Sprintf("read program %d of %s", id, d.name)
	if err := d.enter(op); err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	p, err := d.program(id, op)
	if err != nil {
		return nil, err
	}
	was := map[string]map[uint32]string{}
	for i, m := range p.maps {
		if m.info.Type == bpf.MapTypeProgArray {
			was[p.src.Maps[i].Name] = m.slots()
		}
	}
	out := *p.src
	if out.Program, err = p.src.WithSlots(was, nil); err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	out.Image, out.Was, out.Siblings, out.Tails = nil, was, nil, nil
	return &out, nil
}
