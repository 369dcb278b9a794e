package kernel

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

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

// offloaded reports the types of programs that kernels load for devices. Of
// the others some answer EPERM whoever asks, so that only these tell about the
// caller's privilege.
func offloaded(typ bpf.ProgType) bool {
	return typ == bpf.ProgTypeXDP || typ == bpf.ProgTypeSchedCLS
}

// probePrograms tries every program type. The caller's lack of privilege is an
// error, not a missing capability.
func (d *Device) probePrograms(ctx context.Context, c *offload.Capabilities) error {
	for typ := bpf.ProgTypeSocketFilter; typ <= lastProgType; typ++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		log, err := d.tryLoad(typ, insnZero, insnExit)
		if errors.Is(err, unix.EPERM) && offloaded(typ) {
			return d.fail("probe "+d.name, err)
		}
		p := offload.Capability{Name: typ.String(), ID: uint32(typ), OK: err == nil}
		if err != nil {
			_, errno := sysErr(err)
			p.Reason = errno.Error()
			if words := lastWords(log); words != "" {
				p.Reason = words
			} else if offloaded(typ) {
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
	liftMemlock()
	fd, err := sys.CreateMap(sys.MapSpec{Type: typ, KeySize: key, ValueSize: value, MaxEntries: entries, Name: "probe", Ifindex: d.ifindex})
	if err == nil {
		unix.Close(fd)
	}
	return err
}

// probeMaps tries every map type, and the limits of those that are taken.
func (d *Device) probeMaps(ctx context.Context, c *offload.Capabilities) error {
	limits := limitProbe{sleep: time.Sleep}
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
		limits.freed = true
		m.MaxEntries = limits.most(mostEntries, func(n uint32) error { return d.tryMap(typ, 4, 8, n) })
		m.MaxKey = 4
		if typ != bpf.MapTypeArray {
			m.MaxKey = limits.most(mostKey, func(n uint32) error { return d.tryMap(typ, n, 8, 1) })
		}
		m.MaxValue = limits.most(mostValue, func(n uint32) error { return d.tryMap(typ, 4, n, 1) })
		c.Maps = append(c.Maps, m)
	}
	return nil
}

// limitProbe finds limits of a device by making things and freeing them at once.
// The kernel frees later than it says, from a worker, and until then what was
// made counts: a refusal for want of room is only believed when waiting does
// not help.
type limitProbe struct {
	sleep func(time.Duration)
	freed bool // something was made and freed that may still count
}

// How long to wait for what was freed: each time twice as long.
const (
	firstWait = time.Millisecond
	lastWait  = 256 * time.Millisecond
)

// most returns the largest n from 1, which fits, to high that fits, supposing
// that whatever is smaller than something that fits fits too.
func (p *limitProbe) most(high uint32, try func(n uint32) error) uint32 {
	n := sort.Search(int(high-1), func(i int) bool { return !p.fits(uint32(i)+2, try) })
	return uint32(n) + 1
}

// fits tries one size.
func (p *limitProbe) fits(n uint32, try func(n uint32) error) bool {
	err := try(n)
	for wait := firstWait; p.freed && noRoom(err) && wait <= lastWait; wait *= 2 {
		p.sleep(wait)
		err = try(n)
	}
	p.freed = err == nil || p.freed && !noRoom(err)
	return err == nil
}

// noRoom reports the errors by which a device says that something is too much
// besides what it holds.
func noRoom(err error) bool {
	return errors.Is(err, unix.ENOMEM) || errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.E2BIG) || errors.Is(err, unix.EBUSY)
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
