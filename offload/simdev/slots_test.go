package simdev_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/simdev"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// TestSlotTooLarge: a program that does not fit the code store beside those that
// run is refused with the words that all would take, and nothing changes.
func TestSlotTooLarge(t *testing.T) {
	d, err := simdev.New(simdev.Spec{}).Open("card0")
	require.NoError(t, err)
	p, err := offload.ReadProgram(filepath.Join("..", "..", "testdata", "bpf", "tail_dispatch.o"), "", "tail_dispatch", object.Options{})
	require.NoError(t, err)
	res, err := offload.Attach(t.Context(), d, offload.Request{Program: p})
	require.NoError(t, err)

	insns := []bpf.Insn{bpf.Load(bpf.SizeW, bpf.R0, bpf.R1, bpf.XDPMdIngressIfindex)}
	for k := range int32(1500) {
		insns = append(insns, bpf.Mul.Reg(bpf.R0, bpf.R0), bpf.Xor.Imm(bpf.R0, k+1))
	}
	insns = append(insns, bpf.And.Imm(bpf.R0, 1), bpf.Return())
	large := &offload.Program{Program: &object.Program{Name: "large", Type: object.XDP, License: "GPL", Insns: insns, Funcs: []object.Func{{Name: "large"}}}}
	read := func(object.Type) (*offload.Program, error) { return large, nil }
	_, err = offload.FillSlot(t.Context(), d, offload.SlotRequest{Map: res.Attachment.Maps[0].ID, Index: 1, Read: read})
	require.ErrorIs(t, err, offload.ErrNotSupported)
	require.Regexp(t, `\d+ words.* large \d+.*target skipsw has room for 8176`, err.Error())
	all, err := d.Attached(t.Context())
	require.NoError(t, err)
	require.Equal(t, res.Attachment.ID, all[0].ID)
}

// TestSlotsOverRestore: what runs with a program of another object in a slot is
// saved and goes on elsewhere.
func TestSlotsOverRestore(t *testing.T) {
	cards := simdev.New(simdev.Spec{})
	d, err := cards.Open("card0")
	require.NoError(t, err)
	dir := filepath.Join("..", "..", "testdata", "bpf")
	p, err := offload.ReadProgram(filepath.Join(dir, "tail_dispatch.o"), "", "tail_dispatch", object.Options{})
	require.NoError(t, err)
	res, err := offload.Attach(t.Context(), d, offload.Request{Program: p})
	require.NoError(t, err)
	read := func(typ object.Type) (*offload.Program, error) {
		require.Equal(t, object.XDP, typ)
		return offload.ReadProgram(filepath.Join(dir, "l2_swap_tx.o"), "", "", object.Options{})
	}
	_, err = offload.FillSlot(t.Context(), d, offload.SlotRequest{Map: res.Attachment.Maps[0].ID, Index: 1, Read: read})
	require.NoError(t, err)
	frame := make([]byte, 64)
	frame[0], frame[6], frame[5] = 1, 2, 1
	run := func(d *simdev.Device) []byte {
		out, err := d.RunPacket(t.Context(), offload.Packet{Data: frame})
		require.NoError(t, err)
		require.EqualValues(t, bpf.XDPTX, out.Verdict)
		return out.Data
	}
	swapped := run(d)
	require.Equal(t, []byte{2, 1}, []byte{swapped[0], swapped[6]})
	s, err := d.State()
	require.NoError(t, err)
	again, err := cards.Open("card1")
	require.NoError(t, err)
	require.NoError(t, again.Restore(t.Context(), s))
	require.Equal(t, swapped, run(again))
	src, err := again.Source(t.Context(), attachedID(t, again))
	require.NoError(t, err)
	require.Equal(t, map[uint32]string{0: "count", 1: "l2_swap_tx", 2: "around", 3: "cut", 4: "last"}, src.Was["programs"])
}

// attachedID returns the id of what is attached.
func attachedID(t *testing.T, d *simdev.Device) uint32 {
	all, err := d.Attached(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1)
	return all[0].ID
}
