package devicetest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Run tests a kind of device. open returns a device that takes XDP programs in
// hardware mode, with nothing attached; it is called for each test, and the
// device is closed at the test's end.
func Run(t *testing.T, open func(t *testing.T) offload.Device) {
	tests := []struct {
		name string
		run  func(t *testing.T, d offload.Device)
	}{
		{"Identity", identity},
		{"AttachListDetach", attachListDetach},
		{"Taken", taken},
		{"Replace", replace},
		{"ReplaceWhatIsGone", replaceGone},
		{"DetachWhatIsGone", detachGone},
		{"OtherDevicesProgram", foreign},
		{"ClassifierProgram", classifier},
		{"Transactions", transactions},
		{"Together", together},
		{"Maps", maps},
		{"MapErrors", mapErrors},
		{"MapsAreFreed", mapsFreed},
		{"ReplaceKeepsMaps", replaceKeeps},
		{"ReplaceKeepsMapsApart", replaceApart},
		{"Abilities", abilities},
		{"Packets", packets},
		{"Slots", slots},
		{"Profile", profile},
		{"Code", code},
		{"Programs", programs},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := open(t)
			t.Cleanup(func() { require.NoError(t, d.Close()) })
			tt.run(t, d)
		})
	}
}

// hw is where the suite attaches.
var hw = offload.Hook{Type: object.XDP, Mode: offload.Hardware}

