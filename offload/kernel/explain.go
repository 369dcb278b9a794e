package kernel

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/object"
)

// sysErr splits an error of the kernel into its words and its number.
func sysErr(err error) (string, error) {
	var op *netlink.OpError
	if errors.As(err, &op) {
		text := op.Message
		var errno unix.Errno
		if errors.As(op.Err, &errno) {
			return text, errno
		}
		return text, op.Err
	}
	var errno unix.Errno
	if errors.As(err, &errno) {
		return "", errno
	}
	return "", err
}

// fail makes an *offload.Error of a kernel error, with the explanations that
// hold for every operation.
func (d *Device) fail(op string, err error) error {
	if err == nil {
		return nil
	}
	var done *offload.Error
	if errors.As(err, &done) {
		return err
	}
	text, errno := sysErr(err)
	e := &offload.Error{Op: op, Err: errno, Text: text}
	switch {
	case errors.Is(errno, unix.ENODEV):
		e.Kind = offload.ErrDeviceGone
		e.Reason = "no such interface; `offload dev list` shows what there is"
	case errors.Is(errno, unix.EPERM), errors.Is(errno, unix.EACCES) && !strings.Contains(op, "load"):
		e.Kind = offload.ErrPermission
		e.Reason = "it takes CAP_NET_ADMIN and CAP_SYS_ADMIN: run it as root"
	case errors.Is(errno, unix.ENOSYS):
		e.Kind = offload.ErrNotSupported
		e.Reason = "this kernel is built without bpf(2)"
	case errors.Is(errno, sys.ENOTSUPP):
		e.Kind, e.Err = offload.ErrNotSupported, offload.ErrNotSupported
	case errors.Is(errno, unix.EOPNOTSUPP):
		e.Kind = offload.ErrNotSupported
	case errors.Is(errno, unix.EBUSY), errors.Is(errno, unix.EEXIST):
		e.Kind = offload.ErrBusy
	}
	if e.Kind == nil && d.vanished() {
		// The kernel has many answers for a device that has gone meanwhile.
		e.Kind, e.Reason = offload.ErrDeviceGone, fmt.Sprintf("%s has gone away meanwhile", d.name)
	}
	return e
}

// vanished reports whether the interface is gone.
func (d *Device) vanished() bool {
	if d.rt == nil || d.ifindex == 0 {
		return false
	}
	_, err := d.rt.linkByIndex(d.ifindex)
	return errors.Is(err, unix.ENODEV)
}

// reason ties a kernel's answer to what it means and what to change. An empty
// text in the table stands for an answer without words.
type reason struct {
	errno unix.Errno
	text  string // part of the kernel's words; "" only matches none
	typ   object.Type
	mode  offload.Mode
	any   bool // any mode
	say   string
}

