package kernel

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/offload"
)

// simBus is where the kernel makes simulated devices.
const simBus = "/sys/bus/netdevsim"

// SimDevice is a simulated device of the kernel's netdevsim driver. It has the
// whole control interface of an offloading card, and no data path: packets
// that are sent to it vanish.
type SimDevice struct {
	ID    int
	Ports []string // names of its interfaces in the caller's network namespace
}

// AddSimDevice makes a device with a number of ports. id -1 takes the lowest
// free number.
func AddSimDevice(id, ports int) (*SimDevice, error) {
	if ports < 1 {
		return nil, fmt.Errorf("a netdevsim device has at least 1 port, not %d", ports)
	}
	if id < 0 {
		all, err := SimDevices()
		if err != nil {
			return nil, err
		}
		for id = 0; ; id++ {
			if simIndex(all, id) < 0 {
				break
			}
		}
	}
	op := fmt.Sprintf("add netdevsim %d", id)
	err := os.WriteFile(filepath.Join(simBus, "new_device"), fmt.Appendf(nil, "%d %d", id, ports), 0)
	if err != nil {
		e := simError(op, err)
		if errors.Is(err, unix.ENOSPC) {
			e.Kind, e.Reason = offload.ErrBusy, "there is a device with this number already"
		}
		return nil, e
	}
	names, err := simPorts(id)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	return &SimDevice{ID: id, Ports: names}, nil
}

// DelSimDevice removes a device with everything that is attached to it.
func DelSimDevice(id int) error {
	err := os.WriteFile(filepath.Join(simBus, "del_device"), fmt.Appendf(nil, "%d", id), 0)
	if err != nil {
		e := simError(fmt.Sprintf("delete netdevsim %d", id), err)
		if errors.Is(err, unix.ENOENT) && e.Reason == "" {
			e.Kind, e.Reason = offload.ErrDeviceGone, "there is no such device"
		}
		return e
	}
	return nil
}

// simError explains a write to the driver's files.
func simError(op string, err error) *offload.Error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	e := &offload.Error{Op: op, Err: err}
	if _, serr := os.Stat(simBus); serr != nil {
		e.Kind = offload.ErrNotSupported
		e.Reason = "this kernel has no netdevsim driver, or it is not loaded: try `modprobe netdevsim`"
	} else if errors.Is(err, fs.ErrPermission) {
		e.Kind = offload.ErrPermission
		e.Reason = "run it as root"
	}
	return e
}

// SimDevices lists the netdevsim devices.
func SimDevices() ([]SimDevice, error) {
	entries, err := os.ReadDir(filepath.Join(simBus, "devices"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []SimDevice
	for _, e := range entries {
		id, err := strconv.Atoi(strings.TrimPrefix(e.Name(), "netdevsim"))
		if err != nil {
			continue
		}
		ports, err := simPorts(id)
		if err != nil {
			return nil, err
		}
		all = append(all, SimDevice{ID: id, Ports: ports})
	}
	sort.Slice(all, func(i, j int) bool { return all[i].ID < all[j].ID })
	return all, nil
}

func simIndex(all []SimDevice, id int) int {
	for i := range all {
		if all[i].ID == id {
			return i
		}
	}
	return -1
}

// simPorts returns the interfaces of a device by asking for their parent,
// which works in every network namespace; sysfs shows those of one only.
func simPorts(id int) ([]string, error) {
	rt, err := dialRoute(nil)
	if err != nil {
		return nil, err
	}
	defer rt.close()
	links, err := rt.links()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, l := range links {
		if l.bus == "netdevsim" && l.busID == fmt.Sprintf("netdevsim%d", id) {
			names = append(names, l.name)
		}
	}
	return names, nil
}
