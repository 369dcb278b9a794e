package card

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/simdev"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/network"
	"github.com/skipsw/skipsw/sim/ports"
	"github.com/skipsw/skipsw/sim/tunnel"
)

// Port is one port: what its wire is connected to, and where packets go that
// programs let pass.
type Port struct {
	Wire ports.Port
	Name string // the words that the wire was opened by
	// Host is where the host's packets come from and go to; nil for a host that
	// nobody plays.
	Host     ports.Port
	HostName string
	// Tunnel makes the port the end of tunnels; nil is a port that takes frames as
	// they are.
	Tunnel *tunnel.Port
	// Bridge is the port by which the host sends what it gets from this one; -1
	// for none. It is for a port without Host.
	Bridge int
}

// Spec says what a card is made of.
type Spec struct {
	Name  string // without the prefix "sim:"
	Ports []Port
	// Target is what programs are compiled for; nil is the built-in skipsw.
	Target *target.Target
	Limits Limits
	// Network is what programs and tunnels find that look into the host's network;
	// nil is none.
	Network *network.Tables
	// Log is told what happens.
	Log *Log
}

// buffers is the number of receive buffers, those of an Agilio card in sim/nic.
const buffers = 640

// queue is the number of frames that wait for transmission at a port. It has
// room for the frames of all receive buffers beside those that let a patient
// source go on, so that such a source loses nothing.
const queue = 4 * buffers

// Card is a card with its ports.
type Card struct {
	spec  Spec
	dev   *device
	ports []*port
	ends  []*end
	log   *Log
	began time.Time

	free chan []byte
	in   chan arrival

	attached chan struct{} // closed when the first program is there
	once     sync.Once
	draining chan struct{}
	stop     sync.Once
	done     chan struct{} // closed when the card has ended

	fates              [fateCount]atomic.Uint64
	behind, behindMost atomic.Int64 // nanoseconds
	taps               taps
	lost               reasons                        // frames that no tunnel sent
	fresh              atomic.Pointer[network.Tables] // that ports in tunnel mode do not know yet
	routesLate         atomic.Pointer[error]          // nil, or why routes are older than the kernel's
}

// port is a port with its counters.
type port struct {
	n      int
	wire   *end
	host   *end // nil for none
	bridge int
	tunnel *tunnel.Port // nil for none
}

// arrival is a frame in a receive buffer.
type arrival struct {
	port *port
	host bool // it comes from the host
	buf  []byte
	due  time.Time
}

// New makes a card. The ports are its own from then on.
func New(s Spec) (*Card, error) {
	machine := sim.DefaultSpec()
	machine.Network = s.Network
	cards := simdev.New(simdev.Spec{Target: s.Target, Sim: &machine, StopFaulty: true})
	d, err := cards.Open(s.Name)
	if err != nil {
		return nil, err
	}
	if s.Log == nil {
		s.Log = NewLog(nil)
	}
	c := &Card{
		spec: s, log: s.Log, began: time.Now(), free: make(chan []byte, buffers), in: make(chan arrival, buffers),
		attached: make(chan struct{}), draining: make(chan struct{}), done: make(chan struct{}),
	}
	c.dev = &device{Device: d, card: c, limits: s.Limits.filled()}
	for range buffers {
		c.free <- make([]byte, ports.MaxFrame)
	}
	for n, p := range s.Ports {
		if p.Bridge >= len(s.Ports) || p.Host != nil && p.Bridge >= 0 {
			return nil, fmt.Errorf("the host of port %d sends by port %d; the card has %d ports, and a host one way", n, p.Bridge, len(s.Ports))
		}
		made := &port{n: n, wire: newEnd(p.Name, p.Wire), bridge: p.Bridge}
		if made.tunnel, err = c.tunnel(n, p.Tunnel); err != nil {
			return nil, err
		}
		c.ends = append(c.ends, made.wire)
		if p.Host != nil {
			made.host = newEnd(p.HostName, p.Host)
			c.ends = append(c.ends, made.host)
		}
		c.ports = append(c.ports, made)
	}
	return c, nil
}

// Device is the card for programs and maps; it may be used while packets flow.
func (c *Card) Device() offload.Device { return c.dev }

// Stop asks the card to end: frames that are on it still leave.
func (c *Card) Stop() { c.stop.Do(func() { close(c.draining) }) }