var attachReasons = []reason{
	{unix.EBUSY, "XDP program already attached", object.XDP, 0, true, "use `offload replace`, or attach with --force"},
	{unix.EBUSY, "Can't replace active BPF XDP link", object.XDP, 0, true, "a bpf_link of another process holds the hook; end that process or update the program through its link"},
	{unix.EBUSY, "TC program is already loaded", object.XDP, 0, true, "the device runs one program at a time and a tc program is on it; detach it with `offload detach --tc`"},
	{unix.EBUSY, "states mismatch", object.TC, 0, true, "the device runs one program at a time and another is on it; `offload show` tells which, detach it first or replace that one with its --pref and --handle"},
	{unix.EBUSY, "FW does not support live reload", object.UnknownType, 0, true, "the card's firmware cannot replace a running program; detach first, packets are not processed in between"},
	{unix.EBUSY, "", object.UnknownType, offload.Hardware, false, "the device runs a program of the other kind (XDP or tc) already; detach it first"},
	{unix.EEXIST, "can't be active at the same time", object.XDP, 0, true, "a port runs XDP either in the driver or in the network core; detach the other mode first"},
	{unix.EEXIST, "Active program does not match expected", object.XDP, 0, true, "somebody else has changed the program meanwhile; look at `offload show` and try again"},
	{unix.EEXIST, "Filter already exists", object.TC, 0, true, "use `offload replace`, attach with --force, or choose another --pref or --handle"},
	{unix.EEXIST, "", object.TC, 0, true, "use `offload replace`, attach with --force, or choose another --pref or --handle"},
	{unix.EINVAL, "non-bound program", object.XDP, 0, true, "the program was not loaded for this device, or its device is gone; load it again"},
	{unix.EINVAL, "bound to different dev", object.UnknownType, 0, true, "load the program for this device"},
	{unix.EINVAL, "without HW_MODE flag", object.XDP, 0, true, "a program loaded for a device only runs on it: attach it with --mode hw"},
	{unix.EINVAL, "MTU too large", object.XDP, 0, true, "lower the interface's MTU first"},
	{unix.EINVAL, "Parent Qdisc doesn't exist", object.TC, 0, true, "the interface has no clsact; attach adds it unless told to keep the device as it is"},
	{unix.EINVAL, "More than one program loaded", object.XDP, 0, true, "name the mode to detach"},
	{unix.EINVAL, "", object.XDP, offload.Hardware, false, "the driver of this interface has no XDP offload, or the program was loaded for another device"},
	{unix.EINVAL, "", object.TC, 0, true, "the flags of a filter cannot change: detach it and attach it anew; and a program loaded for a device needs mode hw"},
	{unix.EOPNOTSUPP, "TC offload is disabled", object.TC, 0, true, "turn it on with `offload dev set DEV hw-tc-offload on`"},
	{unix.EOPNOTSUPP, "XDP offload disabled", object.XDP, 0, true, "the device is told to refuse XDP offload; nothing was changed"},
	{unix.EOPNOTSUPP, "driver XDP disabled", object.XDP, 0, true, "the device is told to refuse XDP in the driver; use --mode skb or hw"},
	{unix.EOPNOTSUPP, "reject BPF TC offload", object.TC, 0, true, "the device is told to refuse tc programs; nothing was changed"},
	{unix.EOPNOTSUPP, "reject unbound programs", object.TC, 0, true, "the device only takes programs that were loaded for it"},
	{unix.EOPNOTSUPP, "only ETH_P_ALL", object.TC, 0, true, "leave out --protocol: a program on the device sees every protocol"},
	{unix.EOPNOTSUPP, "only offload of chain 0", object.TC, 0, true, "leave out --chain"},
	{unix.EOPNOTSUPP, "packet split boundary", object.UnknownType, 0, true, "the program may reach behind the part of a packet that the card holds near; lower the MTU or read less of the packet"},
	{unix.EOPNOTSUPP, "stack too large", object.UnknownType, 0, true, "keep less on the stack, or call less deeply"},
	{unix.EOPNOTSUPP, "program too long", object.UnknownType, 0, true, "make the program shorter; `offload check` tells the limit"},
	{unix.EOPNOTSUPP, "", object.TC, offload.Hardware, false, "the driver of this interface does not take this filter: no tc offload at all, or not at egress"},
	{unix.EOPNOTSUPP, "", object.XDP, 0, true, "the driver of this interface has no XDP in this mode"},
	{unix.ENODEV, "", object.UnknownType, 0, true, "the device is gone"},
}

// attachError explains what the kernel answered to an attach, replace or
// detach.
func (d *Device) attachError(op string, h offload.Hook, err error) error {
	e := d.fail(op, err)
	var oe *offload.Error
	if !errors.As(e, &oe) {
		return e
	}
	var errno unix.Errno
	if !errors.As(err, &errno) || d.vanished() {
		return e
	}
	for _, r := range attachReasons {
		if r.errno != errno || r.typ != object.UnknownType && r.typ != h.Type || !r.any && r.mode != h.Mode {
			continue
		}
		if r.text == "" && oe.Text != "" || r.text != "" && !strings.Contains(oe.Text, r.text) {
			continue
		}
		oe.Reason = strings.ReplaceAll(r.say, "DEV", d.name)
		break
	}
	return e
}

