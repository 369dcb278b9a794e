package kernel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/object"
)

// Prepare implements offload.Preparer: a tc hook needs clsact, and hardware mode
// hw-tc-offload. XDP needs nothing.
func (d *Device) Prepare(_ context.Context, h offload.Hook) ([]offload.Step, error) {
	if h.Type != object.TC {
		return nil, nil
	}
	var steps []offload.Step
	if h.Mode == offload.Hardware {
		f, err := d.TCOffload()
		if err != nil {
			return nil, err
		}
		if !f.Active {
			steps = append(steps, offload.Step{
				Name:   fmt.Sprintf("turn on %s of %s", tcOffload, d.name),
				Do:     func(context.Context) error { return d.SetTCOffload(true) },
				Undo:   func(context.Context) error { return d.unsetTCOffload() },
				Record: record{Op: recordFeature, Ifindex: d.ifindex}.encode(),
			})
		}
	}
	kind, err := d.rt.qdiscKind(d.ifindex)
	if err != nil {
		return nil, d.fail("list queueing disciplines of "+d.name, err)
	}
	if kind == "" {
		made := false // else another has made it meanwhile, which is as good
		steps = append(steps, offload.Step{
			Name: "add clsact to " + d.name,
			Do: func(context.Context) error {
				err := d.AddClsact()
				made = err == nil
				if errors.Is(err, unix.EEXIST) {
					return nil
				}
				return err
			},
			Undo: func(context.Context) error {
				if !made {
					return nil
				}
				return d.RemoveEmptyClsact()
			},
			Record: record{Op: recordClsact, Ifindex: d.ifindex}.encode(),
		})
	}
	return steps, nil
}

// TCOffload returns the state of hw-tc-offload.
func (d *Device) TCOffload() (offload.Feature, error) {
	var f offload.Feature
	err := d.withEthtool(func(e *ethtool) (err error) {
		f, err = e.getFeature(d.ifindex, tcOffload)
		return err
	})
	if err != nil {
		return f, d.fail(fmt.Sprintf("read %s of %s", tcOffload, d.name), err)
	}
	return f, nil
}

// SetTCOffload turns hw-tc-offload on or off. The error says when the device
// cannot, or will not because a filter is offloaded.
func (d *Device) SetTCOffload(on bool) error {
	op := fmt.Sprintf("turn on %s of %s", tcOffload, d.name)
	if !on {
		op = fmt.Sprintf("turn off %s of %s", tcOffload, d.name)
	}
	err := d.withEthtool(func(e *ethtool) error { return e.setFeature(d.ifindex, tcOffload, on) })
	if err == nil {
		return nil
	}
	var refused *refusedError
	if errors.As(err, &refused) {
		e := &offload.Error{Op: op, Kind: offload.ErrBusy, Err: err, Reason: "a program is offloaded on it; detach it first"}
		if !refused.now.Changeable {
			e.Kind, e.Reason = offload.ErrNotSupported, "this device cannot offload tc filters"
		}
		return e
	}
	return d.fail(op, err)
}

func (d *Device) withEthtool(f func(*ethtool) error) error {
	e, err := dialEthtool(d.ns)
	if err != nil {
		return err
	}
	defer e.close()
	return f(e)
}

// unsetTCOffload turns hw-tc-offload off again, unless somebody has come to use
// it.
func (d *Device) unsetTCOffload() error {
	err := d.SetTCOffload(false)
	if errors.Is(err, offload.ErrBusy) {
		return nil
	}
	return err
}

// AddClsact adds the queueing discipline that filters hang on.
func (d *Device) AddClsact() error {
	if err := d.rt.addClsact(d.ifindex); err != nil {
		return d.fail("add clsact to "+d.name, err)
	}
	return nil
}

// RemoveClsact removes the queueing discipline with all its filters.
func (d *Device) RemoveClsact() error {
	if err := d.rt.delClsact(d.ifindex); err != nil {
		return d.fail("remove clsact from "+d.name, err)
	}
	return nil
}

// RemoveEmptyClsact removes clsact unless somebody has put a filter there.
func (d *Device) RemoveEmptyClsact() error {
	all, err := d.rt.filters(d.ifindex)
	if err != nil {
		return d.fail("list filters of "+d.name, err)
	}
	if len(all) > 0 {
		return nil
	}
	err = d.RemoveClsact()
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EINVAL) {
		return nil // it is not there
	}
	return err
}

// Tidy implements offload.Tidier: it removes a clsact that is empty.
func (d *Device) Tidy(context.Context) error { return d.RemoveEmptyClsact() }

// SetUp brings the interface up or down.
func (d *Device) SetUp(up bool) error {
	if err := d.rt.setUp(d.ifindex, up); err != nil {
		return d.fail("change state of "+d.name, err)
	}
	return nil
}

// SetMTU changes the interface's MTU, in bytes.
func (d *Device) SetMTU(mtu uint32) error {
	err := d.rt.setMTU(d.ifindex, mtu)
	if err == nil {
		return nil
	}
	e := d.fail(fmt.Sprintf("set the MTU of %s to %d", d.name, mtu), err)
	var oe *offload.Error
	if errors.Is(err, unix.EBUSY) && errors.As(e, &oe) {
		oe.Kind, oe.Reason = offload.ErrBusy, "an attached XDP program cannot take packets of this size; detach it first"
	}
	return e
}

// encode returns the journal's form of a record.
func (r record) encode() json.RawMessage {
	b, err := json.Marshal(r)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return b
}
