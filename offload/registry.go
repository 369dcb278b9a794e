package offload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// OpenOptions say how a device is opened.
type OpenOptions struct {
	// Netns is the network namespace of the device: a name that `ip netns`
	// knows, or a path. "" is the caller's.
	Netns string
	// Guard is the command line of a process that calls the scheme's Recover
	// with its standard input and output. With it, a transaction is undone even
	// when this process is killed.
	Guard []string
}

// Scheme is a kind of device that can be opened by name.
type Scheme struct {
	// Prefix is what stands before the colon of a name, "sim" of "sim:card0".
	// One scheme of a registry may have none: names without a colon are its.
	Prefix string
	// Names says what comes after the prefix, for help: "NAME".
	Names string
	// Short says what such a device is: "network interface of the kernel".
	Short string

	// Open opens a device by what stands after the prefix.
	Open func(ctx context.Context, name string, o OpenOptions) (Device, error)
	// List opens every device; nil for a scheme that cannot list.
	List func(ctx context.Context, o OpenOptions) ([]Device, error)
	// Host opens what stands for all maps and programs (scope Everywhere) when
	// no device is named; nil for a scheme whose devices share none.
	Host func(ctx context.Context, o OpenOptions) (Device, error)
	// Makers make and remove devices.
	Makers []Maker
	// Recover is the main function of the second process, see
	// OpenOptions.Guard; nil for a scheme without.
	Recover func(in io.Reader, out io.Writer) error
}

// Maker makes devices of one kind.
type Maker struct {
	Kind  string // "netdevsim"
	Short string // "a simulated device of the kernel's netdevsim driver"
	// Make makes a device with a number of ports; number -1 takes the lowest
	// free one.
	Make func(ctx context.Context, number, ports int) (*Made, error)
	// Remove removes a device and everything attached to it.
	Remove func(ctx context.Context, number int) error
}

// Made is a new device.
type Made struct {
	Name  string   // "netdevsim0"
	Ports []string // names to open
}

// Registry knows the kinds of device that there are. Its methods may be called
// from several goroutines.
type Registry struct{ schemes []Scheme }

// NewRegistry makes a registry. Two schemes of one prefix, a prefix with a
// colon, and a scheme that cannot open are errors.
func NewRegistry(schemes ...Scheme) (*Registry, error) {
	r := &Registry{schemes: schemes}
	for i, s := range schemes {
		switch {
		case s.Open == nil:
			return nil, fmt.Errorf("scheme %q of devices cannot open any", s.Prefix)
		case strings.ContainsAny(s.Prefix, ":/"):
			return nil, fmt.Errorf("scheme %q of devices has a colon or slash in its name", s.Prefix)
		}
		for _, o := range schemes[:i] {
			if o.Prefix == s.Prefix {
				return nil, fmt.Errorf("two schemes of devices are called %q", s.Prefix)
			}
		}
	}
	return r, nil
}

// Schemes returns the schemes in the order in which they were given.
func (r *Registry) Schemes() []Scheme { return r.schemes }

// Split finds the scheme of a device's name, and the name within it.
func (r *Registry) Split(name string) (*Scheme, string, error) {
	prefix, rest, ok := strings.Cut(name, ":")
	if !ok {
		prefix, rest = "", name
	}
	for i := range r.schemes {
		if r.schemes[i].Prefix != prefix {
			continue
		}
		if rest == "" {
			return nil, "", fmt.Errorf("device %q has no name", name)
		}
		return &r.schemes[i], rest, nil
	}
	return nil, "", fmt.Errorf("no kind of device has the name %q; names of devices are %s", name, r.forms())
}

// forms lists how devices are named.
func (r *Registry) forms() string {
	if len(r.schemes) == 0 {
		return "unknown to this program"
	}
	all := make([]string, len(r.schemes))
	for i, s := range r.schemes {
		all[i] = fmt.Sprintf("%s (%s)", s.Form(), s.Short)
	}
	return strings.Join(all, ", ")
}

// Form is how the scheme's devices are named: "NAME", "sim:NAME".
func (s *Scheme) Form() string {
	if s.Prefix == "" {
		return s.Names
	}
	return s.Prefix + ":" + s.Names
}

// Open opens a device by its name.
func (r *Registry) Open(ctx context.Context, name string, o OpenOptions) (Device, error) {
	s, rest, err := r.Split(name)
	if err != nil {
		return nil, err
	}
	return s.Open(ctx, rest, o)
}

// List opens every device of every scheme that can list, in the schemes'
// order.
func (r *Registry) List(ctx context.Context, o OpenOptions) ([]Device, error) {
	var all []Device
	for i := range r.schemes {
		s := &r.schemes[i]
		if s.List == nil {
			continue
		}
		devs, err := s.List(ctx, o)
		all = append(all, devs...)
		if err != nil {
			return nil, errors.Join(err, closeAll(all))
		}
	}
	return all, nil
}

func closeAll(devs []Device) error {
	var errs []error
	for _, d := range devs {
		errs = append(errs, d.Close())
	}
	return errors.Join(errs...)
}

// Host opens what stands for the maps and programs of all devices.
func (r *Registry) Host(ctx context.Context, o OpenOptions) (Device, error) {
	for i := range r.schemes {
		if r.schemes[i].Host != nil {
			return r.schemes[i].Host(ctx, o)
		}
	}
	return nil, NotSupported("maps and programs without the name of a device", "the devices of this program share none")
}

// Maker returns what makes devices of a kind.
func (r *Registry) Maker(kind string) (*Maker, error) {
	var kinds []string
	for i := range r.schemes {
		for k := range r.schemes[i].Makers {
			m := &r.schemes[i].Makers[k]
			if m.Kind == kind {
				return m, nil
			}
			kinds = append(kinds, m.Kind)
		}
	}
	if kinds == nil {
		kinds = []string{"none"}
	}
	return nil, fmt.Errorf("devices that can be made are: %s", strings.Join(kinds, ", "))
}
