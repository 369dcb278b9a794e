package verify_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// fetching are programs that fetch what is spilled at fp-8, a pointer, by an
// atomic operation, and whether the register holds that pointer then.
var fetching = []struct {
	name  string
	code  []bpf.Insn
	taken bool
}{
	{"exchange of the context", []bpf.Insn{
		bpf.Mov.Imm(bpf.R2, 0),
		bpf.Atomic(bpf.AtomicXchg, bpf.SizeDW, bpf.FP, -8, bpf.R2),
		bpf.Load(bpf.SizeW, bpf.R0, bpf.R2, 0),
	}, true},
	{"addition to the context", []bpf.Insn{
		bpf.Mov.Imm(bpf.R2, 8),
		bpf.Atomic(bpf.AtomicAdd|bpf.AtomicFetch, bpf.SizeDW, bpf.FP, -8, bpf.R2),
		bpf.Load(bpf.SizeW, bpf.R0, bpf.R2, 4),
	}, true},
	{"compare and exchange", []bpf.Insn{
		bpf.Mov.Imm(bpf.R0, 0),
		bpf.Mov.Imm(bpf.R2, 0),
		bpf.Atomic(bpf.AtomicCmpXchg, bpf.SizeDW, bpf.FP, -8, bpf.R2),
		bpf.Load(bpf.SizeW, bpf.R0, bpf.R0, 0),
	}, true},
	{"what is left in the slot is a number", []bpf.Insn{
		bpf.Mov.Imm(bpf.R2, 0),
		bpf.Atomic(bpf.AtomicAdd|bpf.AtomicFetch, bpf.SizeDW, bpf.FP, -8, bpf.R2),
		bpf.Load(bpf.SizeDW, bpf.R3, bpf.FP, -8),
		bpf.Load(bpf.SizeW, bpf.R0, bpf.R3, 0),
	}, false},
	{"half of the context is a number", []bpf.Insn{
		bpf.Mov.Imm(bpf.R2, 0),
		bpf.Atomic(bpf.AtomicXchg, bpf.SizeW, bpf.FP, -8, bpf.R2),
		bpf.Load(bpf.SizeW, bpf.R0, bpf.R2, 0),
	}, false},
	{"the frame's own address", []bpf.Insn{
		bpf.Store(bpf.SizeDW, bpf.FP, -8, bpf.FP),
		bpf.StoreImm(bpf.SizeDW, bpf.FP, -16, 7),
		bpf.Mov.Imm(bpf.R2, 0),
		bpf.Atomic(bpf.AtomicXchg, bpf.SizeDW, bpf.FP, -8, bpf.R2),
		bpf.Load(bpf.SizeDW, bpf.R0, bpf.R2, -16),
	}, true},
	{"beyond the frame", []bpf.Insn{
		bpf.Store(bpf.SizeDW, bpf.FP, -8, bpf.FP),
		bpf.Mov.Imm(bpf.R2, 0),
		bpf.Atomic(bpf.AtomicXchg, bpf.SizeDW, bpf.FP, -8, bpf.R2),
		bpf.StoreImm(bpf.SizeDW, bpf.R2, 0, 0),
	}, false},
	{"a packet pointer, whose bytes are proven before", []bpf.Insn{
		bpf.Load(bpf.SizeW, bpf.R6, bpf.R1, 0),
		bpf.Load(bpf.SizeW, bpf.R7, bpf.R1, 4),
		bpf.Mov.Reg(bpf.R8, bpf.R6),
		bpf.Add.Imm(bpf.R8, 14),
		bpf.JGt.Reg(bpf.R8, bpf.R7, 4),
		bpf.Store(bpf.SizeDW, bpf.FP, -8, bpf.R6),
		bpf.Mov.Imm(bpf.R2, 0),
		bpf.Atomic(bpf.AtomicXchg, bpf.SizeDW, bpf.FP, -8, bpf.R2),
		bpf.Load(bpf.SizeB, bpf.R0, bpf.R2, 13),
	}, true},
	{"a packet pointer, of bytes that nobody has proven", []bpf.Insn{
		bpf.Load(bpf.SizeW, bpf.R6, bpf.R1, 0),
		bpf.Store(bpf.SizeDW, bpf.FP, -8, bpf.R6),
		bpf.Mov.Imm(bpf.R2, 0),
		bpf.Atomic(bpf.AtomicXchg, bpf.SizeDW, bpf.FP, -8, bpf.R2),
		bpf.Load(bpf.SizeB, bpf.R0, bpf.R2, 13),
	}, false},
}

// TestFetchedPointers: an atomic operation that fetches a spilled pointer gives it
// back, as the kernel has it.
func TestFetchedPointers(t *testing.T) {
	needsKernel(t)
	for _, c := range fetching {
		t.Run(c.name, func(t *testing.T) {
			code := append([]bpf.Insn{bpf.Mov.Imm(bpf.R0, 0), bpf.Store(bpf.SizeDW, bpf.FP, -8, bpf.R1)}, c.code...)
			code = append(code, bpf.Mov.Imm(bpf.R0, 2), bpf.Return())
			p := &object.Program{Name: "fetch", Type: object.XDP, License: "GPL", Insns: code, Funcs: []object.Func{{Name: "fetch"}}}
			_, err := verify.Verify(p, verify.Options{})
			refusal, asked := askKernel(t, p)
			require.True(t, asked)
			require.Equal(t, c.taken, refusal == "", refusal)
			require.Equal(t, c.taken, err == nil, "%v", err)
		})
	}
}
