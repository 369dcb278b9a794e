package translate_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// Arrays on the stack that are addressed at run time.

// arraySum adds all words of n bytes at off to R0, in a loop: R1 leads to them.
func arraySum(off, n int) []bpf.Insn {
	return slices.Concat(onStack(1, off), []bpf.Insn{
		bpf.Mov.Imm(2, int32(n/4)),
		load(4, 3, 1, 0), bpf.Mul.Imm(0, 31), bpf.Add.Reg(0, 3), bpf.Add.Imm(1, 4), bpf.Add.Imm(2, -1), bpf.JNe.Imm(2, 0, -6),
	})
}

// arrayFill writes n bytes at off in pieces of a size: R4 is the first, each is
// the one before and something.
func arrayFill(off, n, size int) []bpf.Insn {
	return slices.Concat(onStack(1, off), []bpf.Insn{
		bpf.Mov.Imm(2, int32(n/size)),
		store(size, 1, 0, 4), bpf.Add.Imm(4, 0x1234567), bpf.Add.Imm(1, int32(size)), bpf.Add.Imm(2, -1), bpf.JNe.Imm(2, 0, -5),
	})
}

// at puts the address of an element of an array of n bytes in R1, by a number of
// the packet.
func elementAt(off, n, size int) []bpf.Insn {
	return []bpf.Insn{bpf.Mov.Reg(2, 8), bpf.And.Imm(2, int32((n-1)&^(size-1))), bpf.Mov.Reg(1, 10), bpf.Add.Imm(1, int32(off)), bpf.Add.Reg(1, 2)}
}

// TestStackArrays fills arrays of all sizes in loops, writes an element and reads
// another, and adds them up.
func TestStackArrays(t *testing.T) {
	for _, n := range []int{16, 64, 128, 256, 448} {
		for _, size := range []int{1, 2, 4, 8} {
			t.Run(fmt.Sprintf("%d bytes in pieces of %d", n, size), func(t *testing.T) {
				off, mask := -40-n, 1
				for 2*mask <= n {
					mask *= 2
				}
				p := withNumbers(nil, slices.Concat(
					[]bpf.Insn{bpf.Mov.Reg(4, 6)}, arrayFill(off, n, 4*((size+3)/4)),
					elementAt(off, mask, size), []bpf.Insn{store(size, 1, 0, 7), bpf.Mov.Reg(8, 7)},
					elementAt(off, mask, size), []bpf.Insn{load(size, 0, 1, 0)}, arraySum(off, n),
				)...)
				if n > 384 {
					must(t, p, "skipsw")
					return
				}
				must(t, p, target.Names()...)
			})
		}
	}
}

// TestStackArrayTooLarge names the limit where local memory has no room.
func TestStackArrayTooLarge(t *testing.T) {
	tg, err := target.Builtin("agilio")
	require.NoError(t, err)
	p := small(nil, slices.Concat(
		[]bpf.Insn{bpf.Mov.Imm(0, 0), bpf.Mov.Imm(4, 1)}, arrayFill(-512, 512, 8), arraySum(-512, 512), []bpf.Insn{exitInsn})...)
	v, err := verify.Verify(p, verify.Options{})
	require.NoError(t, err)
	_, err = translate.Compile(v, translate.Options{Target: tg})
	require.ErrorIs(t, err, translate.ErrNotSupported)
	require.ErrorContains(t, err, "bytes of local memory from the stack base on, because local_memory.stack is 512 in target agilio")
}

// TestStackArrayUnwritten reads bytes that nobody wrote as zero, packet for packet.
func TestStackArrayUnwritten(t *testing.T) {
	must(t, withNumbers(nil, slices.Concat(
		elementAt(-168, 128, 4), []bpf.Insn{load(4, 0, 1, 0), store(4, 1, 0, 6)}, arraySum(-168, 128))...), "skipsw", "agilio")
}

// TestStackArrayOfCaller lets functions work on arrays of their callers, on two of
// them, and on their own.
func TestStackArrayOfCaller(t *testing.T) {
	call := bpf.CallFunc(0)
	main := slices.Concat(
		[]bpf.Insn{bpf.Mov.Reg(4, 6)}, arrayFill(-168, 128, 4),
		onStack(1, -168), []bpf.Insn{bpf.Mov.Reg(2, 8), call, bpf.Mov.Reg(6, 0)},
		onStack(1, -104), []bpf.Insn{bpf.Mov.Reg(2, 7), call, bpf.Add.Reg(0, 6)},
		arraySum(-168, 128),
	)
	p := withNumbers(nil, main...)
	at := len(p.Insns)
	// The callee copies bytes to an array of its own, changes the caller's and
	// chooses one of both.
	p.Insns = append(p.Insns, slices.Concat(
		[]bpf.Insn{bpf.Mov.Reg(6, 1), bpf.Mov.Reg(8, 2), bpf.Mov.Reg(7, 2), bpf.Mov.Imm(3, 0)},
		[]bpf.Insn{
			bpf.Mov.Reg(4, 6), bpf.Add.Reg(4, 3), load(1, 5, 4, 0), bpf.Mov.Reg(4, 10), bpf.Add.Reg(4, 3), store(1, 4, -64, 5),
			bpf.Add.Imm(3, 1), bpf.JNe.Imm(3, 64, -8),
		},
		elementAt(-64, 64, 2), []bpf.Insn{bpf.And.Imm(7, 1), bpf.JEq.Imm(7, 0, 2), bpf.Mov.Reg(1, 6), bpf.Add.Reg(1, 2)},
		[]bpf.Insn{store(2, 1, 0, 8), load(2, 0, 1, 0)}, arraySum(-64, 64), []bpf.Insn{exitInsn},
	)...)
	for k := range p.Insns {
		if in := &p.Insns[k]; in.Op == call.Op && in.Src == call.Src {
			in.Imm = int32(at - k - 1)
		}
	}
	p.Funcs = append(p.Funcs, object.Func{Name: "callee", Start: at})
	must(t, p, "skipsw", "agilio")
}

