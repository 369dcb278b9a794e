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
	"github.com/skipsw/skipsw/translate/bpf"
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
		e.Reason, e.Advice = "no such interface", offload.AdviseList
	case errors.Is(errno, unix.EPERM), errors.Is(errno, unix.EACCES) && !strings.Contains(op, "load"):
		e.Kind = offload.ErrPermission
		e.Reason = "it takes CAP_NET_ADMIN and CAP_SYS_ADMIN: run it as root"
		if os.Geteuid() == 0 {
			e.Reason = "it takes CAP_NET_ADMIN and CAP_SYS_ADMIN, which this root lacks: a container's, or that of a user namespace"
		}
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
	do    offload.Advice
}

var attachReasons = []reason{
	{unix.EBUSY, "XDP program already attached", object.XDP, 0, true, "a program is there", offload.AdviseReplace},
	{unix.EBUSY, "Can't replace active BPF XDP link", object.XDP, 0, true, "a bpf_link of another process holds the hook; end that process or update the program through its link", 0},
	{unix.EBUSY, "TC program is already loaded", object.XDP, 0, true, "the device runs one program at a time and a tc program is on it", offload.AdviseDetachTC},
	{unix.EBUSY, "states mismatch", object.TC, 0, true, "the device runs one program at a time and another is on it", offload.AdviseDetachOther},
	{unix.EBUSY, "FW does not support live reload", object.UnknownType, 0, true, "the card's firmware cannot replace a running program; detach first, packets are not processed in between", 0},
	{unix.EBUSY, "", object.UnknownType, offload.Hardware, false, "the device runs a program of the other kind (XDP or tc) already; detach it first", 0},
	{unix.EEXIST, "can't be active at the same time", object.XDP, 0, true, "a port runs XDP either in the driver or in the network core; detach the other mode first", 0},
	{unix.EEXIST, "Active program does not match expected", object.XDP, 0, true, "somebody else has changed the program meanwhile", offload.AdviseShowRetry},
	{unix.EEXIST, "Filter already exists", object.TC, 0, true, "a filter of this preference and handle is there", offload.AdviseReplaceOrMove},
	{unix.EEXIST, "", object.TC, 0, true, "a filter of this preference and handle is there", offload.AdviseReplaceOrMove},
	{unix.EINVAL, "non-bound program", object.XDP, 0, true, "the program was not loaded for this device, or its device is gone; load it again", 0},
	{unix.EINVAL, "bound to different dev", object.UnknownType, 0, true, "load the program for this device", 0},
	{unix.EINVAL, "without HW_MODE flag", object.XDP, 0, true, "a program loaded for a device only runs on it", offload.AdviseHardware},
	{unix.EINVAL, "MTU too large", object.XDP, 0, true, "lower the interface's MTU first", 0},
	{unix.EINVAL, "Parent Qdisc doesn't exist", object.TC, 0, true, "the interface has no clsact; attach adds it unless told to keep the device as it is", 0},
	{unix.EINVAL, "More than one program loaded", object.XDP, 0, true, "name the mode to detach", 0},
	{unix.EINVAL, "", object.XDP, offload.Hardware, false, "the driver of this interface has no XDP offload, or the program was loaded for another device", 0},
	{unix.EINVAL, "", object.TC, 0, true, "the flags of a filter cannot change: detach it and attach it anew; and a program loaded for a device needs mode hw", 0},
	{unix.EOPNOTSUPP, "TC offload is disabled", object.TC, 0, true, "the device has it turned off", offload.AdviseTCOffload},
	{unix.EOPNOTSUPP, "XDP offload disabled", object.XDP, 0, true, "the device is told to refuse XDP offload; nothing was changed", 0},
	{unix.EOPNOTSUPP, "driver XDP disabled", object.XDP, 0, true, "the device is told to refuse XDP in the driver", offload.AdviseNotDriver},
	{unix.EOPNOTSUPP, "reject BPF TC offload", object.TC, 0, true, "the device is told to refuse tc programs; nothing was changed", 0},
	{unix.EOPNOTSUPP, "reject unbound programs", object.TC, 0, true, "the device only takes programs that were loaded for it", 0},
	{unix.EOPNOTSUPP, "only ETH_P_ALL", object.TC, 0, true, "a program on the device sees every protocol", offload.AdviseNoProtocol},
	{unix.EOPNOTSUPP, "only offload of chain 0", object.TC, 0, true, "the device knows no chains", offload.AdviseNoChain},
	{unix.EOPNOTSUPP, "packet split boundary", object.UnknownType, 0, true, "the program may reach behind the part of a packet that the card holds near; lower the MTU or read less of the packet", 0},
	{unix.EOPNOTSUPP, "stack too large", object.UnknownType, 0, true, "keep less on the stack, or call less deeply", 0},
	{unix.EOPNOTSUPP, "program too long", object.UnknownType, 0, true, "make the program shorter", offload.AdviseCheck},
	{unix.EOPNOTSUPP, "", object.TC, offload.Hardware, false, "the driver of this interface does not take this filter: no tc offload at all, or not at egress", 0},
	{unix.EOPNOTSUPP, "", object.XDP, 0, true, "the driver of this interface has no XDP in this mode", 0},
	{unix.ENOENT, "", object.UnknownType, 0, true, "the program has gone meanwhile: another command has detached or replaced it", offload.AdviseShow},
	{unix.ENOENT, "not found", object.TC, 0, true, "the filter has gone meanwhile: another command has detached it", offload.AdviseShow},
	{unix.ENODEV, "", object.UnknownType, 0, true, "the device is gone", 0},
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
		oe.Reason, oe.Advice = r.say, r.do
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
		oe.Reason = joinReasons(olderISA(oe.Text), oe.Reason)
		if driver {
			oe.Reason = joinReasons("the device's driver refuses it", oe.Reason)
		}
	case mode != offload.Hardware:
	case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.EINVAL):
		oe.Kind = offload.ErrNotSupported
		oe.Reason, oe.Advice = d.whyNoLoad(oe.Text)
	}
	return e
}

