package nfp

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
)

// TestFillCommands gives the order of the words after instructions have moved
// into slots of the last command that waits, and how many it has.
func TestFillCommands(t *testing.T) {
	a, b, x := nfpisa.A, nfpisa.B, nfpisa.X
	mov := func(d int) Word { return testWord(nfpisa.Mov(a(d), b(d)).KeepCC()) }
	add := testWord(nfpisa.ALU(a(9), a(8), nfpisa.ALUAdd, b(7)))
	bcc := testWord(nfpisa.Bcc(nfpisa.CondEQ, 0))
	bcc.Block = 0
	posted := testWrite(0)
	posted.I.Cmd.Ctx, posted.I.Cmd.Signal = nfpisa.CmdNoSwap, 0
	carry := testWord(nfpisa.ALU(a(6), a(8), nfpisa.ALUAddCarry, b(7)))
	lm := testWord(nfpisa.Mov(a(6), nfpisa.LMem(2, 0)).KeepCC())
	csr := testWord(nfpisa.CSRWr(nfpisa.CSRActLMAddr2, a(7)))
	nop := testWord(nfpisa.Nop())
	amount := testWord(nfpisa.ALU(nfpisa.NoOperand, a(2), nfpisa.ALUOr, nfpisa.Const(0)))
	shift := testWord(nfpisa.Shf(a(6), nfpisa.NoOperand, nfpisa.ShfB, b(6), nfpisa.RshIndirect))
	long := testWrite(0)
	long.I = long.I.IndirectRef()
	length := testWord(nfpisa.Immed(nfpisa.NoOperand, 0x980))
	for _, c := range []struct {
		name  string
		words []Word
		want  []int // order
		slots int
	}{
		{"from before", []Word{mov(3), mov(4), testRead(), testExit()}, []int{2, 0, 1, 3}, 2},
		{"from behind", []Word{testRead(), mov(3), mov(4), mov(5), testExit()}, []int{0, 1, 2, 3, 4}, 2},
		{"not its address", []Word{mov(1), testRead(), testExit()}, []int{0, 1, 2}, 0},
		{"over another", []Word{mov(3), mov(1), testRead(), testExit()}, []int{1, 2, 0, 3}, 1},
		{"not what another needs", []Word{testWord(nfpisa.Mov(b(1), a(5)).KeepCC()), mov(1), testRead(), testExit()}, []int{0, 1, 2, 3}, 0},
		{"words that it writes", []Word{testFill(0), testWrite(0), testExit()}, []int{1, 0, 2}, 1},
		{"not words that it has read", []Word{testWord(nfpisa.Mov(a(3), x(0)).KeepCC()), testRead(), testExit()}, []int{0, 1, 2}, 0},
		{"not a use of what it reads", []Word{testRead(), testWord(nfpisa.Mov(a(3), x(0))), testExit()}, []int{0, 1, 2}, 0},
		{"a word for the next command", []Word{testWrite(0), testFill(1), testExit()}, []int{0, 1, 2}, 1},
		{"not a word that it takes", []Word{testWrite(0), testFill(0), testExit()}, []int{0, 1, 2}, 0},
		{"not a word in flight", []Word{posted, testWrite(1), testFill(0), testExit()}, []int{0, 1, 2, 3}, 0},
		{"flags that nobody reads", []Word{testRead(), add, testExit()}, []int{0, 1, 2}, 1},
		{"not flags that a branch reads", []Word{testRead(), add, bcc, testExit()}, []int{0, 1, 2, 3}, 0},
		{"not a sum with carry", []Word{testRead(), testWord(nfpisa.ALU(a(3), x(0), nfpisa.ALUAdd, b(3))), carry, testExit()}, []int{0, 1, 2, 3}, 0},
		{"not over the write of an index register", []Word{testRead(), csr, nop, nop, nop, lm, testExit()}, []int{0, 1, 2, 3, 4, 5, 6}, 0},
		{"not from between it and its use", []Word{csr, mov(3), nop, nop, lm, testRead(), testExit()}, []int{0, 1, 2, 3, 4, 5, 6}, 0},
		{"not half of a shift by a register", []Word{amount, shift, testRead(), testExit()}, []int{0, 1, 2, 3}, 0},
		{"not between a command and its length", []Word{mov(3), length, long, testExit()}, []int{1, 2, 0, 3}, 1},
		{"not another one's slot", []Word{testWord(nfpisa.BrSet(a(5), 0, 0).WithDefer(1)), mov(3), testRead(), testExit()}, []int{0, 1, 2, 3}, 0},
		{"not over a branch", []Word{testRead(), testBranch(0), mov(3), testExit()}, []int{0, 1, 2, 3}, 0},
		{"not a command", []Word{testRead(), posted, testExit()}, []int{0, 1, 2}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := &Output{Starts: []int{0}}
			for k, w := range c.words {
				w.Slot = int32(k)
				o.Words = append(o.Words, w)
			}
			o.fillCommands(target.MustBuiltin("skipsw"))
			var got []string
			slots := 0
			for _, w := range o.Words {
				got = append(got, fmt.Sprint(w.Slot))
				if w.waits() {
					slots = int(w.I.Cmd.Ctx)
				}
			}
			require.Equal(t, strings.Trim(fmt.Sprint(c.want), "[]"), strings.Join(got, " "))
			require.Equal(t, c.slots, slots)
		})
	}
}

