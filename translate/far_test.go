package translate_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
)

// TestFarOffset copies bytes from an offset that no packet has, beside a load of
// one that it has: the two are not read together, however far apart.
func TestFarOffset(t *testing.T) {
	const loadBytes = 189
	alu := func(op, dst, src uint8) bpf.Insn {
		return bpf.Insn{Op: bpf.ClassALU64 | op | bpf.X, Dst: dst, Src: src}
	}
	p := small(nil,
		ctxLoad(2, 4), ctxLoad(4, 0),
		alu(bpf.MOV, 3, 4),
		bpf.Insn{Op: bpf.ClassALU64 | bpf.ADD, Dst: 3, Imm: 34},
		bpf.Insn{Op: bpf.ClassJMP | bpf.JGT | bpf.X, Dst: 3, Src: 2, Off: 10},
		bpf.Insn{Op: bpf.ClassLDX | bpf.ModeMEM | bpf.SizeB, Dst: 6, Src: 4, Off: 23},
		bpf.Insn{Op: bpf.ClassALU64 | bpf.MOV, Dst: 2, Imm: -2147483647},
		alu(bpf.MOV, 3, 10),
		bpf.Insn{Op: bpf.ClassALU64 | bpf.ADD, Dst: 3, Imm: -24},
		bpf.Insn{Op: bpf.ClassALU64 | bpf.MOV, Dst: 4, Imm: 24},
		callHelper(loadBytes),
		bpf.Insn{Op: bpf.ClassLDX | bpf.ModeMEM | bpf.SizeDW, Dst: 1, Src: 10, Off: -8},
		alu(bpf.ADD, 0, 6), alu(bpf.ADD, 0, 1), exitInsn,
		movR0(2), exitInsn,
	)
	tg, err := target.Builtin("skipsw")
	require.NoError(t, err)
	for _, level := range []translate.Level{translate.LevelDefault, translate.LevelNone} {
		runs, err := differ(p, 1, tg, level)
		require.NoError(t, err)
		require.NotZero(t, runs)
	}
}
