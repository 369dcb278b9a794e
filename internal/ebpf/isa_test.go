package ebpf_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// edges are operands at which arithmetic changes its mind.
var edges = []uint64{
	0, 1, 2, 7, 31, 32, 33, 63, 64, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, math.MaxInt32, 1 << 31, math.MaxUint32, 1 << 32,
	0x8000_0000_0000_0000, math.MaxInt64, math.MaxUint64, 0xffff_ffff_8000_0000, 0xffff_ffff_0000_0001, 0x0123_4567_89ab_cdef,
}

// onOperands loads r2, r3, r0 from the packet, runs body and stores them back.
func onOperands(body ...any) code {
	return withPacket(object.XDP,
		bpf.Load(bpf.SizeDW, 2, 6, 16), bpf.Load(bpf.SizeDW, 3, 6, 24), bpf.Load(bpf.SizeDW, 0, 6, 32),
		bpf.Store(bpf.SizeDW, 10, -8, 2),
		seq(body...),
		bpf.Store(bpf.SizeDW, 6, 16, 2), bpf.Store(bpf.SizeDW, 6, 24, 3), bpf.Store(bpf.SizeDW, 6, 32, 0),
		bpf.Load(bpf.SizeDW, 2, 10, -8), bpf.Store(bpf.SizeDW, 6, 40, 2),
	)
}

func checkOnEdges(t *testing.T, body code) {
	p := newPair(t, newProgram(object.XDP, onOperands(body)))
	for i, a := range edges {
		for j, b := range edges {
			// The third operand is sometimes equal to the first.
			p.same(t, frame(room, a, b, edges[(i+j*3)%len(edges)]))
		}
		p.same(t, frame(room, a, edges[(i+5)%len(edges)], a))
	}
}

// TestArithmeticLikeKernel runs each ALU instruction on all pairs of edge
// operands.
func TestArithmeticLikeKernel(t *testing.T) {
	names := map[bpf.ALUOp]string{
		bpf.Add: "add", bpf.Sub: "sub", bpf.Mul: "mul", bpf.Div: "div", bpf.Or: "or", bpf.And: "and", bpf.Lsh: "lsh",
		bpf.Rsh: "rsh", bpf.Neg: "neg", bpf.Mod: "mod", bpf.Xor: "xor", bpf.Mov: "mov", bpf.Arsh: "arsh",
	}
	for op, opName := range names {
		for _, class := range []bpf.Class{bpf.ClassALU, bpf.ClassALU64} {
			offs := []int16{0}
			switch op {
			case bpf.Div, bpf.Mod:
				offs = []int16{0, 1}
			case bpf.Mov:
				offs = []int16{0, 8, 16}
				if class == bpf.ClassALU64 {
					offs = append(offs, 32)
				}
			}
			width := bpf.ALUReg(class, op, 0, 0).Bits()
			for _, off := range offs {
				name := fmt.Sprintf("%s%d.%d", opName, width, off)
				t.Run(name, func(t *testing.T) {
					if op == bpf.Neg {
						checkOnEdges(t, code{bpf.ALUImm(class, op, 2, 0)})
						return
					}
					in := bpf.ALUReg(class, op, 2, 3)
					in.Off = off
					checkOnEdges(t, code{in})
					for _, imm := range immediates(op, width, off) {
						in := bpf.ALUImm(class, op, 2, imm)
						in.Off = off
						checkOnEdges(t, code{in})
					}
				})
			}
		}
	}
}

// immediates are the constants that the verifier takes with an operation.
func immediates(op bpf.ALUOp, width int, off int16) []int32 {
	switch op {
	case bpf.Lsh, bpf.Rsh, bpf.Arsh:
		return []int32{0, 1, 16, int32(width - 1)}
	case bpf.Div, bpf.Mod:
		return []int32{1, 3, -1, math.MinInt32}
	case bpf.Mov:
		if off != 0 {
			return nil
		}
	}
	return []int32{0, 1, -1, math.MinInt32, math.MaxInt32}
}

func TestEndianLikeKernel(t *testing.T) {
	for _, width := range []int32{16, 32, 64} {
		for name, op := range map[string]func(int32, uint8) bpf.Insn{
			"le": bpf.ToLE, "be": bpf.ToBE, "bswap": bpf.Bswap,
		} {
			t.Run(fmt.Sprint(name, width), func(t *testing.T) {
				checkOnEdges(t, code{op(width, 2)})
			})
		}
	}
}

