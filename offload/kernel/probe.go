package kernel

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
)

// Bounds of the probes: the last type of programs, and how far limits are tried.
const (
	lastProgType = bpf.ProgTypeNetfilter
	mostEntries  = 1 << 24
	mostKey      = 512
	mostValue    = 1 << 14
	stackStep    = 64
	stackMost    = 512
)

// Capabilities implements offload.Device by trying: it loads small programs and
// makes maps, and frees them at once. Nothing is attached.
func (d *Device) Capabilities(ctx context.Context) (*offload.Capabilities, error) {
	l, err := d.now()
	if err != nil {
		return nil, err
	}
	c := &offload.Capabilities{Device: l.name}
	c.Driver, c.Firmware, c.BusInfo = d.driver(l.name)
	f, err := d.TCOffload()
	if err != nil && !errors.Is(err, offload.ErrNotSupported) {
		return nil, err
	}
	c.HWTCOffload = f.String()
	err = d.in(func() error {
		if err := d.probePrograms(ctx, c); err != nil {
			return err
		}
		if err := d.probeMaps(ctx, c); err != nil {
			return err
		}
		return d.probeHelpers(ctx, c)
	})
	if err != nil {
		return nil, err
	}
	c.LiveReplace.Name = "live replace"
	c.LiveReplace.Reason = "not tried: it would attach programs"
	return c, nil
}

// Constant instructions of probes.
var (
	insnZero = bpf.Mov.Imm(0, 0)
	insnExit = bpf.Return()
)

// tryLoad loads instructions for the device and frees them again.
func (d *Device) tryLoad(typ bpf.ProgType, insns ...bpf.Insn) (log string, err error) {
	buf := make([]byte, 1<<16)
	fd, err := sys.LoadProg(&sys.ProgSpec{
		Type: typ, Insns: bpf.Encode(nil, insns), License: "GPL", Name: "probe", Ifindex: d.ifindex, LogLevel: 1, Log: buf,
	})
	if err == nil {
		unix.Close(fd)
	}
	return sys.CString(buf), err
}

// probePrograms tries every program type. The caller's lack of privilege is an
// error, not a missing capability.
func (d *Device) probePrograms(ctx context.Context, c *offload.Capabilities) error {
	for typ := bpf.ProgTypeSocketFilter; typ <= lastProgType; typ++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		log, err := d.tryLoad(typ, insnZero, insnExit)
		if errors.Is(err, unix.EPERM) {
			return d.fail("probe "+d.name, err)
		}
		p := offload.Capability{Name: typ.String(), ID: uint32(typ), OK: err == nil}
		if err != nil {
			_, errno := sysErr(err)
			p.Reason = errno.Error()
			if words := lastWords(log); words != "" {
				p.Reason = words
			} else if typ == bpf.ProgTypeXDP || typ == bpf.ProgTypeSchedCLS {
				p.Reason, _ = d.whyNoLoad("")
			}
		}
		c.Programs = append(c.Programs, p)
	}
	for bytes := stackMost; bytes > 0 && (c.Programs[bpf.ProgTypeXDP-1].OK || c.Programs[bpf.ProgTypeSchedCLS-1].OK); bytes -= stackStep {
		typ := bpf.ProgTypeXDP
		if !c.Programs[bpf.ProgTypeXDP-1].OK {
			typ = bpf.ProgTypeSchedCLS
		}
		store := bpf.Store(bpf.SizeDW, 10, int16(-bytes), 0)
		if _, err := d.tryLoad(typ, insnZero, store, insnExit); err == nil {
			c.StackBytes = bytes
			break
		}
	}
	return nil
}

// tryMap makes a map on the device and frees it again.
func (d *Device) tryMap(typ bpf.MapType, key, value, entries uint32) error {
	fd, err := sys.CreateMap(sys.MapSpec{Type: typ, KeySize: key, ValueSize: value, MaxEntries: entries, Name: "probe", Ifindex: d.ifindex})
	if err == nil {
		unix.Close(fd)
	}
	return err
}

