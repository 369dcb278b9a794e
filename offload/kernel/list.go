package kernel

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"

	mdethtool "github.com/mdlayher/ethtool"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/object"
)

// Interface is what a listing shows of one interface.
type Interface struct {
	Name    string
	Ifindex int
	Driver  string
	Bus     string // place on the bus: "netdevsim10", "0000:01:00.0"
	Kind    string // "veth", "" for a plain device
	Up      bool
	Carrier bool // a link partner is there
	// Speed is the link's rate in Mbit/s, 0 when the driver does not tell.
	Speed   int
	MTU     uint32
	Address net.HardwareAddr
	// TCOffload is the state of hw-tc-offload.
	TCOffload Feature
	// CanOffload says that the driver may take programs: it lets tc offload be
	// turned on.
	CanOffload bool
}

// Interface describes the device's interface.
func (d *Device) Interface() (*Interface, error) {
	l, err := d.now()
	if err != nil {
		return nil, err
	}
	i := &Interface{Name: l.name, Ifindex: l.index, Kind: l.kind, Up: l.up, MTU: l.mtu, Address: l.address}
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
func (d *Device) linkState(i *Interface) {
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

// Program is a program of the kernel, in a listing.
type Program struct {
	ID      uint32
	Type    object.Type // UnknownType for the types that are not offloaded
	Name    string
	Tag     string
	Device  string // "" for a program of the host
	Xlated  uint32 // bytes of verified instructions
	Machine uint32 // bytes of machine code
	MapIDs  []uint32
}

// Programs lists the programs that were loaded for the device. On a device
// with several ports they stand at the port they were loaded for.
func (d *Device) Programs(context.Context) ([]Program, error) {
	ns, err := d.nsID()
	if err != nil {
		return nil, err
	}
	return d.listPrograms(func(p *sys.ProgInfo) bool { return int(p.Ifindex) == d.ifindex && p.Netns == ns })
}

// AllPrograms lists the programs of the host and of all devices.
func (d *Device) AllPrograms(context.Context) ([]Program, error) {
	return d.listPrograms(func(*sys.ProgInfo) bool { return true })
}

// listPrograms lists programs of the kernel. Those whose device has gone are
// left out: they cannot be asked for anything.
func (d *Device) listPrograms(want func(*sys.ProgInfo) bool) ([]Program, error) {
	var all []Program
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

func (d *Device) program(p *sys.ProgInfo) Program {
	out := Program{
		ID: p.ID, Name: p.Name, Tag: p.Tag, Device: d.deviceName(p.Ifindex, p.Netns),
		Xlated: p.Xlated, Machine: p.Machine, MapIDs: p.MapIDs,
	}
	switch p.Type {
	case progXDP:
		out.Type = object.XDP
	case progSchedCls:
		out.Type = object.TC
	}
	return out
}

// ProgramInfo describes one program. One whose device has gone answers
// offload.ErrDeviceGone.
func (d *Device) ProgramInfo(id uint32) (*Program, error) {
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
