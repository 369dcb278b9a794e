package kernel

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/offload"
)

// linkCounters are the names of struct rtnl_link_stats64, in its order.
var linkCounters = [...]string{
	"rx_packets", "tx_packets", "rx_bytes", "tx_bytes", "rx_errors", "tx_errors", "rx_dropped", "tx_dropped", "multicast", "collisions",
	"rx_length_errors", "rx_over_errors", "rx_crc_errors", "rx_frame_errors", "rx_fifo_errors", "rx_missed_errors",
	"tx_aborted_errors", "tx_carrier_errors", "tx_fifo_errors", "tx_heartbeat_errors", "tx_window_errors",
	"rx_compressed", "tx_compressed", "rx_nohandler", "rx_otherhost_dropped",
}

// Stats implements offload.Counting: the interface's own counters, those of its
// driver (on nfp the verdict counters of the BPF firmware are among them), and
// run counts of attached programs where the kernel keeps them.
func (d *Device) Stats(ctx context.Context) ([]offload.Counter, error) {
	l, err := d.now()
	if err != nil {
		return nil, err
	}
	var all []offload.Counter
	for i, v := range l.counts {
		if i < len(linkCounters) {
			all = append(all, offload.Counter{Group: "link", Name: linkCounters[i], Value: v})
		}
	}
	driver, err := d.driverCounters(l.name)
	if err != nil {
		return nil, d.fail("read driver counters of "+d.name, err)
	}
	all = append(all, driver...)
	attached, err := d.Attached(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range attached {
		p, err := sys.ReadProgID(a.ID)
		if err != nil {
			continue // gone, or not ours to look at
		}
		if p.RunCount > 0 {
			group := fmt.Sprintf("program %d", a.ID)
			all = append(all, offload.Counter{Group: group, Name: "run_count", Value: p.RunCount},
				offload.Counter{Group: group, Name: "run_time_ns", Value: uint64(p.RunTime)})
		}
	}
	return all, nil
}

// ethtool ioctl structures (linux/ethtool.h).
type ethtoolSsetInfo struct {
	Cmd, _ uint32
	Mask   uint64
	Count  uint32
	_      uint32
}

const (
	gstringLen = 32
	ethSSStats = 1
)

// driverCounters reads the driver's own counters (ethtool -S). A driver without
// any is not an error.
func (d *Device) driverCounters(name string) ([]offload.Counter, error) {
	var all []offload.Counter
	err := d.in(func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		set := ethtoolSsetInfo{Cmd: unix.ETHTOOL_GSSET_INFO, Mask: 1 << ethSSStats}
		if err := ethtoolIoctl(fd, name, unsafe.Pointer(&set)); err != nil {
			return err
		}
		n := int(set.Count)
		if set.Mask == 0 || n == 0 {
			return nil
		}
		names := make([]byte, 12+n*gstringLen)
		hostOrder.PutUint32(names, unix.ETHTOOL_GSTRINGS)
		hostOrder.PutUint32(names[4:], ethSSStats)
		hostOrder.PutUint32(names[8:], uint32(n))
		if err := ethtoolIoctl(fd, name, unsafe.Pointer(&names[0])); err != nil {
			return err
		}
		values := make([]byte, 8+n*8)
		hostOrder.PutUint32(values, unix.ETHTOOL_GSTATS)
		hostOrder.PutUint32(values[4:], uint32(n))
		if err := ethtoolIoctl(fd, name, unsafe.Pointer(&values[0])); err != nil {
			return err
		}
		for i := range n {
			all = append(all, offload.Counter{Group: "driver", Name: sys.CString(names[12+i*gstringLen:][:gstringLen]), Value: hostOrder.Uint64(values[8+i*8:])})
		}
		return nil
	})
	if errors.Is(err, unix.EOPNOTSUPP) {
		return nil, nil
	}
	return all, err
}

// ethtoolIoctl does one SIOCETHTOOL request.
func ethtoolIoctl(fd int, name string, data unsafe.Pointer) error {
	var req struct {
		Name [unix.IFNAMSIZ]byte
		Data unsafe.Pointer
		_    [16]byte
	}
	copy(req.Name[:unix.IFNAMSIZ-1], name)
	req.Data = data
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&req)))
	runtime.KeepAlive(data)
	if errno != 0 {
		return errno
	}
	return nil
}

// driverInfo is the kernel's struct ethtool_drvinfo.
type driverInfo struct {
	Cmd                                               uint32
	Driver, Version, Firmware, Bus, Erom              [32]byte
	_                                                 [12]byte
	PrivFlags, Stats, TestLen, EedumpLen, RegdumpSize uint32
}

// driver reads the name of the interface's driver, its firmware and its place
// on the bus; all empty for an interface without.
func (d *Device) driver(name string) (driver, firmware, bus string) {
	_ = d.in(func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		info := driverInfo{Cmd: unix.ETHTOOL_GDRVINFO}
		if err := ethtoolIoctl(fd, name, unsafe.Pointer(&info)); err != nil {
			return err
		}
		driver, firmware, bus = sys.CString(info.Driver[:]), sys.CString(info.Firmware[:]), sys.CString(info.Bus[:])
		return nil
	})
	return driver, firmware, bus
}
