package translate_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/verify"
)

// TestMayGotoEnds runs loops that nothing but may_goto ends, the second when
// the first has used up the function's rounds, and compares the number of
// rounds with the reference interpreter's.
func TestMayGotoEnds(t *testing.T) {
	mayGoto := func(off int16) bpf.Insn { return bpf.MayGoto(off) }
	jump := func(off int16) bpf.Insn { return bpf.Goto(off) }
	add := bpf.Add.Imm(0, 1)
	p := small(nil,
		movR0(0),
		mayGoto(2), add, jump(-3),
		mayGoto(2), add, jump(-3),
		exitInsn,
	)
	proven, err := verify.Verify(p, verify.Options{})
	require.NoError(t, err)
	img, err := translate.Compile(proven, translate.Options{CheckAllocation: true})
	require.NoError(t, err)
	spec := sim.DefaultSpec()
	spec.Budget = 1 << 30 // cycles
	m, err := sim.New(img, spec)
	require.NoError(t, err)
	got := m.Run(sim.Input{Packet: make([]byte, 64)})
	require.Nil(t, got.Fault)

	vm, err := ebpf.New(p, ebpf.Options{MaxSteps: 1 << 30})
	require.NoError(t, err)
	want, err := vm.Run(ebpf.Input{Packet: make([]byte, 64)})
	require.NoError(t, err)
	require.Equal(t, uint32(want.R0), got.Code)
	require.EqualValues(t, 8<<20, want.R0)
}