// load puts a program onto the device, compiled if the device runs machine
// code. The handle is closed at the test's end.
func load(t *testing.T, d offload.Device, p *offload.Program, maps ...offload.Map) offload.Loaded {
	t.Helper()
	l, err := d.Load(t.Context(), compiled(t, d, p), offload.Hardware, maps)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func compiled(t *testing.T, d offload.Device, p *offload.Program) *offload.Program {
	t.Helper()
	if it, ok := d.(offload.ImageTaker); ok {
		c, err := p.Compiled(it.Target())
		require.NoError(t, err)
		return c
	}
	return p
}

// only returns what is attached, which must be one program.
func only(t *testing.T, d offload.Device) offload.Attachment {
	t.Helper()
	all, err := d.Attached(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1)
	return all[0]
}

// free requires that nothing is attached.
func free(t *testing.T, d offload.Device) {
	t.Helper()
	all, err := d.Attached(t.Context())
	require.NoError(t, err)
	require.Empty(t, all)
}

func identity(t *testing.T, d offload.Device) {
	require.NotEmpty(t, d.Name())
	c, err := d.Capabilities(t.Context())
	require.NoError(t, err)
	require.Equal(t, d.Name(), c.Device)
	xdp := false
	for _, p := range c.Programs {
		require.NotEmpty(t, p.Name)
		require.True(t, p.OK || p.Reason != "", "program type %s: refused without a reason", p.Name)
		xdp = xdp || p.ID == uint32(bpf.ProgTypeXDP) && p.OK
	}
	require.True(t, xdp, "the capabilities say that XDP programs can be run")
	for _, m := range c.Maps {
		require.True(t, m.OK || m.Reason != "", "map type %s: refused without a reason", m.Name)
	}
	for _, h := range c.Helpers {
		require.True(t, h.OK || h.Reason != "", "helper %s: refused without a reason", h.Name)
	}
	free(t, d)
}

func attachListDetach(t *testing.T, d offload.Device) {
	l := load(t, d, pass("first"))
	require.NotZero(t, l.ID())
	free(t, d)
	require.NoError(t, d.Attach(t.Context(), l, hw, false))
	a := only(t, d)
	require.True(t, a.Same(hw))
	require.Equal(t, l.ID(), a.ID)
	require.Equal(t, l.Tag(), a.Tag)
	require.Equal(t, "first", a.Name)
	require.True(t, a.InHW, "what is attached in hardware mode runs on the device")
	require.NoError(t, l.Close())
	require.Equal(t, a.ID, only(t, d).ID, "a program that is attached lives without its handle")
	require.NoError(t, d.Detach(t.Context(), a))
	free(t, d)
}

func taken(t *testing.T, d offload.Device) {
	first, second := load(t, d, pass("first")), load(t, d, pass("second"))
	require.NotEqual(t, first.ID(), second.ID())
	require.NoError(t, d.Attach(t.Context(), first, hw, false))
	err := d.Attach(t.Context(), second, hw, false)
	require.ErrorIs(t, err, offload.ErrBusy)
	require.NotErrorIs(t, err, offload.ErrNotSupported)
	require.Equal(t, first.ID(), only(t, d).ID, "a refused attachment changes nothing")
	require.NoError(t, d.Attach(t.Context(), second, hw, true), "by force")
	require.Equal(t, second.ID(), only(t, d).ID)
	require.NoError(t, d.Detach(t.Context(), only(t, d)))
}

func replace(t *testing.T, d offload.Device) {
	first, second := load(t, d, pass("first")), load(t, d, pass("second"))
	require.NoError(t, d.Attach(t.Context(), first, hw, false))
	old := only(t, d)
	require.NoError(t, d.Replace(t.Context(), second, old))
	now := only(t, d)
	require.Equal(t, second.ID(), now.ID)
	require.True(t, now.Same(old.Hook))
	require.NoError(t, d.Detach(t.Context(), now))
}

func replaceGone(t *testing.T, d offload.Device) {
	first, second, third := load(t, d, pass("first")), load(t, d, pass("second")), load(t, d, pass("third"))
	require.NoError(t, d.Attach(t.Context(), first, hw, false))
	old := only(t, d)
	require.NoError(t, d.Replace(t.Context(), second, old))
	require.ErrorIs(t, d.Replace(t.Context(), third, old), offload.ErrBusy, "what is replaced is compared")
	require.Equal(t, second.ID(), only(t, d).ID)
	require.NoError(t, d.Detach(t.Context(), only(t, d)))
}

func detachGone(t *testing.T, d offload.Device) {
	first, second := load(t, d, pass("first")), load(t, d, pass("second"))
	require.NoError(t, d.Attach(t.Context(), first, hw, false))
	old := only(t, d)
	require.NoError(t, d.Replace(t.Context(), second, old))
	require.Error(t, d.Detach(t.Context(), old), "somebody else's program stays")
	require.Equal(t, second.ID(), only(t, d).ID)
	now := only(t, d)
	require.NoError(t, d.Detach(t.Context(), now))
	free(t, d)
}

// stranger is a program of no device.
type stranger struct{}

func (stranger) ID() uint32   { return 1 }
func (stranger) Tag() string  { return "" }
func (stranger) Log() string  { return "" }
func (stranger) Close() error { return nil }

func foreign(t *testing.T, d offload.Device) {
	require.Error(t, d.Attach(t.Context(), stranger{}, hw, false))
	free(t, d)
	l := load(t, d, pass("first"))
	require.NoError(t, d.Attach(t.Context(), l, hw, false))
	require.Error(t, d.Replace(t.Context(), stranger{}, only(t, d)))
	require.Equal(t, l.ID(), only(t, d).ID)
	require.NoError(t, d.Detach(t.Context(), only(t, d)))
}

// classifier attaches a tc program, if the device has them.
func classifier(t *testing.T, d offload.Device) {
	c, err := d.Capabilities(t.Context())
	require.NoError(t, err)
	has := false
	for _, p := range c.Programs {
		has = has || p.ID == uint32(bpf.ProgTypeSchedCLS) && p.OK
	}
	p := program("shot", object.TC, int32(bpf.TCActShot))
	res, err := offload.Attach(t.Context(), d, offload.Request{Program: p})
	if !has {
		require.Error(t, err, "the capabilities say that there are no tc programs")
		free(t, d)
		return
	}
	require.NoError(t, err)
	require.Equal(t, object.TC, res.Attachment.Type)
	require.True(t, res.Attachment.InHW)
	require.Equal(t, offload.Hook{Type: object.TC}.Filled(), res.Attachment.Hook)
	gone, err := offload.Detach(t.Context(), d, offload.DetachRequest{Type: object.TC})
	require.NoError(t, err)
	require.Len(t, gone, 1)
	free(t, d)
}

// transactions goes the way that the command goes.
func transactions(t *testing.T, d offload.Device) {
	ctx := t.Context()
	_, err := offload.Replace(ctx, d, offload.Request{Program: pass("first")})
	require.Error(t, err)
	require.Equal(t, offload.AdviseAttach, offload.AdviceOf(err))
	res, err := offload.Attach(ctx, d, offload.Request{Program: pass("first")})
	require.NoError(t, err)
	require.NotEmpty(t, res.Steps)
	first := res.Attachment
	_, err = offload.Attach(ctx, d, offload.Request{Program: pass("second")})
	require.ErrorIs(t, err, offload.ErrBusy)
	require.Equal(t, first.ID, only(t, d).ID)
	res, err = offload.Replace(ctx, d, offload.Request{Program: pass("second")})
	require.NoError(t, err)
	require.NotEqual(t, first.ID, res.Attachment.ID)
	gone, err := offload.Detach(ctx, d, offload.DetachRequest{})
	require.NoError(t, err)
	require.Len(t, gone, 1)
	gone, err = offload.Detach(ctx, d, offload.DetachRequest{})
	require.NoError(t, err, "nothing attached is no error")
	require.Empty(t, gone)
}

// together replaces while others look: whoever looks sees one program.
func together(t *testing.T, d offload.Device) {
	const rounds = 20
	two := []offload.Loaded{load(t, d, pass("first")), load(t, d, pass("second"))}
	require.NoError(t, d.Attach(t.Context(), two[0], hw, false))
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	seen := make([]error, 2)
	for i := range seen {
		wg.Go(func() {
			for ctx.Err() == nil && seen[i] == nil {
				all, err := d.Attached(ctx)
				switch {
				case ctx.Err() != nil:
				case err != nil:
					seen[i] = err
				case len(all) != 1 || all[0].ID != two[0].ID() && all[0].ID != two[1].ID():
					seen[i] = errors.New("a look saw something else than one of the two programs")
				}
			}
		})
	}
	for i := range rounds {
		require.NoError(t, d.Replace(t.Context(), two[(i+1)%2], only(t, d)))
	}
	stop()
	wg.Wait()
	require.NoError(t, errors.Join(seen...))
	require.NoError(t, d.Detach(t.Context(), only(t, d)))
}
