package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Dialer makes a connection to a server.
type Dialer func(ctx context.Context) (net.Conn, error)

// Client is a device at the other end of a connection. It is gone when the
// connection breaks.
type Client struct {
	dial   Dialer
	name   string
	target *target.Target

	mu   sync.Mutex
	conn net.Conn
	gone error // why the connection has ended
}

// What a Client can be used as.
var (
	_ Device         = (*Client)(nil)
	_ offload.Locker = (*Client)(nil)
)

// Open connects to a server.
func Open(ctx context.Context, dial Dialer) (*Client, error) {
	c := &Client{dial: dial}
	conn, theirs, err := c.connect(ctx)
	if err != nil {
		return nil, err
	}
	c.conn, c.name = conn, theirs.Name
	if c.target, err = target.Parse("target of "+theirs.Name, theirs.Target); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return c, nil
}

// connect makes a connection and greets. It returns the server's greeting.
func (c *Client) connect(ctx context.Context) (net.Conn, *greeting, error) {
	conn, err := c.dial(ctx)
	if err != nil {
		return nil, nil, err
	}
	theirs, err := greet(conn)
	if err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	return conn, theirs, nil
}

func greet(conn net.Conn) (*greeting, error) {
	_ = conn.SetDeadline(time.Now().Add(patience))
	var theirs greeting
	if err := read(conn, &theirs); err != nil {
		return nil, fmt.Errorf("the card does not answer: %w", err)
	}
	if err := theirs.check("card"); err != nil {
		return nil, err
	}
	if err := write(conn, &greeting{Protocol: protocol, Version: Version}); err != nil {
		return nil, err
	}
	return &theirs, conn.SetDeadline(time.Time{})
}

// answerWait is how long an answer may take: a card on a busy machine that reads
// a large map takes seconds.
const answerWait = 5 * time.Minute

// Call asks for an operation. result may be nil. An operation with several
// results is one of a Stream.
func (c *Client) Call(op string, args, result any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone != nil {
		return &offload.Error{Op: op + " on " + c.name, Kind: offload.ErrDeviceGone, Err: c.gone}
	}
	_ = c.conn.SetDeadline(time.Now().Add(answerWait))
	r, err := ask(c.conn, op, args)
	if err != nil {
		c.gone = err
		_ = c.conn.Close()
		return &offload.Error{Op: op + " on " + c.name, Kind: offload.ErrDeviceGone, Err: offload.ErrDeviceGone, Reason: "the card has ended: " + err.Error()}
	}
	if r.Error != nil {
		return r.Error.err()
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(r.Result, result)
}

// ask sends a request and reads an answer.
func ask(conn net.Conn, op string, args any) (*reply, error) {
	q := request{Op: op}
	if args != nil {
		var err error
		if q.Args, err = json.Marshal(args); err != nil {
			return nil, err
		}
	}
	if err := write(conn, &q); err != nil {
		return nil, err
	}
	var r reply
	if err := read(conn, &r); err != nil {
		return nil, err
	}
	return &r, nil
}

// Stream is an operation with several results, on a connection of its own.
type Stream struct {
	conn   net.Conn
	closed bool
	mu     sync.Mutex
	first  *reply
}

// Stream begins an operation with several results. It is an error if the first
// is one.
func (c *Client) Stream(ctx context.Context, op string, args any) (*Stream, error) {
	conn, _, err := c.connect(ctx)
	if err != nil {
		return nil, err
	}
	_ = conn.SetDeadline(time.Now().Add(answerWait))
	r, err := ask(conn, op, args)
	if err == nil && r.Error != nil {
		err = r.Error.err()
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	_ = conn.SetDeadline(time.Time{})
	return &Stream{conn: conn, first: r}, nil
}

// Next reads the next result. last says that none comes behind it; io.EOF means
// that the stream was closed.
func (s *Stream) Next(result any) (last bool, err error) {
	r := s.first
	s.first = nil
	if r == nil {
		r = &reply{}
		if err := read(s.conn, r); err != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.closed {
				return true, io.EOF
			}
			return true, fmt.Errorf("%w: the card has ended: %w", offload.ErrDeviceGone, err)
		}
	}
	if r.Error != nil {
		return true, r.Error.err()
	}
	return !r.More, json.Unmarshal(r.Result, result)
}

// Close ends the operation.
func (s *Stream) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	return s.conn.Close()
}

