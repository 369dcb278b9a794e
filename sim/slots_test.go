package sim_test

import (
	"encoding/binary"
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate"
)

// linked compiles a program of a sample with those that it reaches.
func linked(t *testing.T, name string) *image.Image {
	t.Helper()
	img, err := translate.File(filepath.Join("..", "testdata", "bpf", name+".o"), translate.FileOptions{Program: name})
	require.NoError(t, err)
	b, err := img.Marshal()
	require.NoError(t, err)
	back, err := image.Read(b)
	require.NoError(t, err)
	require.Equal(t, img.Tails, back.Tails)
	require.Equal(t, img.Programs, back.Programs)
	require.Equal(t, img.Slots(), back.Slots())
	return back
}

func slotKey(index uint32) []byte { return binary.LittleEndian.AppendUint32(nil, index) }

// TestSlots changes the slots of a running image: another program of the image,
// none, and what cannot be.
func TestSlots(t *testing.T) {
	img := linked(t, "tail_dispatch")
	m, err := sim.New(img, sim.DefaultSpec())
	require.NoError(t, err)
	programs, ok := m.Map("programs")
	require.True(t, ok)
	require.Equal(t, uint32(5), programs.Programs())

	const empty, last = 1, 4
	packet := make([]byte, 64)
	packet[5] = empty
	run := func() uint32 {
		res := m.Run(sim.Input{Packet: packet})
		require.Nil(t, res.Fault)
		return res.Verdict
	}
	require.Equal(t, uint32(2), run(), "an empty slot goes on behind the call")

	to, err := sim.SlotValue(img, "last")
	require.NoError(t, err)
	require.NoError(t, programs.Update(slotKey(empty), to, sim.UpdateAny))
	require.Equal(t, uint32(3), run(), "the slot leads to last")
	around, err := sim.SlotValue(img, "around")
	require.NoError(t, err)
	require.NoError(t, programs.Update(slotKey(empty), around, sim.UpdateAny))
	require.Equal(t, uint32(1), run(), "the slot leads to around, which drops after 33 calls")
	require.NoError(t, programs.Delete(slotKey(empty)))
	require.Equal(t, uint32(2), run(), "the slot is empty again")

	require.ErrorIs(t, programs.Delete(slotKey(empty)), syscall.ENOENT)
	require.ErrorIs(t, programs.Delete(slotKey(5)), syscall.E2BIG)
	require.ErrorIs(t, programs.Update(slotKey(5), to, sim.UpdateAny), syscall.E2BIG)
	require.ErrorIs(t, programs.Update(slotKey(last), to, sim.UpdateExist), syscall.EINVAL)
	for _, number := range []uint32{0, 6, 1 << 31} {
		err := programs.Update(slotKey(empty), slotKey(number), sim.UpdateAny)
		require.ErrorIs(t, err, syscall.EINVAL)
		require.ErrorContains(t, err, "programs 1 to 5")
	}
	_, err = sim.SlotValue(img, "other")
	require.ErrorIs(t, err, errors.ErrUnsupported)

	require.NoError(t, programs.Update(slotKey(empty), to, sim.UpdateAny))
	require.NoError(t, m.Reset())
	require.Equal(t, uint32(2), run(), "a reset brings back what the image has")
}

// TestSlotsKeepRoom refuses a slot through which a program would wait for itself
// again and again.
func TestSlotsKeepRoom(t *testing.T) {
	img := linked(t, "tail_inside")
	m, err := sim.New(img, sim.DefaultSpec())
	require.NoError(t, err)
	answers, ok := m.Map("answers")
	require.True(t, ok)
	deeper, err := sim.SlotValue(img, "deeper")
	require.NoError(t, err)
	err = answers.Update(slotKey(0), deeper, sim.UpdateAny)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.ErrorContains(t, err, "deeper in slot 0 of map answers")
	require.ErrorContains(t, err, "local memory")
	require.NoError(t, answers.Update(slotKey(3), deeper, sim.UpdateAny), "nobody waits there for one that waits")
	require.NoError(t, m.Reset())
}