// TestJumpsLikeKernel runs each conditional jump in both widths.
func TestJumpsLikeKernel(t *testing.T) {
	for _, op := range []bpf.JumpOp{bpf.JEq, bpf.JGt, bpf.JGe, bpf.JSet, bpf.JNe, bpf.JSGt, bpf.JSGe, bpf.JLt, bpf.JLe, bpf.JSLt, bpf.JSLe} {
		for _, class := range []bpf.Class{bpf.ClassJMP, bpf.ClassJMP32} {
			t.Run(fmt.Sprintf("%02x", bpf.JumpOpcode(class, op, bpf.K)), func(t *testing.T) {
				checkOnEdges(t, seq(bpf.Mov.Imm(0, 1), bpf.JumpReg(class, op, 2, 3, 1), bpf.Mov.Imm(0, 0)))
				for _, imm := range []int32{0, 1, -1, math.MinInt32, math.MaxInt32} {
					checkOnEdges(t, seq(bpf.Mov.Imm(0, 1), bpf.JumpImm(class, op, 2, imm, 1), bpf.Mov.Imm(0, 0)))
				}
			})
		}
	}
	t.Run("may_goto", func(t *testing.T) {
		checkOnEdges(t, seq(
			bpf.And.Imm(2, 127), bpf.MayGoto(2), bpf.Add.Imm(2, 1), bpf.JLt.Imm(2, 100, -3)))
	})
	t.Run("long jump", func(t *testing.T) {
		checkOnEdges(t, seq(bpf.JGt.Reg(2, 3, 1), bpf.Gotol(1), bpf.Mov.Imm(2, 0), bpf.Mov.Imm(0, 1)))
	})
}

// TestAtomicsLikeKernel runs each atomic operation on a stack slot.
func TestAtomicsLikeKernel(t *testing.T) {
	for name, op := range map[string]bpf.AtomicOp{
		"add": bpf.AtomicAdd, "or": bpf.AtomicOr, "and": bpf.AtomicAnd, "xor": bpf.AtomicXor,
		"fetch_add": bpf.AtomicAdd | bpf.AtomicFetch, "fetch_or": bpf.AtomicOr | bpf.AtomicFetch,
		"fetch_and": bpf.AtomicAnd | bpf.AtomicFetch, "fetch_xor": bpf.AtomicXor | bpf.AtomicFetch,
		"xchg": bpf.AtomicXchg, "cmpxchg": bpf.AtomicCmpXchg,
	} {
		for _, size := range []bpf.Size{bpf.SizeW, bpf.SizeDW} {
			t.Run(fmt.Sprintf("%s.%02x", name, size), func(t *testing.T) {
				checkOnEdges(t, code{bpf.Atomic(op, size, 10, -8, 3)})
			})
		}
	}
	for _, size := range []bpf.Size{bpf.SizeB, bpf.SizeH, bpf.SizeW, bpf.SizeDW} {
		t.Run(fmt.Sprintf("acquire and release.%02x", size), func(t *testing.T) {
			checkOnEdges(t, code{
				bpf.StoreRelease(size, bpf.FP, -8, 3),
				bpf.LoadAcquire(size, 0, bpf.FP, -8),
			})
		})
	}
}

// TestLoadsLikeKernel runs loads and stores of all sizes on the stack and the
// packet.
func TestLoadsLikeKernel(t *testing.T) {
	for _, size := range []bpf.Size{bpf.SizeB, bpf.SizeH, bpf.SizeW, bpf.SizeDW} {
		t.Run(fmt.Sprintf("%02x", size), func(t *testing.T) {
			checkOnEdges(t, seq(bpf.Store(size, 10, -8, 3), bpf.Load(size, 0, 10, -8), bpf.Store(size, 6, 48, 2), bpf.StoreImm(size, 6, 56, -3)))
			if size != bpf.SizeDW {
				checkOnEdges(t, code{
					bpf.LoadSX(size, 0, 10, -8),
					bpf.LoadSX(size, 3, 6, 17),
				})
			}
		})
	}
	t.Run("wide constant", func(t *testing.T) { checkOnEdges(t, bpf.LoadImm64(2, 0x12345678_fffffffe)) })
}