// Name implements offload.Device.
func (c *Client) Name() string { return c.name }

// Target implements offload.ImageTaker.
func (c *Client) Target() *target.Target { return c.target }

// Close implements offload.Device.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone != nil {
		return nil
	}
	c.gone = net.ErrClosed
	return c.conn.Close()
}

// WhyNot implements offload.Reasoner.
func (c *Client) WhyNot(a offload.Ability) (why string) {
	if err := c.Call("why not", abilityArgs{a}, &why); err != nil {
		return ""
	}
	return why
}

// Lock implements offload.Locker.
func (c *Client) Lock(ctx context.Context) (unlock func(), err error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var got bool
		if err := c.Call("lock", nil, &got); err != nil {
			return nil, err
		}
		if got {
			return func() { _ = c.Call("unlock", nil, nil) }, nil
		}
	}
}

// get asks for an operation with a result.
func get[R any](c *Client, op string, args any) (r R, err error) {
	err = c.Call(op, args, &r)
	return r, err
}

// Capabilities implements offload.Device.
func (c *Client) Capabilities(context.Context) (*offload.Capabilities, error) {
	return get[*offload.Capabilities](c, "capabilities", nil)
}

// Attached implements offload.Device.
func (c *Client) Attached(context.Context) ([]offload.Attachment, error) {
	all, err := get[[]attachment](c, "attached", nil)
	var out []offload.Attachment
	for _, a := range all {
		out = append(out, offload.Attachment(a))
	}
	return out, err
}

// loaded is a program at the server.
type loaded struct {
	client *Client
	loadResult
	once sync.Once
}

func (l *loaded) ID() uint32  { return l.loadResult.ID }
func (l *loaded) Tag() string { return l.loadResult.Tag }
func (l *loaded) Log() string { return l.loadResult.Log }

// Close implements offload.Loaded.
func (l *loaded) Close() (err error) {
	l.once.Do(func() { err = l.client.Call("close", handleArgs{l.Handle}, nil) })
	return err
}

// Load implements offload.Device.
func (c *Client) Load(_ context.Context, p *offload.Program, mode offload.Mode, maps []offload.Map) (offload.Loaded, error) {
	op := fmt.Sprintf("load program %s onto %s", p.Name, c.name)
	packed, err := Pack(p)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	a := loadArgs{Program: packed, Mode: mode}
	for _, m := range maps {
		h, ok := m.(*mapHandle)
		if !ok || h.client != c {
			return nil, fmt.Errorf("%s: map %s is not a map of this card", op, m.Info().Name)
		}
		a.Maps = append(a.Maps, h.Handle)
	}
	l := &loaded{client: c}
	return l, c.Call("load", a, &l.loadResult)
}

// mine returns the program of a handle.
func (c *Client) mine(op string, l offload.Loaded) (*loaded, error) {
	p, ok := l.(*loaded)
	if !ok || p.client != c {
		return nil, fmt.Errorf("%s: program %d is not one of %s", op, l.ID(), c.name)
	}
	return p, nil
}

// Attach implements offload.Device.
func (c *Client) Attach(_ context.Context, l offload.Loaded, h offload.Hook, force bool) error {
	p, err := c.mine("attach", l)
	if err != nil {
		return err
	}
	return c.Call("attach", attachArgs{Handle: p.Handle, Hook: h, Force: force}, nil)
}

// Replace implements offload.Device.
func (c *Client) Replace(_ context.Context, l offload.Loaded, old offload.Attachment) error {
	p, err := c.mine("replace", l)
	if err != nil {
		return err
	}
	return c.Call("replace", replaceArgs{Handle: p.Handle, Old: attachment(old)}, nil)
}

// Detach implements offload.Device.
func (c *Client) Detach(_ context.Context, a offload.Attachment) error {
	return c.Call("detach", attachment(a), nil)
}

