package nfp

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa"
)

// TestFillDefer moves instructions into defer slots where that is right, and
// leaves them where it is not.
func TestFillDefer(t *testing.T) {
	a, b := nfpisa.A, nfpisa.B
	mov := nfpisa.Mov(a(1), b(1))
	test := nfpisa.ALU(nfpisa.NoOperand, a(2), nfpisa.ALUSub, nfpisa.Const(14))
	for _, c := range []struct {
		name   string
		words  []nfpisa.Instr
		starts []int
		want   []int // order of the words
		slots  int   // of the last branch
	}{
		{"before a jump", []nfpisa.Instr{mov, nfpisa.Br(9)}, nil, []int{1, 0}, 1},
		{"two at most", []nfpisa.Instr{mov, nfpisa.Mov(a(3), b(1)), nfpisa.Mov(a(4), b(1)), nfpisa.Br(9)}, nil, []int{0, 3, 1, 2}, 2},
		{"not a command", []nfpisa.Instr{nfpisa.Mem32(nfpisa.MemRead32, 0, a(0), nfpisa.Const(0), 1).CtxSwap(1), nfpisa.Br(9)}, nil, []int{0, 1}, 0},
		{"not past a label", []nfpisa.Instr{mov, nfpisa.Br(9)}, []int{1}, []int{0, 1}, 0},
		{"over a test that is independent", []nfpisa.Instr{mov, test, nfpisa.Bcc(nfpisa.CondCC, 9)}, nil, []int{1, 2, 0}, 1},
		{"not what is tested", []nfpisa.Instr{nfpisa.Mov(a(2), b(1)), test, nfpisa.Bcc(nfpisa.CondCC, 9)}, nil, []int{0, 1, 2}, 0},
		{"not what a bit branch reads", []nfpisa.Instr{mov, nfpisa.BrSet(a(1), 3, 9)}, nil, []int{0, 1}, 0},
		{"not half of a shift by a register", []nfpisa.Instr{
			nfpisa.ALU(nfpisa.NoOperand, a(2), nfpisa.ALUOr, nfpisa.Const(0)),
			nfpisa.Shf(a(1), nfpisa.NoOperand, nfpisa.ShfB, b(1), nfpisa.RshIndirect), nfpisa.Br(9),
		}, nil, []int{0, 1, 2}, 0},
		{"not out of another branch's slots", []nfpisa.Instr{nfpisa.BrSet(a(5), 0, 9).WithDefer(1), mov, nfpisa.Br(9)}, nil, []int{0, 1, 2}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := &Output{Starts: c.starts}
			for k, i := range c.words {
				o.Words = append(o.Words, Word{I: i, Slot: int32(k), Block: -1})
			}
			o.fillDefer()
			var got []string
			slots := 0
			for _, w := range o.Words {
				got = append(got, fmt.Sprint(w.Slot))
				if int(w.Slot) == len(c.words)-1 {
					slots = int(w.I.Defer)
				}
			}
			require.Equal(t, strings.Trim(fmt.Sprint(c.want), "[]"), strings.Join(got, " "))
			require.Equal(t, c.slots, slots)
		})
	}
}
