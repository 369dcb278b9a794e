package kernel

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/skipsw/skipsw/offload"
)

// What a Device can be used as.
var (
	_ offload.Device        = (*Device)(nil)
	_ offload.Preparer      = (*Device)(nil)
	_ offload.Tidier        = (*Device)(nil)
	_ offload.Journaler     = (*Device)(nil)
	_ offload.Locker        = (*Device)(nil)
	_ offload.MapStore      = (*Device)(nil)
	_ offload.Holder        = (*Device)(nil)
	_ offload.MapTyper      = (*Device)(nil)
	_ offload.Pinner        = (*Device)(nil)
	_ offload.PinOpener     = (*Device)(nil)
	_ offload.EventReader   = (*Device)(nil)
	_ offload.Counting      = (*Device)(nil)
	_ offload.ProgramLister = (*Device)(nil)
	_ offload.CodeReader    = (*Device)(nil)
	_ offload.Describer     = (*Device)(nil)
	_ offload.Setter        = (*Device)(nil)
	_ offload.ReplaceProber = (*Device)(nil)
	_ offload.Reasoner      = (*Device)(nil)
)

// Scheme is the interfaces of the running kernel, by their plain names.
func Scheme() offload.Scheme {
	return offload.Scheme{
		Names: "NAME",
		Short: "network interface of the kernel",
		Open: func(_ context.Context, name string, o offload.OpenOptions) (offload.Device, error) {
			return asDevice(Open(name, Options(o)))
		},
		List: func(_ context.Context, o offload.OpenOptions) ([]offload.Device, error) {
			devs, err := List(Options(o))
			all := make([]offload.Device, len(devs))
			for i, d := range devs {
				all[i] = d
			}
			return all, err
		},
		Host: func(_ context.Context, o offload.OpenOptions) (offload.Device, error) {
			return asDevice(Open("lo", Options(o)))
		},
		Makers: []offload.Maker{{
			Kind: "netdevsim", Short: "a simulated device of the kernel's netdevsim driver, without a data path",
			Make: func(_ context.Context, number, ports int) (*offload.Made, error) {
				d, err := AddSimDevice(number, ports)
				if err != nil {
					return nil, err
				}
				return &offload.Made{Name: fmt.Sprintf("netdevsim%d", d.ID), Ports: d.Ports}, nil
			},
			Remove: func(_ context.Context, number int) error { return DelSimDevice(number) },
		}},
		Recover: RunGuard,
	}
}

// asDevice keeps a nil *Device from becoming an interface that is not nil.
func asDevice(d *Device, err error) (offload.Device, error) {
	if err != nil {
		return nil, err
	}
	return d, nil
}

// WhyNot implements offload.Reasoner.
func (d *Device) WhyNot(a offload.Ability) string {
	if a == offload.CanTakePackets {
		return "the packets of an interface come by its wire"
	}
	return ""
}

// The settings of an interface.
const (
	setUp        = "up"
	setDown      = "down"
	setMTU       = "mtu"
	setTCOffload = tcOffload
	setClsact    = "clsact"
)

var onOff = []string{"on", "off"}

// settings are what Set takes.
var settings = []offload.Setting{
	{Name: setUp},
	{Name: setDown},
	{Name: setMTU, Values: []string{"N"}},
	{Name: setTCOffload, Values: onOff},
	{Name: setClsact, Values: onOff},
}

// Settings implements offload.Setter.
func (d *Device) Settings() []offload.Setting { return slices.Clone(settings) }

// Set implements offload.Setter.
func (d *Device) Set(_ context.Context, name, value string) error {
	switch name {
	case setUp, setDown:
		return d.SetUp(name == setUp)
	case setMTU:
		n, err := strconv.ParseUint(value, 10, 32)
		if err != nil {
			return fmt.Errorf("mtu: %q is not a number of bytes", value)
		}
		return d.SetMTU(uint32(n))
	}
	if !slices.Contains(onOff, value) {
		return fmt.Errorf("%s is on or off, not %q", name, value)
	}
	switch {
	case name == setTCOffload:
		return d.SetTCOffload(value == "on")
	case name != setClsact:
		return fmt.Errorf("%s has no setting %q", d.name, name)
	case value == "on":
		return d.AddClsact()
	}
	return d.RemoveClsact()
}
