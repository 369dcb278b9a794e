package oracle_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Programs that make the kernel's verifier write to memory that is not its own are not
// shown to it, by no way; others with the same instructions are.
func TestHarmfulIsNotAsked(t *testing.T) {
	load := bpf.LoadAbs(bpf.SizeB, 12)
	harmful := program(object.TC,
		bpf.CallFunc(2), bpf.Mov.Imm(0, 0), bpf.Return(),
		bpf.Mov.Reg(6, 1), load, bpf.Return())
	inMain := program(object.TC,
		bpf.Mov.Reg(6, 1), load, bpf.CallFunc(1), bpf.Return(),
		bpf.Mov.Imm(0, 0), bpf.Return())
	for _, p := range []*object.Program{harmful, inMain} {
		p.Funcs = []object.Func{{Name: "main"}, {Name: "called", Start: len(p.Insns) - 3}}
	}
	inMain.Funcs[1].Start = 4

	_, err := oracle.LoadKernel(harmful, oracle.KernelOptions{})
	require.ErrorIs(t, err, oracle.ErrHarmsKernel)
	require.ErrorIs(t, oracle.AskVerifier(harmful), oracle.ErrHarmsKernel)
	for _, j := range []oracle.Judge{oracle.Kernel{}, oracle.Asked{}} {
		var refusal *oracle.Refusal
		_, err := j.Load(harmful)
		require.ErrorAs(t, err, &refusal)
		require.Equal(t, oracle.NotSupported, refusal.Kind)
	}
	if oracle.KernelAvailable() == nil {
		k, err := oracle.LoadKernel(inMain, oracle.KernelOptions{})
		require.NoError(t, err)
		k.Close()
	}
}
