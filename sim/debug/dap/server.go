// Package dap speaks the Debug Adapter Protocol for a debug.Session, so that
// editors debug a program's C source in the simulated card.
//
// It never compiles or reads files: Server.Launch makes the session that a client
// asks for.
//
// Not stable.
package dap

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	godap "github.com/google/go-dap"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/sim/debug"
)

// Server serves clients one after the other.
type Server struct {
	// Launch begins the session of a launch request with its arguments.
	Launch func(args json.RawMessage) (*debug.Session, error)
}

// Listen serves clients that connect to an address of this machine, one at a time,
// until the context ends. It says on log where it listens.
func (s *Server) Listen(ctx context.Context, address string, log io.Writer) error {
	network := "tcp"
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		network, address = "unix", path
	} else if host, _, err := net.SplitHostPort(address); err != nil {
		return fmt.Errorf("listen on %q: %w", address, err)
	} else if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return unsupported.New("listening on "+address, "whoever connects may have files of this user read: it must be an address of this machine, as 127.0.0.1:0")
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, network, address)
	if err != nil {
		return err
	}
	defer l.Close()
	fmt.Fprintf(log, "listening on %s\n", l.Addr())
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	for {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		unhook := context.AfterFunc(ctx, func() { _ = conn.Close() })
		if err := s.Serve(conn, conn); err != nil {
			fmt.Fprintf(log, "client: %v\n", err)
		}
		unhook()
		_ = conn.Close()
	}
}

// Serve serves one client until it disconnects or goes away.
func (s *Server) Serve(r io.Reader, w io.Writer) error {
	c := &client{server: s, w: w, filters: map[string]bool{}}
	defer c.close()
	for in := bufio.NewReader(r); !c.gone; {
		if _, err := in.Peek(1); errors.Is(err, io.EOF) {
			return nil // between two messages
		}
		m, err := godap.ReadProtocolMessage(in)
		var field *godap.DecodeProtocolMessageFieldError
		switch {
		case errors.Is(err, io.EOF):
			return io.ErrUnexpectedEOF
		case errors.As(err, &field):
			c.fail(field.Seq, field.FieldValue, fmt.Errorf("no request that is known here: %w", err))
			continue
		case err != nil:
			return err
		}
		if q, ok := m.(godap.RequestMessage); ok {
			c.request(q)
		}
		if c.err != nil {
			return c.err
		}
	}
	return nil
}

// client is one client's connection.
type client struct {
	server *Server
	w      io.Writer
	err    error
	seq    int
	gone   bool

	s       *debug.Session
	entry   bool // stop at the first word
	started bool // configuration is done
	filters map[string]bool
	refs    []func() []debug.Var // what variablesReference n-1 stands for
}

func (c *client) close() {
	if c.s != nil {
		c.s.Close()
	}
}

func (c *client) send(m godap.Message) {
	c.seq++
	switch m := m.(type) {
	case godap.ResponseMessage:
		r := m.GetResponse()
		r.Seq, r.Type = c.seq, "response"
	case godap.EventMessage:
		m.GetEvent().Seq, m.GetEvent().Type = c.seq, "event"
	}
	if err := godap.WriteProtocolMessage(c.w, m); err != nil && c.err == nil {
		c.err = err
	}
}

// answer is the response to a request that worked.
func answer(q godap.RequestMessage) godap.Response {
	return godap.Response{RequestSeq: q.GetRequest().Seq, Success: true, Command: q.GetRequest().Command}
}

// fail answers that a request did not work.
func (c *client) fail(seq int, command string, err error) {
	m := &godap.ErrorResponse{Response: godap.Response{RequestSeq: seq, Command: command, Message: debug.Clean(err.Error())}}
	m.Body.Error = &godap.ErrorMessage{Id: 1, Format: m.Message, ShowUser: true}
	c.send(m)
}

func (c *client) failed(q godap.RequestMessage, err error) {
	c.fail(q.GetRequest().Seq, q.GetRequest().Command, err)
}

func (c *client) event(name string) godap.Event { return godap.Event{Event: name} }
