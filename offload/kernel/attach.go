package kernel

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/object"
)

// Attached implements offload.Device. tc filters of other kinds than bpf are
// left out.
func (d *Device) Attached(context.Context) ([]offload.Attachment, error) {
	op := "list what is attached to " + d.name
	l, err := d.now()
	if err != nil {
		return nil, err
	}
	var all []offload.Attachment
	for _, x := range []struct {
		mode offload.Mode
		id   uint32
	}{{offload.Hardware, l.xdp.hw}, {offload.Driver, l.xdp.drv}, {offload.Generic, l.xdp.skb}} {
		if x.id == 0 {
			continue
		}
		a := offload.Attachment{Hook: offload.Hook{Type: object.XDP, Mode: x.mode}, ID: x.id, InHW: x.mode == offload.Hardware}
		all = append(all, a)
	}
	filters, err := d.rt.filters(d.ifindex)
	if err != nil {
		return nil, d.fail(op, err)
	}
	for _, f := range filters {
		if f.kind != "bpf" {
			continue
		}
		all = append(all, offload.Attachment{
			Hook: f.hook, ID: f.id, Tag: f.tag, Filter: f.name,
			InHW: f.gen&genInHW != 0, NotInHW: f.gen&genNotInHW != 0,
		})
	}
	links, _ := sys.XDPLinks(uint32(d.ifindex)) // none for a caller without privilege
	for i := range all {
		if err := d.describe(&all[i]); err != nil {
			return nil, d.fail(op, err)
		}
		all[i].Link = all[i].Type == object.XDP && links[all[i].ID]
	}
	return all, nil
}

// describe fills in what the kernel knows about an attachment's program. A
// caller without privilege, and a program whose device has gone, leave the
// attachment with what the listing said.
func (d *Device) describe(a *offload.Attachment) error {
	if a.ID == 0 {
		return nil
	}
	p, err := sys.ReadProgID(a.ID)
	switch {
	case errors.Is(err, unix.ENODEV):
		a.Orphan = true
		return nil
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.ENOENT):
		return nil
	case err != nil:
		return err
	}
	a.Tag, a.Name, a.Runs = p.Tag, p.Name, p.RunCount
	a.Device = d.deviceName(p.Ifindex, p.Netns)
	a.LoadedAt = bootTime().Add(p.Loaded)
	var names map[int]string
	if p.BTF != 0 && len(p.MapIDs) > 0 {
		names = mapNames(p.BTF)
	}
	for place, id := range p.MapIDs {
		mi, err := d.mapByID(id)
		if err != nil {
			if sys.Gone(err) {
				continue
			}
			return err
		}
		mi.FullName = names[place]
		a.Maps = append(a.Maps, mi)
	}
	a.Kept = strings.Join(heldOf(a.Maps), ", ")
	return nil
}

// bootTime returns when the kernel's boot clock began.
func bootTime() time.Time {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return time.Time{}
	}
	return time.Now().Add(-time.Duration(ts.Nano()))
}

// Attach implements offload.Device.
func (d *Device) Attach(ctx context.Context, l offload.Loaded, h offload.Hook, force bool) error {
	op := fmt.Sprintf("attach program %d to %s, %s", l.ID(), d.name, h)
	p, ok := l.(*loaded)
	if !ok {
		return fmt.Errorf("%s: not a program of this kernel", op)
	}
	if h.Type == object.XDP {
		flags := xdpFlags(h.Mode)
		if !force {
			flags |= unix.XDP_FLAGS_UPDATE_IF_NOEXIST
		}
		if err := d.rt.setXDP(d.ifindex, p.fd, flags, nil); err != nil {
			return d.sayWho(ctx, h, d.attachError(op, h, err))
		}
		return nil
	}
	if err := d.checkProgramDevice(op, p, h.Mode); err != nil {
		return err
	}
	all, err := d.rt.filters(d.ifindex)
	if err != nil {
		return d.attachError(op, h, err)
	}
	if err := prefInUse(all, h); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	flags := netlink.Create
	if !force {
		flags |= netlink.Excl
	}
	return d.sayWho(ctx, h, d.putFilter(op, p, h, flags, all))
}

// sayWho adds to the error of a hook that is taken what was there first.
func (d *Device) sayWho(ctx context.Context, h offload.Hook, err error) error {
	var e *offload.Error
	if !errors.As(err, &e) || e.Kind != offload.ErrBusy {
		return err
	}
	all, lerr := d.Attached(ctx)
	if lerr != nil {
		return err
	}
	for _, a := range all {
		if a.Same(h) && a.ID != 0 {
			e.Reason = joinReasons(e.Reason, strings.TrimSpace(fmt.Sprintf("program %d %s was first", a.ID, a.Name)))
		}
	}
	return err
}

