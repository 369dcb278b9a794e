package offload_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/object"
)

// card is a device in memory, for tests of the transactions: it can be told to
// fail at any call.
type card struct {
	programs, maps int // live
	attached       map[offload.Mode]offload.Attachment
	ready          bool
	next           uint32
	fail           string // name of the call that fails
	calls          []string
}

var errCard = errors.New("the card is on fire")

func (c *card) call(name string) error {
	c.calls = append(c.calls, name)
	if name == c.fail {
		return errCard
	}
	return nil
}

func (c *card) Name() string { return "card0" }
func (c *card) Close() error { return nil }

func (c *card) Capabilities(context.Context) (*offload.Capabilities, error) {
	return &offload.Capabilities{Device: "card0"}, c.call("capabilities")
}

func (c *card) Attached(context.Context) ([]offload.Attachment, error) {
	var all []offload.Attachment
	for _, m := range []offload.Mode{offload.Hardware, offload.Driver, offload.Generic} {
		if a, ok := c.attached[m]; ok {
			all = append(all, a)
		}
	}
	return all, c.call("attached")
}

func (c *card) Prepare(context.Context, offload.Hook) ([]offload.Step, error) {
	if c.ready {
		return nil, nil
	}
	return []offload.Step{{
		Name:   "make ready",
		Do:     func(context.Context) error { c.ready = true; return c.call("ready") },
		Undo:   func(context.Context) error { c.ready = false; return c.call("unready") },
		Record: json.RawMessage(`{}`),
	}}, nil
}

type cardMap struct {
	*card
	info offload.MapInfo
}

func (m *cardMap) Info() offload.MapInfo               { return m.info }
func (m *cardMap) ValueBytes() int                     { return int(m.info.ValueSize) }
func (m *cardMap) Lookup([]byte) ([]byte, error)       { return nil, os.ErrNotExist }
func (m *cardMap) Update([]byte, []byte, uint64) error { return nil }
func (m *cardMap) Delete([]byte) error                 { return nil }
func (m *cardMap) Next([]byte) ([]byte, error)         { return nil, io.EOF }
func (m *cardMap) Close() error                        { m.maps--; return nil }

func (c *card) NewMap(_ context.Context, m *object.Map, _ offload.Mode) (offload.Map, error) {
	if err := c.call("map " + m.Name); err != nil {
		return nil, err
	}
	c.next++
	c.maps++
	return &cardMap{c, offload.MapInfo{ID: c.next, Name: m.Name, Type: m.Type, KeySize: m.KeySize, ValueSize: m.ValueSize, MaxEntries: m.MaxEntries}}, nil
}

func (c *card) OpenMap(_ context.Context, id uint32) (offload.Map, error) {
	c.maps++
	return &cardMap{c, offload.MapInfo{ID: id}}, c.call("open map")
}

type cardProgram struct {
	*card
	id   uint32
	maps []offload.MapInfo
}

func (p *cardProgram) ID() uint32   { return p.id }
func (p *cardProgram) Tag() string  { return fmt.Sprintf("%016x", p.id) }
func (p *cardProgram) Log() string  { return "" }
func (p *cardProgram) Close() error { p.programs--; return nil }

func (c *card) Load(_ context.Context, p *offload.Program, _ offload.Mode, maps []offload.Map) (offload.Loaded, error) {
	if err := c.call("load"); err != nil {
		return nil, err
	}
	c.next++
	c.programs++
	l := &cardProgram{card: c, id: c.next}
	for _, m := range maps {
		l.maps = append(l.maps, m.Info())
	}
	return l, nil
}

func (c *card) put(l offload.Loaded, h offload.Hook) {
	if c.attached == nil {
		c.attached = map[offload.Mode]offload.Attachment{}
	}
	c.attached[h.Mode] = offload.Attachment{Hook: h, ID: l.ID(), InHW: true, Maps: l.(*cardProgram).maps}
}

func (c *card) Attach(_ context.Context, l offload.Loaded, h offload.Hook, force bool) error {
	if err := c.call("attach"); err != nil {
		return err
	}
	if _, taken := c.attached[h.Mode]; taken && !force {
		return fmt.Errorf("card0: %w", offload.ErrBusy)
	}
	c.put(l, h)
	return nil
}

func (c *card) Replace(_ context.Context, l offload.Loaded, old offload.Attachment) error {
	if err := c.call("replace"); err != nil {
		return err
	}
	c.put(l, old.Hook)
	return nil
}

func (c *card) Detach(_ context.Context, a offload.Attachment) error {
	if err := c.call("detach"); err != nil {
		return err
	}
	delete(c.attached, a.Mode)
	return nil
}

func (c *card) Maps(context.Context, offload.Scope) ([]offload.MapInfo, error) { return nil, nil }

func program(name string, maps ...*object.Map) *offload.Program {
	return &offload.Program{Program: &object.Program{Name: name, Type: object.XDP, Maps: maps}}
}

func twoMaps() []*object.Map {
	return []*object.Map{
		{Name: "a", Type: 1, KeySize: 4, ValueSize: 8, MaxEntries: 2},
		{Name: "b", Type: 2, KeySize: 4, ValueSize: 8, MaxEntries: 2},
	}
}

