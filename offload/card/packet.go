package card

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/skipsw/skipsw/internal/packetrun"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/nic"
	"github.com/skipsw/skipsw/sim/tunnel"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/bug"
	"github.com/skipsw/skipsw/translate/object"
)

// fate is what becomes of a frame. Every frame that comes in has one.
type fate int

const (
	fateHost       fate = iota // given to the host
	fateSent                   // sent by a port as the program wants it
	fateFromHost               // sent by a port for the host
	fateDropped                // by verdict
	fateAborted                // by a verdict that is an error
	fateFault                  // its program broke a rule of the machine
	fateRedirected             // sent by a port that a helper named
	fateQueue                  // given to a queue of the host that a helper named
	fateEndDropped             // by the verdict of a program at a far end
	fateEndAborted             // by one that is an error there
	fateNowhere                // redirected to what the card has not
	fateTooLong                // no packet buffer of the simulator takes it
	fateForeign                // given to the host by a port whose tunnels it is of none of
	fateBroken                 // of a tunnel, and lost
	fateUnsent                 // of a program that sends it by a port in tunnel mode, which could not
	fateCount
)

var fateNames = [fateCount]string{"to_host", "sent", "from_host", "dropped", "aborted", "fault", "redirected", "redirected_to_host", "far_end_dropped", "far_end_aborted", "redirect_nowhere", "too_long", "not_of_tunnel", "broken_tunnel", "not_sent_by_tunnel"}

// handle takes a frame through the card.
func (c *Card) handle(a *arrival) {
	if t := c.fresh.Swap(nil); t != nil {
		c.moveTunnels(t)
	}
	if a.host {
		c.taps.see(a.port.n, In, true, a.buf, "")
		c.fates[fateFromHost].Add(1)
		c.leave(a.port, bytes.Clone(a.buf))
		return
	}
	frame, key, fate := a.port.receive(a.buf)
	if fate != tunnel.Inside {
		c.taps.see(a.port.n, In, false, a.buf, "")
		if fate == tunnel.Broken {
			c.fates[fateBroken].Add(1)
			return
		}
		c.fates[fateForeign].Add(1)
		c.toHost(a.port, bytes.Clone(a.buf))
		return
	}
	out, key, err := c.run(a, frame, key)
	var f *sim.Fault
	if errors.As(err, &f) && f.Kind == sim.FaultInput {
		c.taps.see(a.port.n, In, false, a.buf, "too long")
		c.fates[fateTooLong].Add(1)
		return
	}
	if err != nil {
		c.taps.see(a.port.n, In, false, a.buf, "fault")
		c.fates[fateFault].Add(1)
		c.log.Printf("port %d: %v", a.port.n, err)
		return
	}
	verdict := "no program"
	if out.Program != 0 {
		verdict = packetrun.VerdictName(out.Type.String(), out.Verdict)
	}
	c.taps.see(a.port.n, In, false, a.buf, verdict)
	what := fateOf(out)
	if what == fateRedirected {
		what = c.redirect(a.port, out, key)
	}
	switch what {
	case fateHost:
		c.toHost(a.port, out.Data)
	case fateSent:
		what = c.leaveBy(a.port, out.Data, key, what)
	}
	c.fates[what].Add(1)
	c.late(a.due, out.Cycles)
}

// run runs the program on a frame. What of the simulator gives way under words
// that it was not made for ends the frame, not the card.
func (c *Card) run(a *arrival, frame []byte, key *tunnel.Key) (out *offload.Outcome, left *tunnel.Key, err error) {
	defer bug.Catch("the card", &err)
	return c.dev.RunTunnelled(context.Background(), offload.Packet{Data: frame, Port: a.port.n}, key)
}

// late notes how long after its time on a card a frame has left this one.
func (c *Card) late(due time.Time, cycles uint64) {
	hertz := nic.DefaultSpec().Hertz
	ns := time.Since(due).Nanoseconds() - int64(cycles*1_000_000_000/hertz)
	c.behind.Store(max(ns, 0))
	if ns > c.behindMost.Load() {
		c.behindMost.Store(ns)
	}
}

// fateOf is what the kernel does with a packet of this verdict.
func fateOf(out *offload.Outcome) fate {
	if out.Program == 0 {
		return fateHost
	}
	if out.Type == object.TC {
		switch bpf.TCAction(out.Verdict) {
		case bpf.TCActShot, bpf.TCActStolen, bpf.TCActQueued, bpf.TCActTrap:
			return fateDropped
		case bpf.TCActRedirect:
			return fateRedirected
		}
		return fateHost
	}
	switch bpf.XDPAction(out.Verdict) {
	case bpf.XDPPass:
		return fateHost
	case bpf.XDPDrop:
		return fateDropped
	case bpf.XDPTX:
		return fateSent
	case bpf.XDPRedirect:
		return fateRedirected
	}
	return fateAborted
}

// redirect sends a frame where a helper of its program said: copies to several
// ports, or to the host of the port it came in by, which has the queues of
// processors and sockets.
func (c *Card) redirect(p *port, out *offload.Outcome, key *tunnel.Key) fate {
	if out.Redirect == nil {
		return fateNowhere
	}
	what := c.place(p, out.Redirect, out.Data, key)
	for i := range out.Redirect.Ends {
		what = min(what, c.farEnd(p, &out.Redirect.Ends[i]))
	}
	return what
}

// farEnd does with a frame what a program at a far end decided. Of the fates of a
// frame and its copies the first of fate counts.
func (c *Card) farEnd(p *port, e *offload.End) fate {
	switch {
	case e.Sent && e.Port >= 0:
		return c.place(p, &offload.Redirect{Ports: []int{e.Port}}, e.Data, nil)
	case e.Sent:
		return c.place(p, &offload.Redirect{Queue: e.Queue}, e.Data, nil)
	case e.Redirect != nil && (e.Redirect.Queue != "" || len(e.Redirect.Ports) > 0):
		return c.place(p, e.Redirect, e.Data, nil)
	case e.Aborted:
		return fateEndAborted
	}
	return fateEndDropped
}

// place sends a frame to ports, those in tunnel mode by its key, or to the host.
func (c *Card) place(p *port, to *offload.Redirect, data []byte, key *tunnel.Key) fate {
	if to.Queue != "" {
		c.toHost(p, data)
		return fateQueue
	}
	what := fateNowhere
	for _, n := range to.Ports {
		if n >= 0 && n < len(c.ports) {
			if got := c.leaveBy(c.ports[n], bytes.Clone(data), key, fateRedirected); what != fateRedirected {
				what = got
			}
		}
	}
	return what
}

// leave sends a frame by a port's wire.
func (c *Card) leave(p *port, frame []byte) {
	c.taps.see(p.n, Out, false, frame, "")
	p.wire.put(frame)
}

// toHost gives a frame to the host of a port.
func (c *Card) toHost(p *port, frame []byte) {
	switch {
	case p.host != nil:
		c.taps.see(p.n, Out, true, frame, "")
		p.host.put(frame)
	case p.bridge >= 0:
		c.leave(c.ports[p.bridge], frame)
	}
}