// whyNoLoad explains a refusal without words, by looking at the device.
func (d *Device) whyNoLoad(words string) (string, offload.Advice) {
	l, err := d.now()
	if err != nil {
		return "the interface is gone", offload.NoAdvice
	}
	if l.bus != "" {
		if words != "" {
			return "the device's driver refused the program at the end of the verification", offload.NoAdvice
		}
		return "the device's driver refused to take a program", offload.AdviseFeatures
	}
	kind := l.kind
	if d.name == "lo" {
		kind = "loopback"
	}
	if kind == "" {
		kind = "plain"
	}
	return fmt.Sprintf("%s is a %s interface and cannot run programs in hardware", d.name, kind), offload.AdviseHostMode
}

// atLine names the instruction and the C line of a refusal.
func (d *Device) atLine(p *object.Program, slot int) string {
	if slot < 0 || slot >= len(p.Insns) {
		return ""
	}
	if l := p.PlaceAt(slot); l != nil {
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
	case m.Type != bpf.MapTypeHash && m.Type != bpf.MapTypeArray:
		oe.Kind = offload.ErrNotSupported
		oe.Reason = "the kernel offloads hash and array maps only"
	case m.Flags != 0:
		oe.Kind = offload.ErrNotSupported
		oe.Reason = fmt.Sprintf("a map on a device takes no flags, this one has %#x", m.Flags)
		if strings.HasPrefix(m.Name, ".") {
			oe.Reason += "; it holds global variables or constants: keep them in a map of your own or on the stack"
		}
	case errno == unix.ENOMEM:
		oe.Reason = fmt.Sprintf("%d entries of %d + %d bytes are more than the device has room for", m.MaxEntries, m.KeySize, m.ValueSize)
		oe.Advice = offload.AdviseFeatures
	case errno == unix.EOPNOTSUPP, errno == unix.EINVAL:
		oe.Kind = offload.ErrNotSupported
		oe.Reason = "the device takes no map of this kind"
		if l, err := d.now(); err == nil && l.bus == "" {
			oe.Reason, oe.Advice = d.whyNoLoad("")
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
	case errno == unix.E2BIG && m.Type == bpf.MapTypeArray:
		return fmt.Sprintf("indexes go from 0 to %d", m.MaxEntries-1)
	case errno == unix.E2BIG:
		return fmt.Sprintf("the map is full, it has room for %d entries", m.MaxEntries)
	case errno == unix.EEXIST:
		return "the key is there already"
	case errno == unix.ENOENT:
		return "no entry with this key"
	case errno == unix.EINVAL && op == "delete" && m.Type == bpf.MapTypeArray:
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
