package nfp

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
)

// TestLeaveAtOnce gives the order of the words after branches have become ends of
// the program. The end that they lead to is at the third part of the words.
func TestLeaveAtOnce(t *testing.T) {
	tg := target.MustBuiltin("agilio")
	a, b := nfpisa.A, nfpisa.B
	verdict := tg.Exit.Register.Operand()
	mov := func(d int) Word { return testWord(nfpisa.Mov(a(d), b(d)).KeepCC()) }
	slots := func(w Word, n int) Word { w.I = w.I.WithDefer(n); return w }
	load := func(n uint32) Word { return testWord(nfpisa.Immed(verdict, n)) }
	end := []Word{slots(testExit(), 1), load(2)}
	on := testWord(nfpisa.Br(0))
	on.Block = 2
	csr := testWord(nfpisa.CSRRd(nfpisa.CSRPseudoRndNum))
	amount := testWord(nfpisa.ALU(nfpisa.NoOperand, a(6), nfpisa.ALUOr, nfpisa.Const(0)))
	shift := testWord(nfpisa.Shf(a(6), nfpisa.NoOperand, nfpisa.ShfB, b(6), nfpisa.RshIndirect))
	rest := []Word{slots(testExit(), 1), load(1)}
	for _, c := range []struct {
		name           string
		s, rest, third []Word
		want           []int // order
		slots          int   // of the branch
	}{
		{"a branch to an end", []Word{mov(4), testBranch(2)}, rest, end, []int{0, 1, 5, 2, 3}, 1},
		{"behind what is in its slots", []Word{slots(testBranch(2), 2), mov(4), mov(5)}, rest, end, []int{0, 1, 2, 6, 3, 4}, 3},
		{"what comes behind the end moves up", []Word{testBranch(2)}, rest, append(append([]Word(nil), end...), mov(4), testExit()), []int{0, 4, 1, 2, 5, 6}, 1},
		{"not with its slots full", []Word{slots(testBranch(2), 3), mov(4), mov(5), mov(6)}, rest, end, []int{0, 1, 2, 3, 4, 5, 6, 7}, 3},
		{"not where another way needs the register", []Word{testBranch(2)}, []Word{testWord(nfpisa.Mov(b(3), verdict).KeepCC()), rest[0], rest[1]}, end, []int{0, 1, 2, 3, 4, 5}, 0},
		{"not where the verdict of another way is in it", []Word{testBranch(2)}, []Word{testExit()}, end, []int{0, 1, 2, 3}, 0},
		{"not where a routine may need it", []Word{testBranch(2)}, []Word{testCall(), rest[0], rest[1]}, end, []int{0, 1, 2, 3, 4, 5}, 0},
		{"not where two branches lead to the end", []Word{testBranch(2), mov(4), testBranch(2)}, rest, end, []int{0, 1, 2, 3, 4, 5, 6}, 0},
		{"not where others fall into the end", []Word{testBranch(2)}, []Word{mov(4)}, end, []int{0, 1, 2, 3}, 0},
		{"not a branch that is always taken", []Word{on}, rest, end, []int{0, 1, 2, 3, 4}, 0},
		{"not a verdict of two instructions", []Word{testBranch(2)}, rest, []Word{slots(testExit(), 2), load(2), testWord(nfpisa.Instr{Class: nfpisa.ClassImmed, Dst: verdict})}, []int{0, 1, 2, 3, 4, 5}, 0},
		{"not a verdict that is computed", []Word{testBranch(2)}, rest, []Word{slots(testExit(), 1), mov(0)}, []int{0, 1, 2, 3, 4}, 0},
		{"not an end with more before it", []Word{testBranch(2)}, rest, append([]Word{mov(4)}, end...), []int{0, 1, 2, 3, 4, 5}, 0},
		{"not before what takes a register that was read", []Word{slots(testBranch(2), 1), csr}, append([]Word{load(0)}, rest...), end, []int{0, 1, 2, 3, 4, 5, 6}, 1},
		{"not into a shift by a register", []Word{slots(testBranch(2), 1), amount}, append([]Word{shift}, rest...), end, []int{0, 1, 2, 3, 4, 5, 6}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := &Output{Starts: []int{0, len(c.s), len(c.s) + len(c.rest)}}
			branch := 0
			for _, part := range [][]Word{c.s, c.rest, c.third} {
				for _, w := range part {
					if w.Block == 2 {
						branch = len(o.Words)
					}
					w.Slot = int32(len(o.Words))
					o.Words = append(o.Words, w)
				}
			}
			// A branch behind the end leads to the word behind it.
			o.Starts = append(o.Starts, len(c.s)+len(c.rest)+endWords)
			was := len(o.Words)
			changed := len(c.want) < was
			require.Equal(t, changed, o.leaveAtOnce(tg))
			var got []string
			for _, w := range o.Words {
				got = append(got, fmt.Sprint(w.Slot))
			}
			require.Equal(t, strings.Trim(fmt.Sprint(c.want), "[]"), strings.Join(got, " "))
			if branch = min(branch, len(o.Words)-1); changed {
				require.True(t, o.Words[branch].Done)
				require.Equal(t, int32(-1), o.Words[branch].Block)
				require.Equal(t, len(c.s)+len(c.rest)+1, o.Starts[3])
				require.True(t, o.Words[branch+c.slots].I.Dst == verdict)
			}
			require.Equal(t, c.slots, int(o.Words[branch].I.Defer))
		})
	}
}