// probeMaps tries every map type, and the limits of those that are taken.
func (d *Device) probeMaps(ctx context.Context, c *offload.Capabilities) error {
	for typ := bpf.MapTypeHash; typ.Known(); typ++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		m := offload.MapCapability{Capability: offload.Capability{Name: typ.String(), ID: uint32(typ)}}
		err := d.tryMap(typ, 4, 8, 1)
		if err != nil {
			_, errno := sysErr(err)
			m.Reason = errno.Error()
			c.Maps = append(c.Maps, m)
			continue
		}
		m.OK = true
		m.MaxEntries = most(1, mostEntries, func(n uint32) bool { return d.tryMap(typ, 4, 8, n) == nil })
		m.MaxKey = 4
		if typ != bpf.MapTypeArray {
			m.MaxKey = most(1, mostKey, func(n uint32) bool { return d.tryMap(typ, n, 8, 1) == nil })
		}
		m.MaxValue = most(1, mostValue, func(n uint32) bool { return d.tryMap(typ, 4, n, 1) == nil })
		c.Maps = append(c.Maps, m)
	}
	return nil
}

// most returns the largest n between low, which fits, and high that fits,
// supposing that whatever is smaller than something that fits fits too.
func most(low, high uint32, fits func(uint32) bool) uint32 {
	n := sort.Search(int(high-low), func(i int) bool { return !fits(low + uint32(i) + 1) })
	return low + uint32(n)
}

// probeHelpers tries to call every helper. The call lacks its arguments, so
// the load always fails for those that have any; what the log says tells
// whether the call as such was taken.
func (d *Device) probeHelpers(ctx context.Context, c *offload.Capabilities) error {
	typ := bpf.ProgTypeXDP
	if !c.Programs[bpf.ProgTypeXDP-1].OK {
		typ = bpf.ProgTypeSchedCLS
	}
	if !c.Programs[typ-1].OK {
		return nil
	}
	for id := bpf.HelperMapLookupElem; id.Known(); id++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		log, err := d.tryLoad(typ, bpf.CallHelper(id), insnZero, insnExit)
		h := offload.Capability{Name: "bpf_" + id.String(), ID: uint32(id), OK: true}
		if refusal := helperRefusal(log); err != nil && refusal != "" {
			h.OK, h.Reason = false, refusal
		}
		c.Helpers = append(c.Helpers, h)
	}
	return nil
}

// helperRefusal returns the line of a log that says that a helper as such was
// refused, by the kernel for the program type or by the device's driver.
func helperRefusal(log string) string {
	for line := range strings.Lines(log) {
		line = strings.TrimSpace(line)
		for _, words := range []string{"unknown func", "invalid func", "unsupported function id", "not supported by FW", "doesn't support"} {
			if strings.Contains(line, words) {
				return line
			}
		}
	}
	return ""
}

// ProbeReplace finds out whether the device replaces a running program without
// a gap. It attaches a program that passes every packet, replaces it by another
// and detaches it, so nothing may be attached in hardware mode.
func (d *Device) ProbeReplace(ctx context.Context) (offload.Capability, error) {
	c := offload.Capability{Name: "live replace"}
	all, err := d.Attached(ctx)
	if err != nil {
		return c, err
	}
	for _, a := range all {
		if a.InHW {
			c.Reason = "not tried: a program is attached"
			return c, nil
		}
	}
	err = d.in(func() error {
		prog := []bpf.Insn{bpf.Mov.Imm(0, int32(bpf.XDPPass)), insnExit}
		var fds [2]int
		for i := range fds {
			fd, err := sys.LoadProg(&sys.ProgSpec{Type: bpf.ProgTypeXDP, Insns: bpf.Encode(nil, prog), License: "GPL", Name: "probe", Ifindex: d.ifindex})
			if err != nil {
				return fmt.Errorf("load: %w", err)
			}
			defer unix.Close(fd)
			fds[i] = fd
		}
		if err := d.rt.setXDP(d.ifindex, fds[0], unix.XDP_FLAGS_HW_MODE|unix.XDP_FLAGS_UPDATE_IF_NOEXIST, nil); err != nil {
			return fmt.Errorf("attach: %w", err)
		}
		rerr := d.rt.setXDP(d.ifindex, fds[1], unix.XDP_FLAGS_HW_MODE, &fds[0])
		derr := d.rt.setXDP(d.ifindex, -1, unix.XDP_FLAGS_HW_MODE, nil)
		if derr != nil {
			return d.fail("detach the probe's program", derr)
		}
		if rerr != nil {
			return fmt.Errorf("replace: %w", rerr)
		}
		return nil
	})
	if errors.Is(err, offload.ErrDeviceGone) {
		return c, err
	}
	if err != nil {
		text, errno := sysErr(err)
		c.Reason = strings.TrimSuffix(errno.Error()+": "+text, ": ")
		return c, nil
	}
	c.OK = true
	return c, nil
}
