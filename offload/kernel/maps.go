package kernel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
)

// kernelMap is a map of the kernel, on a device or of the host.
type kernelMap struct {
	fd   int
	info offload.MapInfo
	// valueSize is the width of a value in system calls: for per-CPU maps all
	// CPUs' values, each rounded up to 8 bytes.
	valueSize int
}

// newMap takes over a descriptor.
func (d *Device) newMap(fd int) (*kernelMap, error) {
	mi, err := sys.ReadMap(fd)
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	m := &kernelMap{fd: fd, info: d.mapInfo(mi), valueSize: int(mi.ValueSize)}
	if mi.Type.PerCPU() {
		cpus, err := ebpf.PossibleCPU()
		if err != nil {
			unix.Close(fd)
			return nil, err
		}
		m.valueSize = bpf.CPUValueBytes(m.valueSize) * cpus
	}
	return m, nil
}

func (d *Device) mapInfo(mi *sys.MapInfo) offload.MapInfo {
	return offload.MapInfo{
		ID: mi.ID, Name: mi.Name, Type: mi.Type, KeySize: mi.KeySize, ValueSize: mi.ValueSize,
		MaxEntries: mi.MaxEntries, Flags: mi.Flags, Device: d.deviceName(mi.Ifindex, mi.Netns),
	}
}

// OpenMap implements offload.MapStore.
func (d *Device) OpenMap(_ context.Context, id uint32) (offload.Map, error) {
	fd, err := sys.OpenID(sys.Maps, id)
	if err == nil {
		var m *kernelMap
		if m, err = d.newMap(fd); err == nil {
			return m, nil
		}
	}
	return nil, d.fail(fmt.Sprintf("open map %d", id), err)
}

// mapByID reads a map's description.
func (d *Device) mapByID(id uint32) (offload.MapInfo, error) {
	mi, err := sys.ReadMapID(id)
	if err != nil {
		return offload.MapInfo{}, err
	}
	return d.mapInfo(mi), nil
}

// Maps implements offload.MapStore.
func (d *Device) Maps(_ context.Context, scope offload.Scope) ([]offload.MapInfo, error) {
	if scope == offload.Everywhere {
		return d.listMaps(func(*sys.MapInfo) bool { return true })
	}
	ns, err := d.nsID()
	if err != nil {
		return nil, err
	}
	return d.listMaps(func(m *sys.MapInfo) bool { return int(m.Ifindex) == d.ifindex && m.Netns == ns })
}

// listMaps lists maps of the kernel. Those whose device has gone are left out:
// they cannot be asked for anything.
func (d *Device) listMaps(want func(*sys.MapInfo) bool) ([]offload.MapInfo, error) {
	var all []offload.MapInfo
	err := sys.EachID(sys.Maps, func(id uint32) error {
		mi, err := sys.ReadMapID(id)
		if sys.Gone(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if want(mi) {
			all = append(all, d.mapInfo(mi))
		}
		return nil
	})
	if err != nil {
		return nil, d.fail("list maps", err)
	}
	if slices.ContainsFunc(all, func(m offload.MapInfo) bool { return !sys.Kept(m.Name) }) {
		names := wholeNames()
		for i := range all {
			all[i].FullName = names[all[i].ID]
		}
	}
	return all, nil
}

// wholeNames returns the whole names of maps by their ids, as far as the programs
// that use them tell and the caller may look.
func wholeNames() map[uint32]string {
	names := map[uint32]string{}
	// A caller who may not look knows the names that the kernel keeps.
	_ = sys.EachID(sys.Progs, func(id uint32) error {
		p, err := sys.ReadProgID(id)
		if err != nil || p.BTF == 0 || len(p.MapIDs) == 0 {
			return nil
		}
		for place, name := range mapNames(p.BTF) {
			if place >= 0 && place < len(p.MapIDs) {
				names[p.MapIDs[place]] = name
			}
		}
		return nil
	})
	return names
}

// Info implements offload.Map.
func (m *kernelMap) Info() offload.MapInfo { return m.info }

// Close implements offload.Map.
func (m *kernelMap) Close() error { return unix.Close(m.fd) }

// ValueBytes implements offload.Map.
func (m *kernelMap) ValueBytes() int { return m.valueSize }

func (m *kernelMap) checkKey(key []byte) error {
	if len(key) != int(m.info.KeySize) {
		return fmt.Errorf("map %s: key of %d bytes, want %d", m.info.Name, len(key), m.info.KeySize)
	}
	return nil
}

// Lookup implements offload.Map.
func (m *kernelMap) Lookup(key []byte) ([]byte, error) { return m.lookup(key, sys.LookupElem) }

// LookupLocked implements offload.LockedReader.
func (m *kernelMap) LookupLocked(key []byte) ([]byte, error) { return m.lookup(key, sys.LookupLocked) }

func (m *kernelMap) lookup(key []byte, read func(fd int, key, value []byte) error) ([]byte, error) {
	if err := m.checkKey(key); err != nil {
		return nil, err
	}
	value := make([]byte, m.valueSize)
	if err := read(m.fd, key, value); err != nil {
		return nil, m.fail("lookup", err)
	}
	return value, nil
}

// Update implements offload.Map.
func (m *kernelMap) Update(key, value []byte, flags uint64) error {
	if err := m.checkKey(key); err != nil {
		return err
	}
	if len(value) != m.valueSize {
		return fmt.Errorf("map %s: value of %d bytes, want %d", m.info.Name, len(value), m.valueSize)
	}
	if err := sys.UpdateElem(m.fd, key, value, flags); err != nil {
		return m.fail("update", err)
	}
	return nil
}

// Delete implements offload.Map.
func (m *kernelMap) Delete(key []byte) error {
	if err := m.checkKey(key); err != nil {
		return err
	}
	if err := sys.DeleteElem(m.fd, key); err != nil {
		return m.fail("delete", err)
	}
	return nil
}

// Next implements offload.Map.
func (m *kernelMap) Next(key []byte) ([]byte, error) {
	if key != nil {
		if err := m.checkKey(key); err != nil {
			return nil, err
		}
	}
	next := make([]byte, m.info.KeySize)
	err := sys.NextKey(m.fd, key, next)
	if errors.Is(err, unix.ENOENT) {
		return nil, io.EOF
	}
	if err != nil {
		return nil, m.fail("iterate", err)
	}
	return next, nil
}

// fail explains a failed operation on an entry.
func (m *kernelMap) fail(op string, err error) error {
	_, errno := sysErr(err)
	e := &offload.Error{Op: fmt.Sprintf("map %s: %s", m.info.Name, op), Err: errno, Reason: mapReason(op, m.info, err)}
	switch {
	case errors.Is(err, unix.ENODEV):
		e.Kind = offload.ErrDeviceGone
	case errors.Is(err, unix.EPERM) && m.gone():
		// An update of a map whose device is gone answers EPERM.
		e.Kind, e.Reason = offload.ErrDeviceGone, "the device that held the map is gone; load the program again"
	case errors.Is(err, sys.ENOTSUPP):
		e.Kind, e.Err = offload.ErrNotSupported, offload.ErrNotSupported
	}
	return e
}

// gone reports whether the map's device has gone.
func (m *kernelMap) gone() bool {
	_, err := sys.ReadMap(m.fd)
	return errors.Is(err, unix.ENODEV)
}