// TestStackArrayKeys looks up keys and stores values that lie in an array at a
// place that the packet says.
func TestStackArrayKeys(t *testing.T) {
	for _, typ := range []bpf.MapType{bpf.MapTypeHash, bpf.MapTypeArray} {
		m := filled("m", typ, 4, 12)
		p := withNumbers([]*object.Map{m}, slices.Concat(
			[]bpf.Insn{bpf.Mov.Imm(4, 0)}, arrayFill(-168, 128, 8),
			elementAt(-168, 64, 1), []bpf.Insn{bpf.Mov.Reg(2, 1), storeK(4, 10, -40, 0), store(1, 10, -40, 8), bpf.Mov.Reg(3, 10), bpf.Add.Imm(3, -40)},
			onStack(2, -40), []bpf.Insn{bpf.Mov.Reg(3, 1), bpf.Mov.Imm(4, 0)}, bpf.LoadMap(1, 0),
			[]bpf.Insn{bpf.CallHelper(bpf.HelperMapUpdateElem), bpf.Mov.Reg(6, 0)},
			elementAt(-168, 128, 4), []bpf.Insn{storeK(4, 1, 0, 1), bpf.Mov.Reg(2, 1)}, bpf.LoadMap(1, 0),
			[]bpf.Insn{bpf.CallHelper(bpf.HelperMapLookupElem), bpf.JEq.Imm(0, 0, 1), load(4, 0, 0, 8), bpf.Add.Reg(0, 6)},
		)...)
		must(t, p, "skipsw")
	}
}

// asTC makes a program of withNumbers one of tc: data and data_end are those of the
// other context.
func asTC(p *object.Program) *object.Program {
	p.Type = object.TC
	for k, in := range p.Insns[:3] {
		if in.Class() == bpf.ClassLDX {
			p.Insns[k].Off = map[int16]int16{0: 76, 4: 80}[in.Off]
		}
	}
	return p
}

// TestBytesOfVariableNumber copies as many bytes as the packet says between packet
// and stack, and sums them.
func TestBytesOfVariableNumber(t *testing.T) {
	size := []bpf.Insn{bpf.Mov.Reg(4, 8), bpf.And.Imm(4, 63), bpf.Add.Imm(4, 1)}
	copying := func(load, store bpf.HelperID) []bpf.Insn {
		return slices.Concat(
			[]bpf.Insn{bpf.Mov.Reg(4, 6)}, arrayFill(-112, 72, 8), elementAt(-112, 8, 1), []bpf.Insn{bpf.Mov.Reg(3, 1)}, size,
			[]bpf.Insn{bpf.Mov.Reg(1, 9), bpf.Mov.Imm(2, 3), bpf.CallHelper(load), bpf.Mov.Reg(6, 0)},
			elementAt(-112, 8, 1), []bpf.Insn{bpf.Mov.Reg(3, 1)}, size,
			[]bpf.Insn{bpf.Mov.Reg(1, 9), bpf.Mov.Imm(2, 20), bpf.Mov.Imm(5, 0), bpf.CallHelper(store), bpf.Add.Reg(0, 6)},
			arraySum(-112, 72),
		)
	}
	must(t, withNumbers(nil, copying(bpf.HelperXDPLoadBytes, bpf.HelperXDPStoreBytes)...), "skipsw")
	must(t, asTC(withNumbers(nil, copying(bpf.HelperSkbLoadBytes, bpf.HelperSkbStoreBytes)...)), "skipsw")
	must(t, withNumbers(nil, slices.Concat(
		[]bpf.Insn{bpf.Mov.Reg(4, 6)}, arrayFill(-296, 256, 8), onStack(3, -296),
		[]bpf.Insn{
			bpf.Mov.Reg(4, 8), bpf.And.Imm(4, 63), bpf.Lsh.Imm(4, 2), bpf.Mov.Imm(1, 0), bpf.Mov.Imm(2, 0), bpf.Mov.Imm(5, 1),
			bpf.CallHelper(bpf.HelperCsumDiff),
		})...), "skipsw")
}

// TestStackAtTwoOffsets reads and writes through pointers that are at one of two
// constant offsets, where ways of the program meet: the offset's part that is not
// known is negative.
func TestStackAtTwoOffsets(t *testing.T) {
	for _, size := range []int{1, 2, 4, 8} {
		for _, off := range [][2]int{{-40, -24}, {-40, -36}, {-17, -40}, {-8, -39}, {-38, -37}} {
			if off[0]%size != 0 || off[1]%size != 0 {
				continue
			}
			t.Run(fmt.Sprintf("%d bytes at %d or %d", size, off[0], off[1]), func(t *testing.T) {
				where := []bpf.Insn{
					bpf.Mov.Imm(2, int32(off[0])), bpf.Mov.Reg(1, 8), bpf.And.Imm(1, 1), bpf.JEq.Imm(1, 0, 1), bpf.Mov.Imm(2, int32(off[1])),
					bpf.Mov.Reg(1, 10), bpf.Add.Reg(1, 2),
				}
				must(t, withNumbers(nil, slices.Concat(where, []bpf.Insn{load(size, 0, 1, 0), bpf.Add.Reg(0, 7), store(size, 1, 0, 6)})...), target.Names()...)
			})
		}
	}
}
