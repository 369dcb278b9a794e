package acme_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/acme/acme"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/devices"
	"github.com/skipsw/skipsw/offload/devicetest"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// TestDevice runs skipsw's tests for implementers.
func TestDevice(t *testing.T) {
	devicetest.Run(t, func(t *testing.T) offload.Device {
		c, err := acme.Open(t.TempDir())
		require.NoError(t, err)
		return c
	})
}

// TestAPI goes from an object file to a verdict of the card, without the
// command.
func TestAPI(t *testing.T) {
	r, err := offload.NewRegistry(append(devices.Schemes(), acme.Scheme())...)
	require.NoError(t, err)
	ctx := t.Context()
	d, err := r.Open(ctx, "acme:"+t.TempDir(), offload.OpenOptions{})
	require.NoError(t, err)
	defer d.Close()
	p, err := offload.ReadProgram("../../../testdata/bpf/count_by_proto.o", "", "", object.Options{})
	require.NoError(t, err)
	res, err := offload.Attach(ctx, d, offload.Request{Program: p})
	require.NoError(t, err)
	require.Contains(t, res.Steps, "compile count_by_proto for acme-x1")

	run, err := offload.AsPacketRunner(d)
	require.NoError(t, err)
	frame := append(bytes.Repeat([]byte{2, 0, 0, 0, 0, 1}, 2), bytes.Repeat([]byte{8, 0}, 25)...)
	out, err := run.RunPacket(ctx, offload.Packet{Data: frame})
	require.NoError(t, err)
	require.EqualValues(t, bpf.XDPPass, out.Verdict, "a code of the X1's own, read by its firmware model")
	require.Positive(t, out.Cycles)

	_, err = offload.AsEventReader(d)
	require.ErrorIs(t, err, offload.ErrNotSupported)
	require.ErrorContains(t, err, "cannot send events, because the X1 has no event queue")
}
