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
func onOperands(body ...code) code {
	return withPacket(object.XDP,
		ldx(bpf.SizeDW, 2, 6, 16), ldx(bpf.SizeDW, 3, 6, 24), ldx(bpf.SizeDW, 0, 6, 32),
		stx(bpf.SizeDW, 10, -8, 2),
		seq(body...),
		stx(bpf.SizeDW, 6, 16, 2), stx(bpf.SizeDW, 6, 24, 3), stx(bpf.SizeDW, 6, 32, 0),
		ldx(bpf.SizeDW, 2, 10, -8), stx(bpf.SizeDW, 6, 40, 2),
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
	names := map[uint8]string{
		bpf.ADD: "add", bpf.SUB: "sub", bpf.MUL: "mul", bpf.DIV: "div", bpf.OR: "or", bpf.AND: "and", bpf.LSH: "lsh",
		bpf.RSH: "rsh", bpf.NEG: "neg", bpf.MOD: "mod", bpf.XOR: "xor", bpf.MOV: "mov", bpf.ARSH: "arsh",
	}
	for op := uint8(0); op <= bpf.ARSH; op += 0x10 {
		for _, class := range []uint8{bpf.ClassALU, bpf.ClassALU64} {
			offs := []int16{0}
			switch op {
			case bpf.DIV, bpf.MOD:
				offs = []int16{0, 1}
			case bpf.MOV:
				offs = []int16{0, 8, 16}
				if class == bpf.ClassALU64 {
					offs = append(offs, 32)
				}
			}
			width := map[uint8]int{bpf.ClassALU: 32, bpf.ClassALU64: 64}[class]
			for _, off := range offs {
				name := fmt.Sprintf("%s%d.%d", names[op], width, off)
				t.Run(name, func(t *testing.T) {
					if op == bpf.NEG {
						checkOnEdges(t, code{{Op: class | op, Dst: 2}})
						return
					}
					checkOnEdges(t, code{{Op: class | op | bpf.X, Dst: 2, Src: 3, Off: off}})
					for _, imm := range immediates(op, width, off) {
						checkOnEdges(t, code{{Op: class | op | bpf.K, Dst: 2, Imm: imm, Off: off}})
					}
				})
			}
		}
	}
}

// immediates are the constants that the verifier takes with an operation.
func immediates(op uint8, width int, off int16) []int32 {
	switch op {
	case bpf.LSH, bpf.RSH, bpf.ARSH:
		return []int32{0, 1, 16, int32(width - 1)}
	case bpf.DIV, bpf.MOD:
		return []int32{1, 3, -1, math.MinInt32}
	case bpf.MOV:
		if off != 0 {
			return nil
		}
	}
	return []int32{0, 1, -1, math.MinInt32, math.MaxInt32}
}

func TestEndianLikeKernel(t *testing.T) {
	for _, width := range []int32{16, 32, 64} {
		for name, op := range map[string]uint8{
			"le": bpf.ClassALU | bpf.END | bpf.K, "be": bpf.ClassALU | bpf.END | bpf.X, "bswap": bpf.ClassALU64 | bpf.END,
		} {
			t.Run(fmt.Sprint(name, width), func(t *testing.T) {
				checkOnEdges(t, code{{Op: op, Dst: 2, Imm: width}})
			})
		}
	}
}

// TestJumpsLikeKernel runs each conditional jump in both widths.
func TestJumpsLikeKernel(t *testing.T) {
	for _, op := range []uint8{bpf.JEQ, bpf.JGT, bpf.JGE, bpf.JSET, bpf.JNE, bpf.JSGT, bpf.JSGE, bpf.JLT, bpf.JLE, bpf.JSLT, bpf.JSLE} {
		for _, class := range []uint8{bpf.ClassJMP, bpf.ClassJMP32} {
			t.Run(fmt.Sprintf("%02x", op|class), func(t *testing.T) {
				checkOnEdges(t, seq(mov(0, 1), code{{Op: class | op | bpf.X, Dst: 2, Src: 3, Off: 1}}, mov(0, 0)))
				for _, imm := range []int32{0, 1, -1, math.MinInt32, math.MaxInt32} {
					checkOnEdges(t, seq(mov(0, 1), code{{Op: class | op | bpf.K, Dst: 2, Imm: imm, Off: 1}}, mov(0, 0)))
				}
			})
		}
	}
	t.Run("may_goto", func(t *testing.T) {
		checkOnEdges(t, seq(
			op64(bpf.AND, 2, 127), code{{Op: bpf.ClassJMP | bpf.JCOND, Off: 2}}, op64(bpf.ADD, 2, 1), jmp(bpf.JLT, 2, 100, -3)))
	})
	t.Run("long jump", func(t *testing.T) {
		checkOnEdges(t, seq(jmpr(bpf.JGT, 2, 3, 1), code{{Op: bpf.ClassJMP32 | bpf.JA, Imm: 1}}, mov(2, 0), mov(0, 1)))
	})
}

// TestAtomicsLikeKernel runs each atomic operation on a stack slot.
func TestAtomicsLikeKernel(t *testing.T) {
	for name, imm := range map[string]int32{
		"add": bpf.AtomicAdd, "or": bpf.AtomicOr, "and": bpf.AtomicAnd, "xor": bpf.AtomicXor,
		"fetch_add": bpf.AtomicAdd | bpf.AtomicFetch, "fetch_or": bpf.AtomicOr | bpf.AtomicFetch,
		"fetch_and": bpf.AtomicAnd | bpf.AtomicFetch, "fetch_xor": bpf.AtomicXor | bpf.AtomicFetch,
		"xchg": bpf.AtomicXchg, "cmpxchg": bpf.AtomicCmpXchg,
	} {
		for _, size := range []uint8{bpf.SizeW, bpf.SizeDW} {
			t.Run(fmt.Sprintf("%s.%02x", name, size), func(t *testing.T) {
				checkOnEdges(t, code{{Op: bpf.ClassSTX | bpf.ModeATOMIC | size, Dst: 10, Src: 3, Off: -8, Imm: imm}})
			})
		}
	}
	for _, size := range []uint8{bpf.SizeB, bpf.SizeH, bpf.SizeW, bpf.SizeDW} {
		t.Run(fmt.Sprintf("acquire and release.%02x", size), func(t *testing.T) {
			checkOnEdges(t, code{
				{Op: bpf.ClassSTX | bpf.ModeATOMIC | size, Dst: 10, Src: 3, Off: -8, Imm: bpf.AtomicStoreRel},
				{Op: bpf.ClassSTX | bpf.ModeATOMIC | size, Dst: 0, Src: 10, Off: -8, Imm: bpf.AtomicLoadAcq},
			})
		})
	}
}

// TestLoadsLikeKernel runs loads and stores of all sizes on the stack and the
// packet.
func TestLoadsLikeKernel(t *testing.T) {
	for _, size := range []uint8{bpf.SizeB, bpf.SizeH, bpf.SizeW, bpf.SizeDW} {
		t.Run(fmt.Sprintf("%02x", size), func(t *testing.T) {
			checkOnEdges(t, seq(stx(size, 10, -8, 3), ldx(size, 0, 10, -8), stx(size, 6, 48, 2), st(size, 6, 56, -3)))
			if size != bpf.SizeDW {
				checkOnEdges(t, code{
					{Op: bpf.ClassLDX | bpf.ModeMEMSX | size, Dst: 0, Src: 10, Off: -8},
					{Op: bpf.ClassLDX | bpf.ModeMEMSX | size, Dst: 3, Src: 6, Off: 17},
				})
			}
		})
	}
	t.Run("wide constant", func(t *testing.T) { checkOnEdges(t, wide(2, 0, -2, 0x12345678)) })
}