// TestRollback makes every step fail in turn: what was done before is undone,
// and nothing is held.
func TestRollback(t *testing.T) {
	for _, fail := range []string{"ready", "map a", "map b", "load", "attach"} {
		t.Run(fail, func(t *testing.T) {
			c := &card{fail: fail}
			_, err := offload.Attach(t.Context(), c, offload.Request{Program: program("p", twoMaps()...)})
			require.ErrorIs(t, err, errCard)
			var step *offload.StepError
			require.ErrorAs(t, err, &step)
			require.Contains(t, step.Detail(), "failed step: "+step.Step)
			require.Empty(t, c.attached)
			require.Zero(t, c.maps)
			require.Zero(t, c.programs)
			if fail != "ready" {
				require.False(t, c.ready)
				require.Equal(t, []string{"make ready"}, step.Undone)
			}
		})
	}
}

func TestStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := &card{}
	_, err := offload.Attach(ctx, c, offload.Request{Program: program("p", twoMaps()...), Watch: func(step string) error {
		if strings.HasPrefix(step, "load") {
			cancel()
		}
		return nil
	}})
	require.ErrorIs(t, err, context.Canceled)
	require.Contains(t, c.calls, "load", "a step that has begun is done")
	require.NotContains(t, c.calls, "attach")
	require.False(t, c.ready, "undone although the context has ended")
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	c = &card{}
	_, err = offload.Attach(ctx, c, offload.Request{Program: program("p")})
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, c.calls)
}

func TestAttachReplaceDetach(t *testing.T) {
	c := &card{}
	ctx := t.Context()
	res, err := offload.Attach(ctx, c, offload.Request{Program: program("p", twoMaps()...)})
	require.NoError(t, err)
	require.Equal(t, []string{"make ready", "make map a", "make map b", "load program p", "attach p to card0, xdp hw"}, res.Steps)
	first := res.Attachment

	_, err = offload.Attach(ctx, c, offload.Request{Program: program("q")})
	require.ErrorIs(t, err, offload.ErrBusy)

	// One map is the same, one has another shape.
	maps := twoMaps()
	maps[1].MaxEntries = 3
	_, err = offload.Replace(ctx, c, offload.Request{Program: program("q", maps...)})
	require.ErrorContains(t, err, "map b (id 2) would lose its contents: the number of its entries was 2 and is 3")
	require.Equal(t, offload.AdviseDropMap, offload.AdviceOf(err))
	res, err = offload.Replace(ctx, c, offload.Request{Program: program("q", maps...), DropMaps: []string{"b"}})
	require.NoError(t, err)
	require.Equal(t, []string{"a"}, res.Reused)
	require.Equal(t, first.Maps[0].ID, res.Attachment.Maps[0].ID)
	require.NotEqual(t, first.Maps[1].ID, res.Attachment.Maps[1].ID)

	_, err = offload.Attach(ctx, c, offload.Request{Program: program("r"), Hook: offload.Hook{Mode: offload.Driver}})
	require.NoError(t, err)
	_, err = offload.Detach(ctx, c, offload.DetachRequest{})
	require.ErrorContains(t, err, "more than one program is attached to card0: xdp hw")
	drv := offload.Driver
	gone, err := offload.Detach(ctx, c, offload.DetachRequest{Mode: &drv})
	require.NoError(t, err)
	require.Len(t, gone, 1)
	gone, err = offload.Detach(ctx, c, offload.DetachRequest{All: true})
	require.NoError(t, err)
	require.Len(t, gone, 1)
	gone, err = offload.Detach(ctx, c, offload.DetachRequest{})
	require.NoError(t, err, "nothing attached is no error")
	require.Empty(t, gone)
}

func TestBadRequests(t *testing.T) {
	tests := []struct {
		name string
		r    offload.Request
		want string
	}{
		{"no program", offload.Request{}, "no program given"},
		{"other type", offload.Request{Program: program("p"), Hook: offload.Hook{Type: object.TC}}, "is of type xdp and cannot be attached as tc"},
		{"mode of tc", offload.Request{Program: program("p"), Hook: offload.Hook{Mode: offload.Software}}, "mode skip_hw is for tc"},
		{"pin", offload.Request{Program: program("p"), Pin: "/sys/fs/bpf/x"}, "not supported: card0 cannot keep programs and maps by name, because devices of its kind do not offer it"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := offload.Attach(t.Context(), &card{}, tt.r)
			require.ErrorContains(t, err, tt.want)
		})
	}
	_, err := offload.Replace(t.Context(), &card{}, offload.Request{Program: program("p")})
	require.ErrorContains(t, err, "nothing is attached to card0 at xdp hw")
}

func TestDryRun(t *testing.T) {
	c := &card{}
	res, err := offload.Attach(t.Context(), c, offload.Request{Program: program("p", twoMaps()...), DryRun: true})
	require.NoError(t, err)
	require.Len(t, res.Steps, 5)
	require.Empty(t, c.calls)
}

// ExampleDevice shows an own device behind the interface: the manager needs
// nothing but its methods. examples/vendor has a whole one with a program.
func ExampleDevice() {
	var dev offload.Device = &card{}
	defer dev.Close()
	ctx := context.Background()
	res, err := offload.Attach(ctx, dev, offload.Request{Program: program("firewall", twoMaps()...)})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, step := range res.Steps {
		fmt.Println(step)
	}
	res, err = offload.Replace(ctx, dev, offload.Request{Program: program("firewall", twoMaps()...)})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("maps that kept their contents:", res.Reused)
	// Output:
	// make ready
	// make map a
	// make map b
	// load program firewall
	// attach firewall to card0, xdp hw
	// maps that kept their contents: [a b]
}