// Done is closed when the card has ended.
func (c *Card) Done() <-chan struct{} { return c.done }

// drainTime is how long frames on the card have to leave it, and those in
// transmission.
const drainTime = 5 * time.Second

// Run lets packets through until ctx is done or Stop is called, or, with
// untilEmpty, until all captures and generators have ended. Sources begin when
// a first program is attached.
func (c *Card) Run(ctx context.Context, untilEmpty bool) error {
	defer close(c.done)
	defer context.AfterFunc(ctx, c.Stop)()
	var receivers, sources, senders, engine sync.WaitGroup
	for _, p := range c.ports {
		for _, e := range []*end{p.wire, p.host} {
			if e == nil {
				continue
			}
			receive := func() { c.receive(p, e) }
			if e.port.Finite() {
				sources.Go(receive)
			} else {
				receivers.Go(receive)
			}
			senders.Go(func() { c.transmit(e) })
		}
	}
	quit := make(chan struct{})
	engine.Go(func() { c.work(quit) })
	empty := make(chan struct{})
	go func() { sources.Wait(); close(empty) }()
	if untilEmpty {
		select {
		case <-empty:
		case <-c.draining:
		}
	} else {
		<-c.draining
	}
	c.Stop()
	if !within(drainTime, func() bool { return len(c.free) == cap(c.free) }) {
		c.log.Printf("%d frames did not leave the card in %s", cap(c.free)-len(c.free), drainTime)
	}
	close(quit)
	engine.Wait()
	for _, e := range c.ends {
		close(e.tx)
	}
	sent := make(chan struct{})
	go func() { senders.Wait(); close(sent) }()
	select {
	case <-sent:
	case <-time.After(drainTime):
		c.log.Printf("a port did not take its frames in %s", drainTime)
	}
	var errs []error
	for _, e := range c.ends {
		errs = append(errs, e.port.Close())
	}
	<-sent
	sources.Wait()
	receivers.Wait()
	return errors.Join(errs...)
}

// within waits until something is so, up to a time.
func within(most time.Duration, so func() bool) bool {
	const look = time.Millisecond
	for end := time.Now().Add(most); !so(); {
		if time.Now().After(end) {
			return false
		}
		time.Sleep(look)
	}
	return true
}

// receive takes the frames of an end into receive buffers.
func (c *Card) receive(p *port, e *end) {
	if e.port.Finite() {
		select {
		case <-c.attached:
		case <-c.draining:
			return
		}
	}
	err := e.port.Receive(func(f ports.Frame) bool {
		buf, more := c.buffer(e)
		if buf == nil {
			return more
		}
		buf = buf[:copy(buf[:cap(buf)], f.Data)]
		e.rx.add(len(buf))
		c.in <- arrival{port: p, host: e == p.host, buf: buf, due: f.Due}
		return true
	})
	if err != nil {
		e.dead.Store(true)
		c.log.Printf("port %d, %s: no frame comes in any more: %v", p.n, e.name, err)
	}
}

// buffer returns a receive buffer for a frame of an end, nil for a frame that is
// lost; more says whether further frames are wanted.
func (c *Card) buffer(e *end) (buf []byte, more bool) {
	select {
	case <-c.draining:
		return nil, false
	default:
	}
	if !e.port.Patient() {
		select {
		case buf := <-c.free:
			return buf, true
		default:
			e.noBuffer.Add(1)
			return nil, true
		}
	}
	if e.port.Finite() && !c.room() {
		return nil, false
	}
	select {
	case buf := <-c.free:
		return buf, true
	case <-c.draining:
		return nil, false
	}
}

// room waits until no queue of a port is so full that the frames of all receive
// buffers could overflow it; false means that the card ends.
func (c *Card) room() bool {
	const look = 50 * time.Microsecond
	for {
		full := false
		for _, e := range c.ends {
			full = full || len(e.tx) > queue-2*buffers
		}
		if !full {
			return true
		}
		select {
		case <-c.draining:
			return false
		case <-time.After(look):
		}
	}
}

// transmit sends what waits at an end.
func (c *Card) transmit(e *end) {
	for frame := range e.tx {
		e.send(frame)
	}
}

// work takes frames through the card, one after the other.
func (c *Card) work(quit <-chan struct{}) {
	for {
		select {
		case a := <-c.in:
			c.handle(&a)
			c.free <- a.buf
		case <-quit:
			return
		}
	}
}
