package judge_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/gen"
	"github.com/skipsw/skipsw/internal/oracle/judge"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// TestFetchedPointers runs programs that get pointers back from the stack by atomic
// operations.
func TestFetchedPointers(t *testing.T) {
	packet := []bpf.Insn{
		bpf.Load(bpf.SizeW, bpf.R6, bpf.R1, 0),
		bpf.Load(bpf.SizeW, bpf.R7, bpf.R1, 4),
		bpf.Mov.Reg(bpf.R8, bpf.R6),
		bpf.Add.Imm(bpf.R8, 14),
		bpf.JGt.Reg(bpf.R8, bpf.R7, 4),
	}
	for _, c := range []struct {
		name string
		code []bpf.Insn
	}{
		{"context, exchanged", []bpf.Insn{
			bpf.Store(bpf.SizeDW, bpf.FP, -8, bpf.R1),
			bpf.Mov.Imm(bpf.R2, 0),
			bpf.Atomic(bpf.AtomicXchg, bpf.SizeDW, bpf.FP, -8, bpf.R2),
			bpf.Load(bpf.SizeW, bpf.R3, bpf.R2, 4),
			bpf.Load(bpf.SizeW, bpf.R0, bpf.R2, 0),
			bpf.Sub.Reg(bpf.R3, bpf.R0),
			bpf.Mov.Reg(bpf.R0, bpf.R3),
		}},
		{"context, added to", []bpf.Insn{
			bpf.Store(bpf.SizeDW, bpf.FP, -8, bpf.R1),
			bpf.Mov.Imm(bpf.R2, 8),
			bpf.Atomic(bpf.AtomicAdd|bpf.AtomicFetch, bpf.SizeDW, bpf.FP, -8, bpf.R2),
			bpf.Load(bpf.SizeW, bpf.R0, bpf.R2, 12),
		}},
		{"context, compared", []bpf.Insn{
			bpf.Store(bpf.SizeDW, bpf.FP, -8, bpf.R1),
			bpf.Mov.Imm(bpf.R2, 0),
			bpf.Atomic(bpf.AtomicCmpXchg, bpf.SizeDW, bpf.FP, -8, bpf.R2),
			bpf.Load(bpf.SizeW, bpf.R3, bpf.R0, 4),
			bpf.Load(bpf.SizeW, bpf.R4, bpf.R0, 0),
			bpf.Sub.Reg(bpf.R3, bpf.R4),
			bpf.Mov.Reg(bpf.R0, bpf.R3),
		}},
		{"packet", append(packet,
			bpf.Store(bpf.SizeDW, bpf.FP, -8, bpf.R6),
			bpf.Mov.Imm(bpf.R2, 0),
			bpf.Atomic(bpf.AtomicXchg, bpf.SizeDW, bpf.FP, -8, bpf.R2),
			bpf.Load(bpf.SizeB, bpf.R0, bpf.R2, 13),
		)},
		{"frame", []bpf.Insn{
			bpf.Store(bpf.SizeDW, bpf.FP, -8, bpf.FP),
			bpf.StoreImm(bpf.SizeDW, bpf.FP, -16, 3),
			bpf.Mov.Imm(bpf.R2, 0),
			bpf.Atomic(bpf.AtomicXchg, bpf.SizeDW, bpf.FP, -8, bpf.R2),
			bpf.Load(bpf.SizeDW, bpf.R0, bpf.R2, -16),
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			code := append([]bpf.Insn{bpf.Mov.Imm(bpf.R0, 0)}, c.code...)
			p := &object.Program{Name: "fetch", Type: object.XDP, License: "GPL", Insns: append(code, bpf.Return()), Funcs: []object.Func{{Name: "fetch"}}}
			h := &oracle.Harness{Reference: judge.Interpreter{}, Judges: judges(t)}
			rep, err := h.Check(&oracle.Case{Program: p, Packets: gen.Packets(1, 4, gen.PacketOptions{Min: 60})})
			require.NoError(t, err)
			require.Empty(t, rep.Mismatches)
			require.Positive(t, rep.Compared["skipsw"], "%v", rep.NotSupported)
		})
	}
}