// TestFillBranches gives the order of the words after words have moved into slots
// of the last branch, and how many it has.
func TestFillBranches(t *testing.T) {
	a, b := nfpisa.A, nfpisa.B
	mov := func(d int) Word { return testWord(nfpisa.Mov(a(d), b(d)).KeepCC()) }
	test := testWord(nfpisa.ALU(nfpisa.NoOperand, a(2), nfpisa.ALUSub, nfpisa.Const(14)))
	bcc := testWord(nfpisa.Bcc(nfpisa.CondCC, 0))
	bcc.Block = 0
	posted := func(first int) Word {
		w := testWrite(first)
		w.I.Cmd.Ctx, w.I.Cmd.Signal = nfpisa.CmdNoSwap, 0
		return w
	}
	long := posted(0)
	long.I = long.I.IndirectRef()
	fixed := testWord(nfpisa.Rtn(b(0)))
	fixed.Fixed = true
	for _, c := range []struct {
		name  string
		words []Word
		want  []int // order
		slots int
	}{
		{"over what the test needs", []Word{mov(3), mov(2), test, bcc}, []int{1, 2, 3, 0}, 1},
		{"not what the test needs", []Word{mov(2), test, bcc}, []int{0, 1, 2}, 0},
		{"a posted write", []Word{testFill(0), posted(0), testExit()}, []int{2, 0, 1}, 2},
		{"not what it takes", []Word{testFill(0), long, testExit()}, []int{0, 1, 2}, 0},
		{"not the packet's length over a write", []Word{testWord(nfpisa.Mov(nfpisa.LMem(1, 0), a(7)).KeepCC()), testWord(nfpisa.Immed(nfpisa.NoOperand, 0x980)), long, testExit()}, []int{0, 1, 2, 3}, 0},
		{"not over another command", []Word{posted(0), long, testExit()}, []int{0, 1, 2}, 0},
		{"not a command that waits", []Word{testWrite(0), testExit()}, []int{0, 1}, 0},
		{"not flags that are tested behind", []Word{testWord(nfpisa.ALU(a(3), a(4), nfpisa.ALUAdd, b(3))), testBranch(0), bcc}, []int{0, 1, 2}, 0},
		{"not behind words at a distance", []Word{mov(3), fixed}, []int{0, 1}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := &Output{Starts: []int{0}}
			for k, w := range c.words {
				w.Slot = int32(k)
				o.Words = append(o.Words, w)
			}
			o.fillBranches(target.MustBuiltin("skipsw"))
			var got []string
			slots := 0
			for _, w := range o.Words {
				got = append(got, fmt.Sprint(w.Slot))
				if isBranch(&w.I) {
					slots = int(w.I.Defer)
				}
			}
			require.Equal(t, strings.Trim(fmt.Sprint(c.want), "[]"), strings.Join(got, " "))
			require.Equal(t, c.slots, slots)
		})
	}
}
