package simdev

import (
	"context"
	"fmt"
	"io/fs"
	"math"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/sim/traffic"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Capabilities implements offload.Device. Types of maps are tried: a small one
// of each is made and freed.
func (d *Device) Capabilities(ctx context.Context) (*offload.Capabilities, error) {
	if err := d.enter("look at " + d.name); err != nil {
		return nil, err
	}
	d.mu.Unlock()
	c := &offload.Capabilities{
		Device: d.name, Driver: "simdev", Firmware: d.target.Name, HWTCOffload: always.String(),
		LiveReplace: offload.Capability{Name: "live replace", OK: true},
		StackBytes:  d.target.LocalMemory.Stack, ProgramWords: d.target.Core.CodeWords,
	}
	for _, typ := range []bpf.ProgType{bpf.ProgTypeXDP, bpf.ProgTypeSchedCLS} {
		c.Programs = append(c.Programs, offload.Capability{Name: typ.String(), ID: uint32(typ), OK: true})
	}
	for typ := bpf.MapTypeHash; typ.Known(); typ++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m := offload.MapCapability{Capability: offload.Capability{Name: typ.String(), ID: uint32(typ)}}
		h, err := d.NewMap(ctx, smallest(typ), offload.Hardware)
		if err == nil {
			limits := &d.target.Maps
			m.OK, m.MaxEntries = true, uint32(min(limits.MaxEntries, math.MaxUint32))
			m.MaxKey, m.MaxValue = uint32(limits.MaxKey), uint32(limits.MaxValue)
			err = h.Close()
		}
		if err != nil {
			m.Reason = err.Error()
		}
		c.Maps = append(c.Maps, m)
	}
	for id := bpf.HelperMapLookupElem; id.Known(); id++ {
		h := offload.Capability{Name: "bpf_" + id.String(), ID: uint32(id), OK: true}
		if err := translate.Supports(d.target, id, bpf.MapTypeUnspec); err != nil {
			h.OK, h.Reason = false, err.Error()
		}
		c.Helpers = append(c.Helpers, h)
	}
	return c, nil
}

// smallest is a small map of a type, as that type wants it.
func smallest(typ bpf.MapType) *object.Map {
	m := &object.Map{Name: "probe", Type: typ, KeySize: 4, ValueSize: 8, MaxEntries: 1}
	switch typ {
	case bpf.MapTypeProgArray:
		m.ValueSize = 4
	case bpf.MapTypeLPMTrie:
		m.KeySize, m.Flags = 8, bpf.FNoPrealloc
	}
	return m
}

// always is a feature that a card cannot be without.
var always = offload.Feature{Active: true, Wanted: true}

// Describe implements offload.Describer.
func (d *Device) Describe(context.Context) (*offload.Description, error) {
	if err := d.enter("look at " + d.name); err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	return &offload.Description{
		Name: d.name, Driver: "simdev", Bus: d.target.Name, Up: true, Carrier: true,
		MTU: uint32(d.longest() - ethernetHeader), TCOffload: always, CanOffload: true,
	}, nil
}

// longest returns the longest frame that the card takes: one that a packet buffer has
// room for, or more where the attached program takes frames in several pieces.
func (d *Device) longest() int {
	if d.running == nil {
		return d.sim.PacketBuffer - d.sim.PacketOffset
	}
	return min(d.running.machine.MaxFrame(0), traffic.MaxFrame-traffic.FCS)
}

// ethernetHeader is what a frame has besides the bytes that an MTU counts.
const ethernetHeader = 14

// Programs implements offload.ProgramLister.
func (d *Device) Programs(context.Context, offload.Scope) ([]offload.ProgramInfo, error) {
	if err := d.enter("list programs of " + d.name); err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	var all []offload.ProgramInfo
	for _, p := range sorted(d.programs) {
		i := offload.ProgramInfo{
			ID: p.id, Type: p.src.Type, Name: offload.KernelName(p.src.Name), Tag: p.tag, Device: d.name,
			Xlated: uint32(len(p.src.Insns) * 8), Machine: uint32(len(p.src.Image.Words) * 8),
		}
		for _, m := range p.maps {
			i.MapIDs = append(i.MapIDs, m.info.ID)
		}
		all = append(all, i)
	}
	return all, nil
}

// program returns the program with a number, for what op says; d is locked.
func (d *Device) program(id uint32, op string) (*program, error) {
	p := d.programs[id]
	if p == nil {
		return nil, refuse(fs.ErrNotExist, offload.AdvisePrograms, "there is no such program", op)
	}
	return p, nil
}

// Code implements offload.CodeReader.
func (d *Device) Code(_ context.Context, id uint32) (*offload.Code, error) {
	op := fmt.Sprintf("read the code of program %d of %s", id, d.name)
	if err := d.enter(op); err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	p, err := d.program(id, op)
	if err != nil {
		return nil, err
	}
	return &offload.Code{
		Name: offload.KernelName(p.src.Name), Insns: p.src.Insns, Lines: p.src.Lines,
		Machine: p.src.Image.Raw(), Device: d.name,
	}, nil
}

// ProbeReplace implements offload.ReplaceProber. Nothing needs to be tried.
func (d *Device) ProbeReplace(context.Context) (offload.Capability, error) {
	return offload.Capability{Name: "live replace", OK: true}, nil
}
