package nfp

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
)

// TestFillFromJoin gives the order of the words after some have moved from where
// two ways meet into slots of the branch over the words between, and how many it
// has. Words are given as the branch's way, the words between, and the join.
func TestFillFromJoin(t *testing.T) {
	a, b, x := nfpisa.A, nfpisa.B, nfpisa.X
	mov := func(d int) Word { return testWord(nfpisa.Mov(a(d), b(d)).KeepCC()) }
	test := testWord(nfpisa.ALU(nfpisa.NoOperand, a(2), nfpisa.ALUSub, nfpisa.Const(14)))
	carry := testWord(nfpisa.ALU(nfpisa.NoOperand, a(2), nfpisa.ALUSubCarry, nfpisa.Const(0)))
	sum := testWord(nfpisa.ALU(a(5), a(5), nfpisa.ALUAdd, b(5)))
	bcc := testWord(nfpisa.Bcc(nfpisa.CondCC, 0))
	bcc.Block = 2
	csr := testWord(nfpisa.CSRWr(nfpisa.CSRActLMAddr2, a(7)))
	lm := testWord(nfpisa.Mov(a(6), nfpisa.LMem(2, 0)).KeepCC())
	nop := testWord(nfpisa.Nop())
	amount := testWord(nfpisa.ALU(nfpisa.NoOperand, a(6), nfpisa.ALUOr, nfpisa.Const(0)))
	shift := testWord(nfpisa.Shf(a(6), nfpisa.NoOperand, nfpisa.ShfB, b(6), nfpisa.RshIndirect))
	again := testBranch(2)
	for _, c := range []struct {
		name        string
		s, over, to []Word
		want        []int // order
		slots       int
	}{
		{"what both ways do", []Word{test, bcc}, []Word{mov(3)}, []Word{mov(4), testExit()}, []int{0, 1, 3, 2, 4}, 1},
		{"no more than fit", []Word{test, bcc}, []Word{mov(3)}, []Word{mov(4), mov(5), mov(6), mov(7), testExit()}, []int{0, 1, 3, 4, 5, 2, 6, 7}, 3},
		{"a comparison", []Word{test, bcc}, []Word{sum}, []Word{test, carry, bcc, testExit()}, []int{0, 1, 3, 4, 2, 5, 6}, 2},
		{"not what is made between", []Word{test, bcc}, []Word{mov(4)}, []Word{mov(4), testExit()}, []int{0, 1, 2, 3, 4}, 0},
		{"not what is read between", []Word{test, bcc}, []Word{testWord(nfpisa.Mov(a(3), b(4)).KeepCC())}, []Word{testWord(nfpisa.Mov(b(4), a(9)).KeepCC()), testExit()}, []int{0, 1, 2, 3, 4}, 0},
		{"not a use of what is made between", []Word{test, bcc}, []Word{mov(4)}, []Word{testWord(nfpisa.Mov(b(9), a(4)).KeepCC()), testExit()}, []int{0, 1, 2, 3, 4}, 0},
		{"not flags over a comparison", []Word{test, bcc}, []Word{test, carry}, []Word{test, bcc, testExit()}, []int{0, 1, 2, 3, 4, 5, 6}, 0},
		{"not flags over a command that waits", []Word{test, bcc}, []Word{testWrite(0)}, []Word{test, bcc, testExit()}, []int{0, 1, 2, 3, 4, 5}, 0},
		{"a move over a command that waits", []Word{test, bcc}, []Word{testWrite(0)}, []Word{mov(4), testExit()}, []int{0, 1, 3, 2, 4}, 1},
		{"not a word that a command between takes", []Word{test, bcc}, []Word{testWrite(0)}, []Word{testFill(0), testExit()}, []int{0, 1, 2, 3, 4}, 0},
		{"not what a command between reads", []Word{test, bcc}, []Word{testRead()}, []Word{testWord(nfpisa.Mov(a(3), x(0)).KeepCC()), testExit()}, []int{0, 1, 2, 3, 4}, 0},
		{"not from between the write of an index register and its use", []Word{csr, test, bcc}, []Word{nop}, []Word{mov(4), lm, testExit()}, []int{0, 1, 2, 3, 4, 5, 6}, 0},
		{"not half of a shift by a register", []Word{test, bcc}, []Word{mov(3)}, []Word{amount, shift, testExit()}, []int{0, 1, 2, 3, 4, 5}, 0},
		{"not where others come to", []Word{again, test, bcc}, []Word{mov(3)}, []Word{mov(4), testExit()}, []int{0, 1, 2, 3, 4, 5}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := &Output{Starts: []int{0, len(c.s), len(c.s) + len(c.over)}}
			for _, part := range [][]Word{c.s, c.over, c.to} {
				for _, w := range part {
					w.Slot = int32(len(o.Words))
					o.Words = append(o.Words, w)
				}
			}
			// A branch behind the join leaves for the last word.
			for k := o.Starts[2]; k < len(o.Words); k++ {
				if o.Words[k].Block >= 0 {
					o.Starts = append(o.Starts, len(o.Words)-1)
					o.Words[k].Block = 3
				}
			}
			o.fillFromJoin(target.MustBuiltin("skipsw"))
			var got []string
			slots := -1
			for _, w := range o.Words {
				got = append(got, fmt.Sprint(w.Slot))
				if w.I.Class == nfpisa.ClassBranch && slots < 0 {
					slots = int(w.I.Defer)
				}
			}
			require.Equal(t, strings.Trim(fmt.Sprint(c.want), "[]"), strings.Join(got, " "))
			require.Equal(t, c.slots, slots)
			require.Equal(t, []int{len(c.s) + slots, len(c.s) + len(c.over) + slots}, o.Starts[1:3])
		})
	}
}
