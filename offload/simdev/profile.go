package simdev

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/sim"
)

// Profile implements offload.Profiler. A machine that counts is slower, so the
// program gets one for the while, as it would by a replacement by itself.
func (d *Device) Profile(ctx context.Context, long time.Duration) (*offload.Profile, error) {
	op := "profile " + d.name
	if err := d.enter(op); err != nil {
		return nil, err
	}
	p := d.running
	d.mu.Unlock()
	switch {
	case p == nil:
		return nil, offload.Advise(fmt.Errorf("%s: nothing is attached", op), offload.AdviseAttach)
	case long <= 0:
		return nil, fmt.Errorf("%s: for %v, which is no while", op, long)
	}
	spec := d.parameters()
	spec.Profile = true
	counting, err := sim.New(p.src.Image, spec)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	began, plain, end, err := d.watch(op, p, counting)
	if err != nil {
		return nil, err
	}
	timer := time.NewTimer(long)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-end:
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	p.watched = false
	if err := errors.Join(p.runOn(plain), d.fillNetwork(plain)); err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	got := counting.Profile()
	return &offload.Profile{Program: p.id, Image: p.src.Image, Packets: p.runs - began, Count: got.Count, Cycles: got.Cycles}, nil
}

// watch lets a program run on a machine that counts. It returns how many packets
// it had seen, the machine that it ran on, and what is closed when it is replaced.
func (d *Device) watch(op string, p *program, counting *sim.Machine) (began uint64, plain *sim.Machine, end <-chan struct{}, err error) {
	if err := d.enter(op); err != nil {
		return 0, nil, nil, err
	}
	defer d.mu.Unlock()
	switch {
	case d.running != p:
		return 0, nil, nil, refuse(offload.ErrBusy, offload.AdviseShowRetry, "somebody else has changed the program meanwhile", op)
	case p.watched:
		return 0, nil, nil, refuse(offload.ErrBusy, offload.NoAdvice, "somebody else watches the program", op)
	}
	plain = p.machine
	if err := errors.Join(p.runOn(counting), d.fillNetwork(counting)); err != nil {
		return 0, nil, nil, fmt.Errorf("%s: %w", op, err)
	}
	p.watched = true
	return p.runs, plain, p.end, nil
}

// runOn moves a program with its maps to another machine of the same image. Maps
// that live with another program by now stay there.
func (p *program) runOn(to *sim.Machine) error {
	from := p.machine
	for i, m := range p.maps {
		name := p.src.Maps[i].Name
		here, ok := from.Map(name)
		there, too := to.Map(name)
		if !ok || !too || m.home != here {
			continue
		}
		if err := there.CopyFrom(here); err != nil {
			return fmt.Errorf("move map %s: %w", name, err)
		}
		m.home = there
	}
	p.machine = to
	return nil
}
