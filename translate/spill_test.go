package translate_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// Programs with more values at a time than there are registers and near words of
// local memory.

// crowded is a program that keeps n 8-byte numbers on the stack, made of the
// packet, over a branch, a loop and, with a map, a call, and takes all of them
// afterwards.
func crowded(n int, m *object.Map) *object.Program {
	r := rand.New(rand.NewPCG(uint64(n), 1))
	body := []bpf.Insn{bpf.Mov.Reg(0, 6)}
	for k := range n {
		body = append(body, bpf.Mul.Imm(0, 0x5bd1e995), bpf.Add.Reg(0, 7), bpf.Xor.Imm(0, r.Int32()), store(8, 10, -48-8*k, 0))
	}
	var maps []*object.Map
	if m != nil {
		maps = []*object.Map{m}
		body = append(body, storeK(4, 10, -40, 1))
		body = append(body, onStack(2, -40)...)
		body = append(body, bpf.LoadMap(1, 0)...)
		body = append(body, bpf.CallHelper(bpf.HelperMapLookupElem), bpf.JEq.Imm(0, 0, 2), load(4, 1, 0, 0), bpf.Add.Reg(7, 1))
	}
	// A way that changes every other number, and one that exchanges pairs.
	var odd, even []bpf.Insn
	for k := range n / 2 {
		odd = append(odd, load(8, 1, 10, -48-16*k), bpf.Add.Reg(1, 7), store(8, 10, -48-16*k, 1))
		even = append(even, load(8, 1, 10, -48-16*k), load(8, 2, 10, -56-16*k), store(8, 10, -48-16*k, 2), store(8, 10, -56-16*k, 1))
	}
	body = append(body, onOdd(even, odd)...)
	body = append(body, movR0(0), bpf.Mov.Imm(3, 3))
	loop := len(body)
	for k := range n {
		body = append(body, bpf.Mul.Imm(0, 31), load(8, 1, 10, -48-8*k), bpf.Add.Reg(0, 1), bpf.Add.Reg(1, 3), store(8, 10, -48-8*k, 1))
	}
	body = append(body, bpf.Sub.Imm(3, 1))
	body = append(body, bpf.JNe.Imm(3, 0, int16(loop-len(body)-1)))
	return withNumbers(maps, append(body, bpf.Mov.Reg(1, 0), bpf.Rsh.Imm(1, 32), bpf.Xor.Reg(0, 1))...)
}

// TestMoreValuesThanNearWords spills to local memory behind the words that
// instructions name.
func TestMoreValuesThanNearWords(t *testing.T) {
	hash := func() *object.Map { return filled("m", bpf.MapTypeHash, 4, 8) }
	for _, n := range []int{20, 32, 44, 58} {
		t.Run(fmt.Sprint(n), func(t *testing.T) { must(t, crowded(n, nil), "skipsw", "agilio") })
		t.Run(fmt.Sprintf("%d and a call", n), func(t *testing.T) { must(t, crowded(n, hash()), "skipsw", "agilio") })
	}
	t.Run("where they are", func(t *testing.T) {
		for _, name := range target.Names() {
			tg, err := target.Builtin(name)
			require.NoError(t, err)
			generous(tg)
			v, err := verify.Verify(crowded(58, hash()), verify.Options{})
			require.NoError(t, err)
			img, err := translate.Compile(v, translate.Options{Target: tg})
			require.NoError(t, err)
			require.Greater(t, img.Machine.StackSize, uint32(64), "%s: no far word is used", name)
			require.LessOrEqual(t, img.Machine.StackSize, uint32(tg.LocalMemory.Stack), name)
		}
	})
	t.Run("few registers", func(t *testing.T) {
		tg, err := target.Builtin("skipsw")
		require.NoError(t, err)
		generous(tg)
		tg.Registers.GPRs, tg.Registers.XferIn, tg.Registers.XferOut = routineGPRs, 24, 24
		runs, err := differ(crowded(44, hash()), 7, tg, translate.LevelDefault)
		require.NoError(t, err)
		require.NotZero(t, runs)
	})
	t.Run("no index register left", func(t *testing.T) {
		tg, err := target.Builtin("agilio")
		require.NoError(t, err)
		generous(tg)
		tg.Calls.Key.Index, tg.Calls.Key.Word = 3, 32
		_, err = differ(crowded(58, nil), 7, tg, translate.LevelDefault)
		require.ErrorIs(t, err, translate.ErrNotSupported)
		require.ErrorContains(t, err, "spill slots hold values")
	})
}

// TestLongStraightProgram allocates registers for thousands of instructions
// without a branch whose numbers are of any age.
func TestLongStraightProgram(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3} {
		r := rand.New(rand.NewPCG(seed, 2))
		ops := []bpf.ALUOp{bpf.Add, bpf.Sub, bpf.Xor, bpf.Or, bpf.And, bpf.Lsh, bpf.Rsh}
		var body []bpf.Insn
		for len(body) < 7000 {
			dst, src := uint8(r.IntN(9)), uint8(r.IntN(9))
			op := ops[r.IntN(len(ops))]
			switch {
			case len(body) < 9:
				body = append(body, []bpf.Insn{bpf.Mov.Imm(1, 3), bpf.Mov.Imm(2, 5), bpf.Mov.Reg(3, 6), bpf.Mov.Reg(4, 7), bpf.Mov.Reg(5, 8)}...)
				body = append(body, bpf.Mov.Reg(0, 6), bpf.Mul.Reg(0, 7), bpf.Add.Imm(0, 1), bpf.Xor.Reg(0, 8))
			case op == bpf.Lsh || op == bpf.Rsh:
				body = append(body, op.Imm(dst, int32(r.IntN(31))))
			case r.IntN(3) == 0:
				body = append(body, op.Imm(dst, r.Int32()))
			default:
				body = append(body, op.Reg(dst, src))
			}
		}
		for k := 1; k < 9; k++ {
			body = append(body, bpf.Xor.Reg(0, uint8(k)))
		}
		p := withNumbers(nil, slices.Concat(body, []bpf.Insn{bpf.Mov.Reg(1, 0), bpf.Rsh.Imm(1, 32), bpf.Xor.Reg(0, 1)})...)
		for _, name := range target.Names() {
			tg, err := target.Builtin(name)
			require.NoError(t, err)
			tg.Core.CodeWords = 1<<14 - int(tg.Core.CodeStart)
			runs, err := differ(p, 7, tg, translate.LevelDefault)
			require.NoError(t, err, "seed %d, %s", seed, name)
			require.NotZero(t, runs)
		}
	}
}

// TestMoreSharedValuesThanPlaces has more equal values computed again, long
// after, than there are registers and words of local memory: they are not kept.
func TestMoreSharedValuesThanPlaces(t *testing.T) {
	for _, n := range []int{100, 200, 400} {
		var body []bpf.Insn
		for again := range 2 {
			for k := range n {
				if again == 1 {
					k = k * 7919 % n
				}
				body = append(body, bpf.Mov.Reg(1, 6), bpf.Add.Imm(1, int32(0x01010101*(k+1))), bpf.Mul.Reg(1, 1), bpf.Mul.Imm(0, 3), bpf.Xor.Reg(0, 1))
			}
		}
		for _, name := range target.Names() {
			tg, err := target.Builtin(name)
			require.NoError(t, err)
			tg.Core.CodeWords = 1<<14 - int(tg.Core.CodeStart)
			runs, err := differ(withNumbers(nil, body...), 7, tg, translate.LevelDefault)
			require.NoError(t, err, "%d values, %s", n, name)
			require.NotZero(t, runs)
		}
	}
}
