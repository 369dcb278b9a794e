package devicetest

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// How long a device may take to free what nobody holds.
const (
	waitFreed = time.Minute
	tickFreed = 20 * time.Millisecond
)

// abilities asks for every optional ability: what the device lacks is answered
// in the one form, what it has answers.
func abilities(t *testing.T, d offload.Device) {
	ctx := t.Context()
	asks := []struct {
		can offload.Ability
		ask func() error
	}{
		{offload.CanHoldMaps, func() error { _, err := offload.AsMapStore(d); return err }},
		{offload.CanTypeMaps, func() error { _, err := offload.AsMapTyper(d); return err }},
		{offload.CanPin, func() error { _, err := offload.AsPinner(d); return err }},
		{offload.CanOpenPins, func() error { _, err := offload.AsPinOpener(d); return err }},
		{offload.CanSendEvents, func() error { _, err := offload.AsEventReader(d); return err }},
		{offload.CanShowCode, func() error { _, err := offload.AsCodeReader(d); return err }},
		{offload.CanOpenPrograms, func() error { _, err := offload.AsProgramOpener(d); return err }},
		{offload.CanProfile, func() error { _, err := offload.AsProfiler(d); return err }},
		{offload.CanGiveSource, func() error { _, err := offload.AsSourcer(d); return err }},
		{offload.CanTakePackets, func() error { _, err := offload.AsPacketRunner(d); return err }},
		{offload.CanBeSet, func() error {
			s, err := offload.AsSetter(d)
			if err == nil {
				require.NotEmpty(t, s.Settings())
				require.Error(t, s.Set(ctx, "no such setting", "on"))
			}
			return err
		}},
		{offload.CanCount, func() error {
			c, err := offload.AsCounting(d)
			if err == nil {
				_, err := c.Stats(ctx)
				require.NoError(t, err)
			}
			return err
		}},
		{offload.CanListPrograms, func() error {
			p, err := offload.AsProgramLister(d)
			if err == nil {
				_, err := p.Programs(ctx, offload.OnDevice)
				require.NoError(t, err)
			}
			return err
		}},
		{offload.CanDescribe, func() error {
			i, err := offload.AsDescriber(d)
			if err == nil {
				desc, err := i.Describe(ctx)
				require.NoError(t, err)
				require.Equal(t, d.Name(), desc.Name)
				require.True(t, desc.CanOffload, "the device takes programs")
			}
			return err
		}},
		{offload.CanTryReplace, func() error {
			p, err := offload.AsReplaceProber(d)
			if err == nil {
				c, err := p.ProbeReplace(ctx)
				require.NoError(t, err)
				require.True(t, c.OK || c.Reason != "")
				free(t, d)
			}
			return err
		}},
	}
	for _, a := range asks {
		t.Run(string(a.can), func(t *testing.T) {
			err := a.ask()
			if err == nil {
				return
			}
			require.ErrorIs(t, err, offload.ErrNotSupported)
			require.Regexp(t, fmt.Sprintf(`^not supported: %s cannot %s, because .`, d.Name(), a.can), err.Error())
		})
	}
}

// packets sends packets through programs, on a device that takes them from
// this process.
func packets(t *testing.T, d offload.Device) {
	run, err := offload.AsPacketRunner(d)
	if err != nil {
		require.ErrorIs(t, err, offload.ErrNotSupported)
		return
	}
	frame := append(bytes.Repeat([]byte{2, 0, 0, 0, 0, 1}, 2), bytes.Repeat([]byte{8, 0}, 25)...)
	send := func() *offload.Outcome {
		out, err := run.RunPacket(t.Context(), offload.Packet{Data: frame})
		require.NoError(t, err)
		require.Equal(t, frame, out.Data, "the programs change no packet")
		return out
	}
	require.Zero(t, send().Program, "nothing is attached")
	first, second := load(t, d, pass("first")), load(t, d, program("second", object.XDP, int32(bpf.XDPDrop)))
	require.NoError(t, d.Attach(t.Context(), first, hw, false))
	out := send()
	require.Equal(t, first.ID(), out.Program)
	require.EqualValues(t, bpf.XDPPass, out.Verdict)
	require.NoError(t, d.Replace(t.Context(), second, only(t, d)))
	out = send()
	require.Equal(t, second.ID(), out.Program)
	require.EqualValues(t, bpf.XDPDrop, out.Verdict)
	require.NoError(t, d.Detach(t.Context(), only(t, d)))
	require.Zero(t, send().Program)
	countPackets(t, d, send)
}

// countPackets counts packets in a map, over a replacement.
func countPackets(t *testing.T, d offload.Device, send func() *offload.Outcome) {
	s, err := offload.AsMapStore(d)
	if err != nil {
		return
	}
	res, err := offload.Attach(t.Context(), d, offload.Request{Program: counting("first", hash("counts"))})
	require.NoError(t, err)
	m, err := s.OpenMap(t.Context(), res.Attachment.Maps[0].ID)
	require.NoError(t, err)
	defer m.Close()
	send()
	_, err = m.Lookup(key(0))
	require.Error(t, err, "there is no counter yet")
	require.NoError(t, m.Update(key(0), value(0), newEntry))
	send()
	send()
	_, err = offload.Replace(t.Context(), d, offload.Request{Program: counting("second", hash("counts"))})
	require.NoError(t, err)
	send()
	v, err := m.Lookup(key(0))
	require.NoError(t, err)
	require.Equal(t, value(3), v)
	_, err = offload.Detach(t.Context(), d, offload.DetachRequest{})
	require.NoError(t, err)
}

// code reads back what was loaded.
func code(t *testing.T, d offload.Device) {
	r, err := offload.AsCodeReader(d)
	if err != nil {
		require.ErrorIs(t, err, offload.ErrNotSupported)
		return
	}
	p := pass("first")
	l := load(t, d, p)
	c, err := r.Code(t.Context(), l.ID())
	require.NoError(t, err)
	require.Equal(t, "first", c.Name)
	require.Equal(t, d.Name(), c.Device)
	if c.Insns != nil {
		require.Equal(t, p.Insns, c.Insns)
	}
	if _, ok := d.(offload.ImageTaker); ok {
		require.NotEmpty(t, c.Machine, "a device that takes images has their words")
	}
	_, err = r.Code(t.Context(), 1<<30)
	require.Error(t, err, "no program has this id")
}

// programs lists what is loaded.
func programs(t *testing.T, d offload.Device) {
	lister, err := offload.AsProgramLister(d)
	if err != nil {
		require.ErrorIs(t, err, offload.ErrNotSupported)
		return
	}
	l := load(t, d, pass("first"))
	all, err := lister.Programs(t.Context(), offload.OnDevice)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, l.ID(), all[0].ID)
	require.Equal(t, "first", all[0].Name)
	require.Equal(t, object.XDP, all[0].Type)
	require.Equal(t, d.Name(), all[0].Device)
	require.NoError(t, l.Close())
	require.Eventually(t, func() bool {
		all, err := lister.Programs(t.Context(), offload.OnDevice)
		return err == nil && len(all) == 0
	}, waitFreed, tickFreed, "a program that nobody holds goes")
}