// Replace implements offload.Device. For XDP the kernel compares the expected
// program and swaps in one step; a tc filter is compared just before it is
// changed in place.
func (d *Device) Replace(_ context.Context, l offload.Loaded, old offload.Attachment) error {
	op := fmt.Sprintf("replace program %d on %s, %s", old.ID, d.name, old.Hook)
	p, ok := l.(*loaded)
	if !ok {
		return fmt.Errorf("%s: not a program of this kernel", op)
	}
	if old.Type == object.XDP {
		fd, err := sys.OpenID(sys.Progs, old.ID)
		if err != nil {
			return d.attachError(op, old.Hook, err)
		}
		defer unix.Close(fd)
		if err := d.rt.setXDP(d.ifindex, p.fd, xdpFlags(old.Mode), &fd); err != nil {
			return d.attachError(op, old.Hook, err)
		}
		return nil
	}
	if err := d.checkProgramDevice(op, p, old.Mode); err != nil {
		return err
	}
	all, err := d.rt.filters(d.ifindex)
	if err != nil {
		return d.attachError(op, old.Hook, err)
	}
	now := findFilter(all, old.Hook)
	if now == nil || now.id != old.ID {
		return &offload.Error{Op: op, Kind: offload.ErrBusy, Reason: "somebody else has changed the filter meanwhile", Advice: offload.AdviseShowRetry}
	}
	return d.putFilter(op, p, old.Hook, netlink.Create, all)
}

func findFilter(all []filter, h offload.Hook) *filter {
	for i := range all {
		if all[i].kind == "bpf" && all[i].hook.Same(h) {
			return &all[i]
		}
	}
	return nil
}

// putFilter adds or changes a filter. A change that the device refuses leaves
// the old filter working but marked as not offloaded; then the old program is
// put again, which sets the mark right.
func (d *Device) putFilter(op string, p *loaded, h offload.Hook, flags netlink.HeaderFlags, before []filter) error {
	name := fmt.Sprintf("%s:[%d]", h.Type, p.id)
	if pi, err := sys.ReadProg(p.fd); err == nil && pi.Name != "" {
		name = pi.Name
	}
	err := d.rt.setFilter(d.ifindex, h, p.fd, name, genOf(h.Mode), flags)
	if err == nil {
		return nil
	}
	fail := d.attachError(op, h, err)
	old := findFilter(before, h)
	if old == nil || old.gen&genInHW == 0 || flags&netlink.Excl != 0 {
		return fail
	}
	now, lerr := d.rt.filters(d.ifindex)
	if lerr != nil {
		return errors.Join(fail, lerr)
	}
	f := findFilter(now, h)
	if f == nil || f.id != old.id || f.gen&genInHW != 0 {
		return fail
	}
	if rerr := d.putBack(old); rerr != nil {
		if e := new(offload.Error); errors.As(fail, &e) {
			e.Reason = joinReasons(e.Reason, "the old program still runs on the device, but the kernel shows its filter without in_hw until it is replaced or removed")
		}
	}
	return fail
}

// putBack sets a filter to the program that it has.
func (d *Device) putBack(f *filter) error {
	fd, err := sys.OpenID(sys.Progs, f.id)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return d.rt.setFilter(d.ifindex, f.hook, fd, f.name, genOf(f.hook.Mode), netlink.Create)
}

// checkProgramDevice makes the check that tc does not: an offloaded program
// must have been loaded for this interface or for another port of the same
// device.
func (d *Device) checkProgramDevice(op string, p *loaded, mode offload.Mode) error {
	if mode != offload.Hardware {
		return nil
	}
	pi, err := sys.ReadProg(p.fd)
	if err != nil {
		return d.fail(op, err)
	}
	if pi.Ifindex == 0 || int(pi.Ifindex) == d.ifindex {
		return nil
	}
	there, err := d.rt.linkByIndex(int(pi.Ifindex))
	if err != nil {
		return d.fail(op, err)
	}
	here, err := d.now()
	if err != nil {
		return err
	}
	if there.bus != "" && there.bus == here.bus && there.busID == here.busID {
		return nil
	}
	return &offload.Error{
		Op: op, Err: unix.EINVAL, Text: "program bound to different dev",
		Reason: fmt.Sprintf("the program was loaded for %s; tc would take it and the device would not run it. Load it for %s", there.name, d.name),
	}
}

// Detach implements offload.Device.
func (d *Device) Detach(_ context.Context, a offload.Attachment) error {
	op := fmt.Sprintf("detach program %d from %s, %s", a.ID, d.name, a.Hook)
	var err error
	if a.Type == object.XDP {
		err = d.detachXDP(a)
	} else {
		err = d.rt.delFilter(d.ifindex, a.Hook)
	}
	if err != nil {
		return d.attachError(op, a.Hook, err)
	}
	return nil
}

// detachXDP removes the program only if it is still the one of a.
func (d *Device) detachXDP(a offload.Attachment) error {
	fd, err := sys.OpenID(sys.Progs, a.ID)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return d.rt.setXDP(d.ifindex, -1, xdpFlags(a.Mode), &fd)
}

func xdpFlags(m offload.Mode) uint32 {
	switch m {
	case offload.Hardware:
		return unix.XDP_FLAGS_HW_MODE
	case offload.Driver:
		return unix.XDP_FLAGS_DRV_MODE
	}
	return unix.XDP_FLAGS_SKB_MODE
}
