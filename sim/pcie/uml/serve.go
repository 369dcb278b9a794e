package uml

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/sim/pcie"
	"github.com/skipsw/skipsw/sim/pcie/internal/guestmem"
)

// The queues of PCI over virtio: requests of the guest, interrupts to it.
const (
	queueCommands   = 0
	queueInterrupts = 1
	numQueues       = 2
)

// guest is one guest on one connection. It is the function's host.
type guest struct {
	guestmem.Memory
	conn   *net.UnixConn
	f      pcie.Function
	logf   func(format string, args ...any)
	queues [numQueues]queue
	back   *os.File // for requests to the guest, of which there are none; it takes its end for the device's
	work   sync.WaitGroup

	irqMu   sync.Mutex
	waiting []interrupt // for which the guest had no room
	broken  error       // of a queue
}

// Serve connects a function to the guest at the other end of a connection, and
// returns when the guest is gone: nil if it went in order. logf, which may be
// nil, gets what a guest does against the rules.
func Serve(conn *net.UnixConn, f pcie.Function, logf func(format string, args ...any)) error {
	if logf == nil {
		logf = func(string, ...any) {}
	}
	g := &guest{conn: conn, f: f, logf: logf}
	for i := range g.queues {
		g.queues[i].mem = &g.Memory
	}
	f.Connect(g)
	err := g.serve()
	f.Connect(nil)
	_ = conn.Close()
	for i := range g.queues {
		g.queues[i].close()
	}
	if g.back != nil {
		_ = g.back.Close()
	}
	g.work.Wait()
	g.Close()
	return errors.Join(err, g.broken)
}

func (g *guest) serve() error {
	for {
		err := g.message()
		if errors.Is(err, io.EOF) || errors.Is(err, unix.ECONNRESET) || errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("guest: %w", err)
		}
	}
}

// start serves a queue whose kick descriptor is there.
func (g *guest) start(i int) {
	q := &g.queues[i]
	kick := q.kick
	serve := g.commands
	if i == queueInterrupts {
		serve = g.flush
	}
	g.work.Go(func() {
		for b := make([]byte, 8); ; {
			if _, err := kick.Read(b); err != nil {
				return
			}
			if err := serve(q); err != nil {
				g.irqMu.Lock()
				g.broken = errors.Join(g.broken, fmt.Errorf("guest's queue %d: %w", i, err))
				g.irqMu.Unlock()
				_ = g.conn.Close() // ends serve, and with it everything
				return
			}
		}
	})
}

// tellAfter is how many posted requests may wait for the guest to take their
// buffers back. The guest polls for the answers of all others and takes those
// buffers along, so an interrupt for each would be waste.
const tellAfter = 64

// commands executes the requests of the guest.
func (g *guest) commands(q *queue) error {
	for {
		more, err := g.command(q)
		if !more {
			return err
		}
	}
}

// command executes the next request, if there is one. It keeps the memory, which
// the function may use meanwhile, from being taken away: that there is no other
// memory table while queues run makes this safe.
func (g *guest) command(q *queue) (more bool, err error) {
	g.Lock()
	defer g.Unlock()
	err = guestmem.Guard(func() error {
		r, err := q.pop()
		if r == nil {
			return err
		}
		n := handle(g.f, r, g.logf)
		if err := q.push(r, n); err != nil {
			return err
		}
		more = true
		if r.out != nil {
			q.uncalled = 0
		} else if q.uncalled++; q.uncalled >= tellAfter {
			q.tell()
		}
		return nil
	})
	return more && err == nil, err
}

// Interrupt implements pcie.Host.
func (g *guest) Interrupt(v int, m pcie.Message) {
	g.irqMu.Lock()
	defer g.irqMu.Unlock()
	i := slices.IndexFunc(g.waiting, func(w interrupt) bool { return w.vector == v })
	if i < 0 {
		i = len(g.waiting)
		g.waiting = append(g.waiting, interrupt{vector: v})
	}
	g.waiting[i].message = m
	if err := g.send(&g.queues[queueInterrupts]); err != nil {
		g.logf("interrupt %d: %v", v, err)
	}
}

// flush sends interrupts that waited for room.
func (g *guest) flush(q *queue) error {
	g.irqMu.Lock()
	defer g.irqMu.Unlock()
	return g.send(q)
}

// send gives the guest what interrupts it has room for.
func (g *guest) send(q *queue) error {
	if q.kick == nil {
		return nil // not yet there: the first kick sends them
	}
	g.Lock()
	defer g.Unlock()
	sent := 0
	err := guestmem.Guard(func() error {
		for _, w := range g.waiting {
			r, err := q.pop()
			if r == nil {
				return err
			}
			if err := q.push(r, copy(r.out, w.encode())); err != nil {
				return err
			}
			sent++
		}
		return nil
	})
	g.waiting = slices.Delete(g.waiting, 0, sent)
	if sent > 0 {
		q.tell()
	}
	return err
}
