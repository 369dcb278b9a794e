package simdev_test

import (
	"encoding/binary"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/simdev"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// TestLongFrames: a card takes frames of 9,212 bytes for a program that takes them in
// several pieces, and says so by its MTU; for others it takes what a buffer takes.
func TestLongFrames(t *testing.T) {
	d, err := simdev.New(simdev.Spec{}).Open("card0")
	require.NoError(t, err)
	mtu := func() uint32 {
		is, err := d.Describe(t.Context())
		require.NoError(t, err)
		return is.MTU
	}
	frame := make([]byte, 9212)
	binary.LittleEndian.PutUint16(frame[14:], 9100) // from, to
	binary.LittleEndian.PutUint16(frame[16:], 8030)
	frame[18] = 62 // 63 bytes
	for k := range 63 {
		frame[9100+k] = byte(k + 1)
	}
	dir := filepath.Join("..", "..", "testdata", "bpf")
	load := func(file, name string) *offload.Program {
		p, err := offload.ReadProgram(filepath.Join(dir, file), "", name, object.Options{})
		require.NoError(t, err)
		return p
	}
	_, err = offload.Attach(t.Context(), d, offload.Request{Program: load("pass.o", "")})
	require.NoError(t, err)
	require.EqualValues(t, 7730, mtu())
	_, err = d.RunPacket(t.Context(), offload.Packet{Data: frame})
	require.ErrorContains(t, err, sim.HowFragments)

	_, err = offload.Replace(t.Context(), d, offload.Request{Program: load(filepath.Join("odd", "frags.o"), "copy_xdp")})
	require.NoError(t, err)
	require.EqualValues(t, 9198, mtu())
	out, err := d.RunPacket(t.Context(), offload.Packet{Data: frame})
	require.NoError(t, err)
	require.EqualValues(t, bpf.XDPTX, out.Verdict)
	require.Len(t, out.Data, len(frame))
	require.Equal(t, frame[9100:9163], out.Data[8030:8093], "over the end of the buffer")
}
