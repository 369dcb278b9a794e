package card

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/skipsw/skipsw/offload/remote"
	"github.com/skipsw/skipsw/sim/ports"
)

// Names of the operations of a card beyond those of a device.
const (
	opStatus  = "card.status"
	opStop    = "card.stop"
	opLog     = "card.log"
	opCapture = "card.capture"
	opSave    = "card.save"
)

// Status is what a running card tells of itself.
type Status struct {
	Name    string       `json:"name"`
	PID     int          `json:"pid"`
	Started time.Time    `json:"started"`
	Target  string       `json:"target"`
	Ports   []PortStatus `json:"ports"`
	Stopped []Stopped    `json:"stopped,omitempty"`
	// Behind is how long the last frame left after its time on the card, and
	// BehindMost the longest so far.
	Behind     time.Duration `json:"behind_ns"`
	BehindMost time.Duration `json:"behind_most_ns"`
	// RoutesLate says why programs find older routes than the kernel has; "" if they do
	// not, or nobody follows the kernel's.
	RoutesLate string `json:"routes_late,omitempty"`
}

// PortStatus is one port.
type PortStatus struct {
	Port int    `json:"port"`
	Wire string `json:"wire"`
	Host string `json:"host"` // "none", "port N", or what it is connected to
	// Ended says that nothing comes in any more, because of an error.
	Ended bool `json:"ended,omitempty"`
}

// Stopped is a program that broke a rule of the machine.
type Stopped struct {
	ID  uint32 `json:"id"`
	Why string `json:"why"`
}

// Status tells how the card is.
func (c *Card) Status() Status {
	s := Status{
		Name: c.spec.Name, PID: os.Getpid(), Started: c.began, Target: c.dev.Target().Name,
		Behind: time.Duration(c.behind.Load()), BehindMost: time.Duration(c.behindMost.Load()),
	}
	if err := c.routesLate.Load(); err != nil {
		s.RoutesLate = (*err).Error()
	}
	for _, p := range c.ports {
		st := PortStatus{Port: p.n, Wire: p.wire.name, Host: "none", Ended: p.wire.dead.Load()}
		switch {
		case p.host != nil:
			st.Host = p.host.name
			st.Ended = st.Ended || p.host.dead.Load()
		case p.bridge >= 0:
			st.Host = fmt.Sprintf("port %d", p.bridge)
		}
		s.Ports = append(s.Ports, st)
	}
	for _, p := range c.dev.Stopped() {
		s.Stopped = append(s.Stopped, Stopped{p.ID, p.Why.Error()})
	}
	return s
}

// captureArgs choose the ports of a capture.
type captureArgs struct {
	Port int `json:"port"` // -1 for all
}

// ops are the operations of a card.
func (c *Card) ops() map[string]remote.Op {
	type send = func(any) error
	return map[string]remote.Op{
		opStatus: {Do: func(context.Context, json.RawMessage, send) (any, error) { return c.Status(), nil }},
		opLog:    {Do: func(context.Context, json.RawMessage, send) (any, error) { return c.log.Lines(), nil }},
		opStop: {Do: func(context.Context, json.RawMessage, send) (any, error) {
			c.log.Printf("asked to stop")
			c.Stop()
			return nil, nil
		}},
		opCapture: {Stream: true, Do: func(ctx context.Context, args json.RawMessage, send send) (any, error) {
			var a captureArgs
			if err := json.Unmarshal(args, &a); err != nil {
				return nil, err
			}
			if a.Port < -1 || a.Port >= len(c.ports) {
				return nil, fmt.Errorf("there is no port %d; the card has %d", a.Port, len(c.ports))
			}
			return nil, c.capture(ctx, a, send)
		}},
		opSave: {Stream: true, Do: func(_ context.Context, _ json.RawMessage, send send) (any, error) {
			return []byte{}, c.save(send)
		}},
	}
}

// capture sends what is seen at ports. First comes the status, which names them.
func (c *Card) capture(ctx context.Context, a captureArgs, send func(any) error) error {
	t := c.taps.add()
	defer c.taps.remove(t)
	if err := send(c.Status()); err != nil {
		return err
	}
	for {
		select {
		case s := <-t.seen:
			if a.Port >= 0 && s.Port != a.Port {
				continue
			}
			if err := send(s); err != nil {
				return err
			}
		case <-ctx.Done():
			return nil
		case <-c.done:
			return nil
		}
	}
}

// Serve answers the clients that come to a socket until it is closed or the card
// has ended: this user's, root's, and those of user uid (-1 for none).
func (c *Card) Serve(l *net.UnixListener, uid int) error {
	served := make(chan struct{})
	defer close(served)
	go func() {
		select {
		case <-c.done:
			_ = l.Close()
		case <-served:
		}
	}()
	server := remote.NewServer(c.dev, c.ops())
	var clients sync.WaitGroup
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	defer clients.Wait()
	defer func() {
		mu.Lock()
		defer mu.Unlock()
		for conn := range open {
			_ = conn.Close()
		}
	}()
	for {
		conn, err := l.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		mu.Lock()
		full := len(open) >= c.dev.limits.Clients
		open[conn] = true
		mu.Unlock()
		clients.Go(func() {
			if err := c.client(server, conn, uid, full); err != nil {
				c.log.Printf("a client: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			delete(open, conn)
		})
	}
}

// client answers one client.
func (c *Card) client(server *remote.Server, conn *net.UnixConn, uid int, full bool) error {
	defer conn.Close()
	if err := ports.CheckPeer(conn, uid); err != nil {
		return errors.Join(err, remote.Refuse(conn, err.Error()))
	}
	if full {
		err := limit("clients at a time", c.dev.limits.Clients, "--max-clients")
		return errors.Join(err, remote.Refuse(conn, err.Error()))
	}
	return server.Serve(conn)
}
