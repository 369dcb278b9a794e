package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bug"
)

// Device is a device that can be served: its clients have all of this.
type Device interface {
	offload.Device
	offload.ImageTaker
	offload.MapStore
	offload.MapTyper
	offload.EventReader
	offload.Counting
	offload.ProgramLister
	offload.CodeReader
	offload.Sourcer
	offload.Profiler
	offload.Describer
	offload.ReplaceProber
	offload.PacketRunner
	offload.Reasoner
}

// Op is an operation beyond those of a device.
type Op struct {
	// Do does it. send sends one of several results.
	Do func(ctx context.Context, args json.RawMessage, send func(v any) error) (any, error)
	// Stream says that there are several: the connection serves nothing after
	// them, and ctx ends with it.
	Stream bool
}

// Server answers clients of a device.
type Server struct {
	device Device
	ops    map[string]Op
	lock   chan struct{} // holds a token while a client has the lock
}

// NewServer makes a server; ops are operations beyond those of a device, by
// their names.
func NewServer(d Device, ops map[string]Op) *Server {
	return &Server{device: d, ops: ops, lock: make(chan struct{}, 1)}
}

// Refuse tells a client why it is not served.
func Refuse(conn net.Conn, why string) error {
	return write(conn, &greeting{Protocol: protocol, Version: Version, Refused: why})
}

// patience is how long a client may take to say what it is, and to take an
// answer.
const patience = 30 * time.Second

// Serve answers one client until its connection ends. The error is for a client
// that does not keep to the protocol.
func (s *Server) Serve(conn net.Conn) error {
	ctx, cancel := context.WithCancel(context.Background())
	c := &session{server: s, conn: conn, ctx: ctx, open: map[uint32]io.Closer{}}
	defer c.end()
	defer cancel()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if err := c.greet(); err != nil {
		return unlessGone(err)
	}
	_ = conn.SetDeadline(time.Time{})
	for {
		var q request
		if err := read(conn, &q); err != nil {
			return unlessGone(err)
		}
		if err := c.answer(&q); err != nil || c.streamed {
			return unlessGone(err)
		}
	}
}

// unlessGone leaves out the errors of a client that has ended its connection.
func unlessGone(err error) error {
	for _, gone := range []error{io.EOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, gone) {
			return nil
		}
	}
	return err
}

// session is one client.
type session struct {
	server *Server
	conn   net.Conn
	ctx    context.Context
	last   uint32               // the last handle that was given
	open   map[uint32]io.Closer // by handle
	locked bool
	// streamed says that the connection has had a stream and serves no more.
	streamed bool

	dump   []offload.Entry // what is left to send of a map
	dumped uint32          // its handle
}

// greet exchanges greetings.
func (c *session) greet() error {
	d := c.server.device
	mine := greeting{Protocol: protocol, Version: Version, Name: d.Name(), Target: d.Target().Marshal()}
	if err := write(c.conn, &mine); err != nil {
		return err
	}
	var theirs greeting
	if err := read(c.conn, &theirs); err != nil {
		return err
	}
	return theirs.check("client")
}

// check refuses another protocol or version.
func (g *greeting) check(who string) error {
	switch {
	case g.Protocol != protocol:
		return fmt.Errorf("the %s does not speak the protocol of simulated cards", who)
	case g.Version != Version:
		return fmt.Errorf("the %s speaks version %d of the protocol, this program version %d; take the same version of the program for both", who, g.Version, Version)
	case g.Refused != "":
		return fmt.Errorf("%w: %s", offload.ErrPermission, g.Refused)
	}
	return nil
}

// answer does what a request asks.
func (c *session) answer(q *request) error {
	result, err := c.do(q)
	r := reply{Error: failureOf(err)}
	if err == nil {
		if r.Result, err = json.Marshal(result); err != nil {
			return err
		}
	}
	return c.reply(&r)
}

// room is what the JSON around a result may take.
const room = 1 << 10

// reply sends an answer; a client that does not take it is gone.
func (c *session) reply(r *reply) error {
	if len(r.Result) > MaxMessage-room {
		r = &reply{Error: failureOf(fmt.Errorf("the answer has %d bytes; a message has up to %d", len(r.Result), MaxMessage))}
	}
	_ = c.conn.SetWriteDeadline(time.Now().Add(patience))
	return write(c.conn, r)
}

// do runs an operation. A panic of the device ends the operation, not the
// server.
func (c *session) do(q *request) (result any, err error) {
	defer bug.Catch(q.Op, &err)
	if op := ops[q.Op]; op != nil {
		return op(c, q.Args)
	}
	op, ok := c.server.ops[q.Op]
	if !ok {
		return nil, offload.NotSupported(fmt.Sprintf("operation %q", q.Op), "this card knows none of the name")
	}
	ctx := c.ctx
	if op.Stream {
		c.streamed = true
		var gone context.CancelFunc
		ctx, gone = context.WithCancel(ctx)
		defer gone()
		defer c.untilGone(gone)()
	}
	return op.Do(ctx, q.Args, c.send)
}

// send sends one of several results.
func (c *session) send(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return c.reply(&reply{More: true, Result: b})
}

// maxOpen is how many programs and maps a client can have open.
const maxOpen = 4096

// give gives out a handle.
func (c *session) give(x io.Closer) (uint32, error) {
	if len(c.open) >= maxOpen {
		return 0, errors.Join(fmt.Errorf("a client has up to %d programs and maps open", maxOpen), x.Close())
	}
	c.last++
	c.open[c.last] = x
	return c.last, nil
}

// end gives back what the client had.
func (c *session) end() {
	for _, x := range c.open {
		_ = x.Close()
	}
	c.unlock()
	_ = c.conn.Close()
}

func (c *session) unlock() {
	if c.locked {
		c.locked = false
		<-c.server.lock
	}
}

// loaded returns the program of a handle.
func (c *session) loaded(h uint32) (offload.Loaded, error) {
	if l, ok := c.open[h].(offload.Loaded); ok {
		return l, nil
	}
	return nil, fmt.Errorf("handle %d is no program", h)
}

// mapOf returns the map of a handle.
func (c *session) mapOf(h uint32) (offload.Map, error) {
	if m, ok := c.open[h].(offload.Map); ok {
		return m, nil
	}
	return nil, fmt.Errorf("handle %d is no map", h)
}
