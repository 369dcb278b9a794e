package nic

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/skipsw/skipsw/internal/plain"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/tunnel"
)

// Traffic is a run of a card that goes on step by step.
type Traffic struct {
	run   *run
	every uint64       // cycles between two samples; 0 takes none
	see   func(Sample) // takes them
}

// Start lets traffic in, one input a port. Maps have their initial contents then.
// Inputs are used up. One run of a card goes on at a time.
func (c *Card) Start(in []Input) (*Traffic, error) {
	if err := c.takes(in); err != nil {
		return nil, fmt.Errorf("nic: %w", err)
	}
	if err := c.sys.Reset(); err != nil {
		return nil, err
	}
	r := newRun(c, in)
	if err := c.sys.StartFeed(r); err != nil {
		return nil, err
	}
	r.window.begins(r)
	return &Traffic{run: r}, nil
}

// Step does what happens before a cycle, and reports whether traffic is left.
func (t *Traffic) Step(until uint64) bool { return t.run.card.sys.Step(until) }

// Run goes on until all traffic has left the card, or ctx ends; the result then is of
// what happened until then and says so.
func (t *Traffic) Run(ctx context.Context) (*Result, error) {
	r := t.run
	step := uint64(slice)
	if t.every > 0 {
		step = t.every
	}
	var last, next snapshot
	r.snapshot(&last, sim.Moment{Cycle: r.now})
	for until := r.now + step; r.card.sys.Step(until); until += step {
		if t.every > 0 {
			r.snapshot(&next, sim.Moment{Cycle: until})
			t.see(r.sample(&last, &next))
			last = next
		}
		if ctx.Err() != nil {
			r.partial = true
			break
		}
	}
	if r.err != nil {
		return nil, fmt.Errorf("nic: %w", r.err)
	}
	return r.result(), nil
}

// Save writes the state of the card and of the run, between two steps.
func (t *Traffic) Save(w io.Writer) error { return t.run.over(plain.NewWriter(w)) }

// Resume goes on with a run that Save wrote, on a card that has the same image and
// Spec, with the same inputs, not used yet. It gives the same result as if the run
// had never been left. After an error the card is of no use.
func (c *Card) Resume(r io.Reader, in []Input) (*Traffic, error) {
	if err := c.takes(in); err != nil {
		return nil, fmt.Errorf("nic: %w", err)
	}
	t := &Traffic{run: newRun(c, in)}
	if err := t.run.over(plain.NewReader(r)); err != nil {
		return nil, err
	}
	return t, nil
}

// over goes over the card and the run.
func (r *run) over(c *plain.Codec) error {
	s := r.card.spec
	s.Machine, s.Leave = sim.Spec{}, nil
	c.Same("the card's Spec", fmt.Sprintf("%+v", s))
	plain.Pointers(c, func(*tunnel.Key) uint64 { return 0 }, func(uint64) (*tunnel.Key, error) {
		return nil, errors.New("a frame with a tunnel key, which no port of such a card gives it")
	})
	r.card.sys.State(c, r)
	for i := range r.rx {
		r.rx[i].state(c, i)
	}
	c.Value(
		&r.tx, &r.host, &r.wait, &r.work, &r.again, &r.busy, &r.held, &r.lanes, &r.parked, &r.counts, &r.inBits, &r.newest, &r.queues, &r.window, &r.now, &r.last, &r.all, &r.idle,
	)
	r.card.sys.FaultState(c, &r.fault)
	r.card.use.state(c)
	if err := c.End(); err != nil {
		return fmt.Errorf("nic: checkpoint: %w", err)
	}
	return nil
}

// state goes over the receiving side of a port. One that reads lets its source give
// what it had given.
func (rx *receiver) state(c *plain.Codec, port int) {
	taken := rx.taken
	c.Value(&taken)
	for c.Reading() && rx.taken < taken && rx.taken <= rx.in.Source.Packets() {
		rx.in.Source.Next(&rx.next.packet)
		rx.taken++
	}
	if rx.taken != taken {
		c.Fail(fmt.Errorf("the input of port %d has %d frames, and had %d or more", port, rx.in.Source.Packets(), taken-1))
	}
	c.Value(rx.in.Pace, &rx.free, &rx.next, &rx.some, &rx.late)
}

// state goes over what was counted.
func (u *usage) state(c *plain.Codec) {
	c.Value(&u.served, &u.servedOwn)
	for i := range u.counts {
		u.counts[i].state(c)
	}
}

// state goes over what was counted of some parts.
func (n *counting) state(c *plain.Codec) {
	count := len(n.owners)
	c.Value(&count)
	if c.Reading() {
		n.owners, n.last = nil, nil
		clear(n.of)
	}
	for i := range count {
		if c.Reading() {
			n.owners = append(n.owners, &owner{})
		}
		o := n.owners[i]
		c.Value(&o.region, &o.name, &o.busy)
		n.of[o.region] = o
	}
}
