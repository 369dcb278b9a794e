// Package kernel is the offload device behind a network interface of the Linux
// kernel: any whose driver has the offload interface, nfp and netdevsim among
// them. It talks rtnetlink, ethtool netlink and bpf(2).
//
// The package keeps no state of its own: what is attached is read from the
// kernel. It never knows how a device runs a program. Entry points: Open for
// one interface, List for all, Scheme for a registry.
//
// Stable for importers: Open, Scheme and the methods of offload's interfaces.
// The rest may change with the kernel.
package kernel

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/offload"
)

// Options tell where the interface is and how transactions are kept safe.
type Options struct {
	// Netns is the network namespace of the interface: a name that `ip netns`
	// knows, or a path. "" is the caller's.
	Netns string
	// Guard is the command line of a process that calls RunGuard. With it, a
	// transaction is undone even when this process is killed. Without it, a
	// kill can leave hw-tc-offload on, an empty clsact or half-made pins.
	Guard []string
}

// Device is an interface of the kernel. Its methods may be called from several
// goroutines. It has every ability but taking packets: those come by the wire.
type Device struct {
	name    string
	ifindex int
	ns      *os.File // nil: the caller's
	nsPath  string
	guard   []string
	rt      *rtnl
	lock    *os.File // of the running transaction, whoever holds it sets it
}

// Open opens an interface by name. The error says when there is no such
// interface or the caller may not change it.
func Open(name string, o Options) (*Device, error) {
	d := &Device{name: name, guard: o.Guard}
	if o.Netns != "" {
		d.nsPath = o.Netns
		if !strings.Contains(o.Netns, "/") {
			d.nsPath = filepath.Join("/run/netns", o.Netns)
		}
		ns, err := os.Open(d.nsPath)
		if err != nil {
			return nil, fmt.Errorf("network namespace %s: %w", o.Netns, err)
		}
		d.ns = ns
	}
	if err := d.open(); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

func (d *Device) open() error {
	rt, err := dialRoute(d.ns)
	if err != nil {
		return err
	}
	d.rt = rt
	l, err := rt.linkByName(d.name)
	if err != nil {
		return d.fail("look up interface "+d.name, err)
	}
	d.ifindex = l.index
	d.name = l.name
	return nil
}

// Name returns the interface's name when it was opened.
func (d *Device) Name() string { return d.name }

// Ifindex returns the interface's number.
func (d *Device) Ifindex() int { return d.ifindex }

// Close closes the device; nothing changes on the interface.
func (d *Device) Close() error {
	var errs []error
	if d.rt != nil {
		errs = append(errs, d.rt.close())
	}
	if d.ns != nil {
		errs = append(errs, d.ns.Close())
	}
	return errors.Join(errs...)
}

// in runs f on a thread in the device's network namespace, where the kernel
// looks up interface numbers of programs and maps.
func (d *Device) in(f func() error) error {
	if d.ns == nil {
		return f()
	}
	runtime.LockOSThread()
	old, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer old.Close()
	if err := unix.Setns(int(d.ns.Fd()), unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("enter network namespace %s: %w", d.nsPath, err)
	}
	ferr := f()
	if err := unix.Setns(int(old.Fd()), unix.CLONE_NEWNET); err != nil {
		// The thread stays locked and ends with the goroutine: nobody else may
		// run in the wrong namespace.
		return errors.Join(ferr, fmt.Errorf("leave network namespace %s: %w", d.nsPath, err))
	}
	runtime.UnlockOSThread()
	return ferr
}

// now looks the interface up again: its name may have changed, and it may be
// gone.
func (d *Device) now() (*link, error) {
	l, err := d.rt.linkByIndex(d.ifindex)
	if err != nil {
		return nil, d.fail("look up interface "+d.name, err)
	}
	return l, nil
}

// deviceName names the interface that a program or map lives on, from its
// number and network namespace.
func (d *Device) deviceName(ifindex uint32, ns sys.Netns) string {
	if ifindex == 0 {
		return ""
	}
	if here, err := d.nsID(); err == nil && here == ns {
		if l, err := d.rt.linkByIndex(int(ifindex)); err == nil {
			return l.name
		}
	}
	return fmt.Sprintf("ifindex %d", ifindex)
}

// nsID returns what identifies the device's network namespace in the kernel's
// program information.
func (d *Device) nsID() (sys.Netns, error) {
	var st unix.Stat_t
	var err error
	if d.ns != nil {
		err = unix.Fstat(int(d.ns.Fd()), &st)
	} else {
		err = unix.Stat("/proc/thread-self/ns/net", &st)
	}
	return sys.Netns{Dev: st.Dev, Ino: st.Ino}, err
}

// List opens every interface of a network namespace.
func List(o Options) ([]*Device, error) {
	first, err := Open("lo", o)
	if err != nil {
		return nil, err
	}
	defer first.Close()
	links, err := first.rt.links()
	if err != nil {
		return nil, first.fail("list interfaces", err)
	}
	var devs []*Device
	for _, l := range links {
		d, err := Open(l.name, o)
		if errors.Is(err, offload.ErrDeviceGone) {
			continue
		}
		if err != nil {
			return nil, err
		}
		devs = append(devs, d)
	}
	return devs, nil
}
