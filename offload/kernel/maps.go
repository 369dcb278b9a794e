package kernel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/offload"
)

// kernelMap is a map of the kernel, on a device or of the host.
type kernelMap struct {
	fd   int
	info offload.MapInfo
	// valueSize is the width of a value in system calls: for per-CPU maps all
	// CPUs' values, each rounded up to 8 bytes.
	valueSize int
	dev       *Device
}

// newMap takes over a descriptor.
func (d *Device) newMap(fd int) (*kernelMap, error) {
	mi, err := readMap(fd)
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	m := &kernelMap{fd: fd, dev: d, info: d.mapInfo(mi), valueSize: int(mi.ValueSize)}
	switch mi.Type {
	case mapPercpuHash, mapPercpuArray, mapLRUPercpuHash, mapPercpuStorage:
		m.valueSize = (m.valueSize + 7) &^ 7 * possibleCPUs()
	}
	return m, nil
}

func (d *Device) mapInfo(mi *mapInfo) offload.MapInfo {
	return offload.MapInfo{
		ID: mi.ID, Name: cString(mi.Name[:]), Type: mi.Type, KeySize: mi.KeySize, ValueSize: mi.ValueSize,
		MaxEntries: mi.MaxEntries, Flags: mi.Flags, Device: d.deviceName(mi.Ifindex, mi.NetnsDev, mi.NetnsIno),
	}
}

// OpenMap implements offload.Device.
func (d *Device) OpenMap(_ context.Context, id uint32) (offload.Map, error) {
	fd, err := fdByID(unix.BPF_MAP_GET_FD_BY_ID, id)
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
	fd, err := fdByID(unix.BPF_MAP_GET_FD_BY_ID, id)
	if err != nil {
		return offload.MapInfo{}, err
	}
	defer unix.Close(fd)
	mi, err := readMap(fd)
	if err != nil {
		return offload.MapInfo{}, err
	}
	return d.mapInfo(mi), nil
}

// Maps lists the maps that live on the device.
func (d *Device) Maps(context.Context) ([]offload.MapInfo, error) {
	dev, ino, err := d.nsID()
	if err != nil {
		return nil, err
	}
	return d.listMaps(func(m *mapInfo) bool {
		return int(m.Ifindex) == d.ifindex && m.NetnsDev == dev && m.NetnsIno == ino
	})
}

// AllMaps lists the maps of the host and of all devices.
func (d *Device) AllMaps(context.Context) ([]offload.MapInfo, error) {
	return d.listMaps(func(*mapInfo) bool { return true })
}

// listMaps lists maps of the kernel. Those whose device has gone are left out:
// they cannot be asked for anything.
func (d *Device) listMaps(want func(*mapInfo) bool) ([]offload.MapInfo, error) {
	var all []offload.MapInfo
	err := nextID(unix.BPF_MAP_GET_NEXT_ID, func(id uint32) error {
		fd, err := fdByID(unix.BPF_MAP_GET_FD_BY_ID, id)
		if err != nil {
			return ignoreGone(err)
		}
		defer unix.Close(fd)
		mi, err := readMap(fd)
		if err != nil {
			return ignoreGone(err)
		}
		if want(mi) {
			all = append(all, d.mapInfo(mi))
		}
		return nil
	})
	if err != nil {
		return nil, d.fail("list maps", err)
	}
	return all, nil
}

// ignoreGone drops the errors of an object that went away between the listing
// and the look, or whose device is gone.
func ignoreGone(err error) error {
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENODEV) {
		return nil
	}
	return err
}

// Info implements offload.Map.
func (m *kernelMap) Info() offload.MapInfo { return m.info }

// Close implements offload.Map.
func (m *kernelMap) Close() error { return unix.Close(m.fd) }

// ValueBytes implements offload.Map.
func (m *kernelMap) ValueBytes() int { return m.valueSize }

func (m *kernelMap) call(cmd uintptr, key, value []byte, flags uint64) error {
	attr := mapElemAttr{FD: uint32(m.fd), Flags: flags}
	if len(key) > 0 {
		attr.Key = unsafe.Pointer(&key[0])
	}
	if len(value) > 0 {
		attr.Value = unsafe.Pointer(&value[0])
	}
	_, err := bpfCall(cmd, unsafe.Pointer(&attr), unsafe.Sizeof(attr))
	runtime.KeepAlive(key)
	runtime.KeepAlive(value)
	return err
}

func (m *kernelMap) checkKey(key []byte) error {
	if len(key) != int(m.info.KeySize) {
		return fmt.Errorf("map %s: key of %d bytes, want %d", m.info.Name, len(key), m.info.KeySize)
	}
	return nil
}

// Lookup implements offload.Map.
func (m *kernelMap) Lookup(key []byte) ([]byte, error) {
	if err := m.checkKey(key); err != nil {
		return nil, err
	}
	value := make([]byte, m.valueSize)
	if err := m.call(unix.BPF_MAP_LOOKUP_ELEM, key, value, 0); err != nil {
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
	if err := m.call(unix.BPF_MAP_UPDATE_ELEM, key, value, flags); err != nil {
		return m.fail("update", err)
	}
	return nil
}

// Delete implements offload.Map.
func (m *kernelMap) Delete(key []byte) error {
	if err := m.checkKey(key); err != nil {
		return err
	}
	if err := m.call(unix.BPF_MAP_DELETE_ELEM, key, nil, 0); err != nil {
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
	err := m.call(unix.BPF_MAP_GET_NEXT_KEY, key, next, 0)
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
	e := &offload.Error{Op: fmt.Sprintf("map %s: %s", m.info.Name, op), Err: err, Reason: mapReason(op, m.info, err)}
	switch {
	case errors.Is(err, unix.ENODEV):
		e.Kind = offload.ErrDeviceGone
	case errors.Is(err, unix.EPERM) && m.gone():
		// An update of a map whose device is gone answers EPERM.
		e.Kind, e.Reason = offload.ErrDeviceGone, "the device that held the map is gone; load the program again"
	case errors.Is(err, errNotSupp):
		e.Kind, e.Err = offload.ErrNotSupported, offload.ErrNotSupported
	}
	return e
}

// gone reports whether the map's device has gone.
func (m *kernelMap) gone() bool {
	_, err := readMap(m.fd)
	return errors.Is(err, unix.ENODEV)
}

// possibleCPUs returns the number of CPUs the kernel makes room for.
func possibleCPUs() int {
	b, err := os.ReadFile("/sys/devices/system/cpu/possible")
	if err != nil {
		return runtime.NumCPU()
	}
	last := strings.TrimSpace(string(b))
	if i := strings.LastIndexAny(last, "-,"); i >= 0 {
		last = last[i+1:]
	}
	n, err := strconv.Atoi(last)
	if err != nil {
		return runtime.NumCPU()
	}
	return n + 1
}