// Stats implements offload.Counting.
func (c *Client) Stats(context.Context) ([]offload.Counter, error) {
	return get[[]offload.Counter](c, "stats", nil)
}

// Programs implements offload.ProgramLister.
func (c *Client) Programs(_ context.Context, s offload.Scope) ([]offload.ProgramInfo, error) {
	return get[[]offload.ProgramInfo](c, "programs", scopeArgs{s})
}

// Code implements offload.CodeReader.
func (c *Client) Code(_ context.Context, id uint32) (*offload.Code, error) {
	got, err := get[code](c, "code", idArgs{id})
	if err != nil {
		return nil, err
	}
	out := &offload.Code{Name: got.Name, Lines: got.Lines, Machine: got.Machine, Device: got.Device}
	if got.Insns != nil {
		out.Insns, err = bpf.Decode(got.Insns)
	}
	return out, err
}

// maxProfile is the longest profile: the answer must come in time.
const maxProfile = answerWait / 2

// Profile implements offload.Profiler, on a connection of its own. When ctx ends
// before, there is none.
func (c *Client) Profile(ctx context.Context, d time.Duration) (*offload.Profile, error) {
	s, err := c.Stream(ctx, "profile", profileArgs{d})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	var r profileResult
	if _, err := s.Next(&r); err != nil {
		return nil, err
	}
	img, err := image.Read(r.Image)
	if err != nil {
		return nil, err
	}
	if len(r.Count) != len(img.Words) || len(r.Cycles) != len(img.Words) {
		return nil, fmt.Errorf("a profile of %d and %d words of %d", len(r.Count), len(r.Cycles), len(img.Words))
	}
	return &offload.Profile{Program: r.Program, Image: img, Packets: r.Packets, Count: r.Count, Cycles: r.Cycles}, nil
}

// Source implements offload.Sourcer.
func (c *Client) Source(_ context.Context, id uint32) (*offload.Program, error) {
	p, err := get[Program](c, "source", idArgs{id})
	if err != nil {
		return nil, err
	}
	return p.unpackSource()
}

// Describe implements offload.Describer.
func (c *Client) Describe(context.Context) (*offload.Description, error) {
	return get[*offload.Description](c, "describe", nil)
}

// ProbeReplace implements offload.ReplaceProber.
func (c *Client) ProbeReplace(context.Context) (offload.Capability, error) {
	return get[offload.Capability](c, "try replace", nil)
}

// RunPacket implements offload.PacketRunner.
func (c *Client) RunPacket(ctx context.Context, p offload.Packet) (*offload.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return get[*offload.Outcome](c, "run packet", p)
}

// NewMap implements offload.MapStore.
func (c *Client) NewMap(_ context.Context, m *object.Map, mode offload.Mode) (offload.Map, error) {
	t, _ := packTypes(offload.MapTypes{Key: m.KeyType, Value: m.ValueType})
	return c.opened("map.new", newMapArgs{Map: m, Mode: mode, Types: t})
}

// OpenMap implements offload.MapStore.
func (c *Client) OpenMap(_ context.Context, id uint32) (offload.Map, error) {
	return c.opened("map.open", idArgs{id})
}

// Maps implements offload.MapStore.
func (c *Client) Maps(_ context.Context, s offload.Scope) ([]offload.MapInfo, error) {
	return get[[]offload.MapInfo](c, "map.list", scopeArgs{s})
}

// MapTypes implements offload.MapTyper.
func (c *Client) MapTypes(_ context.Context, id uint32) offload.MapTypes {
	t, err := get[Types](c, "map.types", idArgs{id})
	if err != nil {
		return offload.MapTypes{}
	}
	return t.unpack()
}

// events are records from the server.
type events struct{ *Stream }

// Events implements offload.EventReader.
func (c *Client) Events(ctx context.Context, id uint32) (offload.Events, error) {
	s, err := c.Stream(ctx, "events", idArgs{id})
	if err != nil {
		return nil, err
	}
	var begins none
	if _, err := s.Next(&begins); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &events{s}, nil
}

// Read implements offload.Events.
func (e *events) Read() (offload.Event, error) {
	var out offload.Event
	_, err := e.Next(&out)
	return out, err
}
