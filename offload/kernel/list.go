package kernel

import (
	"context"
	"errors"
	"fmt"
	"math"

	mdethtool "github.com/mdlayher/ethtool"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Describe implements offload.Describer.
func (d *Device) Describe(context.Context) (*offload.Description, error) {
	l, err := d.now()
	if err != nil {
		return nil, err
	}
	i := &offload.Description{Name: l.name, Ifindex: l.index, Kind: l.kind, Up: l.up, MTU: l.mtu, Address: l.address}
	i.Driver, _, i.Bus = d.driver(l.name)
	if i.Bus == "" {
		i.Bus = l.busID
	}
	if i.TCOffload, err = d.TCOffload(); err != nil && !errors.Is(err, offload.ErrNotSupported) {
		return nil, err
	}
	i.CanOffload = i.TCOffload.Changeable
	d.linkState(i)
	return i, nil
}

// linkState fills in what the driver tells about the link. Many tell nothing.
func (d *Device) linkState(i *offload.Description) {
	_ = d.in(func() error {
		c, err := mdethtool.New()
		if err != nil {
			return err
		}
		defer c.Close()
		ifi := mdethtool.Interface{Index: d.ifindex}
		if s, err := c.LinkState(ifi); err == nil {
			i.Carrier = s.Link
		}
		if m, err := c.LinkMode(ifi); err == nil && m.SpeedMegabits > 0 && m.SpeedMegabits < math.MaxInt32 {
			i.Speed = m.SpeedMegabits
		}
		return nil
	})
}

// Programs implements offload.ProgramLister.
func (d *Device) Programs(_ context.Context, scope offload.Scope) ([]offload.ProgramInfo, error) {
	if scope == offload.Everywhere {
		return d.listPrograms(func(*sys.ProgInfo) bool { return true })
	}
	ns, err := d.nsID()
	if err != nil {
		return nil, err
	}
	return d.listPrograms(func(p *sys.ProgInfo) bool { return int(p.Ifindex) == d.ifindex && p.Netns == ns })
}

// listPrograms lists programs of the kernel. Those whose device has gone are
// left out: they cannot be asked for anything.
func (d *Device) listPrograms(want func(*sys.ProgInfo) bool) ([]offload.ProgramInfo, error) {
	var all []offload.ProgramInfo
	err := sys.EachID(sys.Progs, func(id uint32) error {
		p, err := sys.ReadProgID(id)
		if sys.Gone(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if want(p) {
			all = append(all, d.program(p))
		}
		return nil
	})
	if err != nil {
		return nil, d.fail("list programs", err)
	}
	return all, nil
}

func (d *Device) program(p *sys.ProgInfo) offload.ProgramInfo {
	out := offload.ProgramInfo{
		ID: p.ID, Name: p.Name, Tag: p.Tag, Device: d.deviceName(p.Ifindex, p.Netns),
		Xlated: p.Xlated, Machine: p.Machine, MapIDs: p.MapIDs,
	}
	switch p.Type {
	case bpf.ProgTypeXDP:
		out.Type = object.XDP
	case bpf.ProgTypeSchedCLS:
		out.Type = object.TC
	}
	return out
}

// ProgramInfo describes one program. One whose device has gone answers
// offload.ErrDeviceGone.
func (d *Device) ProgramInfo(id uint32) (*offload.ProgramInfo, error) {
	p, err := sys.ReadProgID(id)
	if err != nil {
		op := fmt.Sprintf("look at program %d", id)
		e := d.fail(op, err)
		var oe *offload.Error
		if errors.As(e, &oe) && errors.Is(err, unix.ENODEV) {
			oe.Reason = "the device that the program was loaded for is gone"
		}
		return nil, e
	}
	out := d.program(p)
	return &out, nil
}