// loadError explains a program that was not loaded.
func (d *Device) loadError(op string, p *object.Program, mode offload.Mode, log string, err error) error {
	e := d.fail(op, err)
	var oe *offload.Error
	if !errors.As(e, &oe) || errors.Is(oe.Kind, offload.ErrDeviceGone) {
		return e
	}
	oe.Log = log
	oe.Text = lastWords(log)
	driver := strings.HasPrefix(oe.Text, "[")
	switch {
	case errors.Is(err, unix.EPERM):
		return e
	case oe.Text != "" && !strings.HasPrefix(oe.Text, "[netdevsim] Hello"):
		oe.Reason = d.atLine(p, lastInsn(log))
		if strings.Contains(oe.Text, "offload device mismatch") {
			oe.Reason = "a map of the program does not live on " + d.name
		}
		if driver {
			oe.Reason = joinReasons("the device's driver refuses it", oe.Reason)
		}
	case mode != offload.Hardware:
	case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.EINVAL):
		oe.Kind = offload.ErrNotSupported
		oe.Reason = d.whyNoLoad(oe.Text)
	}
	return e
}

// whyNoLoad explains a refusal without words, by looking at the device.
func (d *Device) whyNoLoad(words string) string {
	l, err := d.now()
	if err != nil {
		return "the interface is gone"
	}
	if l.bus != "" {
		if words != "" {
			return "the device's driver refused the program at the end of the verification"
		}
		return "the device's driver refused to take a program; `offload features " + d.name + "` shows what it takes"
	}
	kind := l.kind
	if d.name == "lo" {
		kind = "loopback"
	}
	if kind == "" {
		kind = "plain"
	}
	return fmt.Sprintf("%s is a %s interface and cannot run programs in hardware; `offload dev list` shows those that can, and --mode drv, skb or skip_hw run it on the host", d.name, kind)
}

// atLine names the instruction and the C line of a refusal.
func (d *Device) atLine(p *object.Program, slot int) string {
	if slot < 0 || slot >= len(p.Insns) {
		return ""
	}
	if l := p.LineAt(slot); l != nil {
		return fmt.Sprintf("instruction %d, %s:%d: %s", slot, l.File, l.LineNo, strings.TrimSpace(l.Text))
	}
	return fmt.Sprintf("instruction %d", slot)
}

// mapError explains a map that was not made.
func (d *Device) mapError(op string, m *object.Map, onDevice bool, err error) error {
	e := d.fail(op, err)
	var oe *offload.Error
	if !errors.As(e, &oe) || errors.Is(err, unix.EPERM) || !onDevice || errors.Is(oe.Kind, offload.ErrDeviceGone) {
		return e
	}
	var errno unix.Errno
	errors.As(err, &errno)
	switch {
	case m.Type != mapHash && m.Type != mapArray:
		oe.Kind = offload.ErrNotSupported
		oe.Reason = "the kernel offloads hash and array maps only"
	case m.Flags != 0:
		oe.Kind = offload.ErrNotSupported
		oe.Reason = fmt.Sprintf("a map on a device takes no flags, this one has %#x", m.Flags)
		if strings.HasPrefix(m.Name, ".") {
			oe.Reason += "; it holds global variables or constants: keep them in a map of your own or on the stack"
		}
	case errno == unix.ENOMEM:
		oe.Reason = fmt.Sprintf("%d entries of %d + %d bytes are more than the device has room for; `offload features %s` shows its limits", m.MaxEntries, m.KeySize, m.ValueSize, d.name)
	case errno == unix.EOPNOTSUPP, errno == unix.EINVAL:
		oe.Kind = offload.ErrNotSupported
		oe.Reason = "the device takes no map of this kind"
		if l, err := d.now(); err == nil && l.bus == "" {
			oe.Reason = d.whyNoLoad("")
		}
	}
	return e
}

// mapReason explains a failed operation on an entry.
func mapReason(op string, m offload.MapInfo, err error) string {
	var errno unix.Errno
	errors.As(err, &errno)
	switch {
	case errno == unix.ENODEV:
		return "the device that held the map is gone; load the program again"
	case errno == unix.E2BIG && m.Type == mapArray:
		return fmt.Sprintf("indexes go from 0 to %d", m.MaxEntries-1)
	case errno == unix.E2BIG:
		return fmt.Sprintf("the map is full, it has room for %d entries", m.MaxEntries)
	case errno == unix.EEXIST:
		return "the key is there already"
	case errno == unix.ENOENT:
		return "no entry with this key"
	case errno == unix.EINVAL && op == "delete" && m.Type == mapArray:
		return "entries of an array cannot be deleted; write zeros"
	case errno == unix.EPERM && os.Geteuid() != 0:
		return "run it as root"
	}
	return ""
}

func joinReasons(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}
