package simdev_test

import (
	"encoding/binary"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/simdev"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// broadcasting is a card with the sample that copies frames to all ports, the map of
// whose entries is open.
func broadcasting(t *testing.T) (d *simdev.Device, ports offload.Map) {
	d, err := simdev.New(simdev.Spec{}).Open("card0")
	require.NoError(t, err)
	p, err := offload.ReadProgram(filepath.Join("..", "..", "testdata", "bpf", "broadcast_edge.o"), "", "", object.Options{})
	require.NoError(t, err)
	res, err := offload.Attach(t.Context(), d, offload.Request{Program: p})
	require.NoError(t, err)
	for _, m := range res.Attachment.Maps {
		if m.FullName == "ports" {
			ports, err = d.OpenMap(t.Context(), m.ID)
			require.NoError(t, err)
		}
	}
	require.NotNil(t, ports)
	return d, ports
}

func words(v ...uint32) (b []byte) {
	for _, w := range v {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	return b
}

// entry writes an entry in the notation of its C type, with the program's name.
func entry(t *testing.T, d *simdev.Device, m offload.Map, key uint32, text string) error {
	v, err := offload.ParseValue(d.MapTypes(t.Context(), m.Info().ID).Value, text, m.ValueBytes())
	require.NoError(t, err)
	return m.Update(words(key), v, 0)
}

// TestEnds: entries name programs of the image, which get the copies; they go on by
// name when the program is replaced, and by checkpoints.
func TestEnds(t *testing.T) {
	d, ports := broadcasting(t)
	require.NoError(t, entry(t, d, ports, 0, "{.ifindex = 2, .bpf_prog = edge_address}"))
	require.NoError(t, entry(t, d, ports, 1, "{.ifindex = 3, .bpf_prog = none}"))
	frame := make([]byte, 64)
	run := func(d *simdev.Device) *offload.Redirect {
		out, err := d.RunPacket(t.Context(), offload.Packet{Data: frame})
		require.NoError(t, err)
		require.NotNil(t, out.Redirect)
		return out.Redirect
	}
	want := &offload.Redirect{Ports: []int{2}, Ends: []offload.End{
		{Port: 1, Program: "edge_address", Verdict: uint32(bpf.XDPPass), Data: frame, Sent: true},
	}}
	require.Equal(t, want, run(d))

	// A number of no program, or of one that runs elsewhere, is refused.
	require.ErrorContains(t, ports.Update(words(0), words(2, 1), 0), "the image has 2 (edge_address)")
	require.ErrorIs(t, ports.Update(words(0), words(2, 9), 0), offload.ErrNotSupported)

	// Another program for the far end, of another object, is linked with what runs.
	drop := &offload.Program{Program: &object.Program{
		Name: "drop", Type: object.XDP, Attach: bpf.AttachXDPDevMap, License: "GPL", Funcs: []object.Func{{Name: "drop"}},
		Insns: []bpf.Insn{bpf.Mov.Imm(0, int32(bpf.XDPDrop)), bpf.Return()},
	}}
	fill := func(p *offload.Program) error {
		_, err := offload.FillEnd(t.Context(), d, offload.EndRequest{
			Map: ports.Info().ID, Key: words(1), Value: 3, Read: func(object.Type) (*offload.Program, error) { return p, nil },
		})
		return err
	}
	require.NoError(t, fill(drop))
	want.Ports = nil
	want.Ends = append(want.Ends, offload.End{Port: 2, Program: "drop", Verdict: uint32(bpf.XDPDrop), Data: frame})
	require.Equal(t, want, run(d))

	hooked := *drop.Program
	hooked.Attach, hooked.Name = bpf.AtHook, "hooked"
	require.ErrorContains(t, fill(&offload.Program{Program: &hooked}), "is not made for its entries")
	_, err := offload.Attach(t.Context(), d, offload.Request{Program: drop, Force: true})
	require.ErrorIs(t, err, offload.ErrNotSupported)

	// What runs is saved, and goes on elsewhere.
	state, err := d.State()
	require.NoError(t, err)
	other, err := simdev.New(simdev.Spec{}).Open("card1")
	require.NoError(t, err)
	require.NoError(t, other.Restore(t.Context(), state))
	require.Equal(t, want, run(other))

	// A replacement without the program is refused, and changes nothing.
	p, err := offload.ReadProgram(filepath.Join("..", "..", "testdata", "bpf", "broadcast_edge.o"), "", "", object.Options{})
	require.NoError(t, err)
	_, err = offload.Replace(t.Context(), d, offload.Request{Program: p})
	require.ErrorContains(t, err, "map ports: an entry holds program drop, which the new program is not linked with")
	require.Equal(t, offload.AdviseEnd, offload.AdviceOf(err))
	require.Equal(t, want, run(d))
	require.NoError(t, ports.Delete(words(1)))
	_, err = offload.Replace(t.Context(), d, offload.Request{Program: p})
	require.NoError(t, err)
	want.Ends = want.Ends[:1]
	require.Equal(t, want, run(d))
}
