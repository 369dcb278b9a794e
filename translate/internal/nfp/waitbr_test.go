package nfp

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa"
)

// TestWaitAndBranch gives the order of the words after a command and the branch
// behind it have become one wait, and how many slots that has; -1 if they have not.
func TestWaitAndBranch(t *testing.T) {
	a, b, x := nfpisa.A, nfpisa.B, nfpisa.X
	mov := func(d int) Word { return testWord(nfpisa.Mov(a(d), b(d)).KeepCC()) }
	with := func(w Word, n nfpisa.CmdCtx) Word { w.I.Cmd.Ctx = n; return w }
	slots := func(w Word, n int) Word { w.I = w.I.WithDefer(n); return w }
	long := testWrite(0)
	long.I = long.I.IndirectRef()
	length := testWord(nfpisa.Immed(nfpisa.NoOperand, 0x980))
	posted := testWrite(4)
	posted.I.Cmd.Ctx, posted.I.Cmd.Signal = nfpisa.CmdNoSwap, 0
	on := testWord(nfpisa.Br(0))
	on.Block = 1
	for _, c := range []struct {
		name  string
		words []Word
		want  []int // order
		slots int
	}{
		{"a write and the end", []Word{testWrite(0), slots(testExit(), 1), mov(3)}, []int{0, 1, 2}, 1},
		{"a read and a branch", []Word{testRead(), on}, []int{0, 1}, 0},
		{"what is made for the write comes before it", []Word{with(testWrite(0), 1), testFill(0), testExit()}, []int{1, 0, 2}, 0},
		{"before its length, too", []Word{length, with(long, 1), testFill(0), testExit()}, []int{2, 0, 1, 3}, 0},
		{"what it does not need goes into the wait", []Word{with(testWrite(0), 1), mov(4), slots(testExit(), 1), mov(3)}, []int{0, 2, 1, 3}, 2},
		{"as far as there is room", []Word{with(testWrite(0), 1), mov(4), slots(testExit(), 2), mov(3), mov(5)}, []int{1, 0, 2, 3, 4}, 2},
		{"not two for the write", []Word{with(testWrite(0), 2), testFill(0), testFill(0), testExit()}, []int{0, 1, 2, 3}, -1},
		{"not what changes its address", []Word{with(testWrite(0), 1), mov(1), testExit()}, []int{0, 1, 2}, -1},
		{"not what uses what it reads", []Word{testRead(), slots(testExit(), 1), testWord(nfpisa.Mov(a(3), x(0)).KeepCC())}, []int{0, 1, 2}, -1},
		{"not what it may not have taken yet", []Word{testWrite(0), slots(testExit(), 1), testFill(0)}, []int{0, 1, 2}, -1},
		{"not another command", []Word{testWrite(0), slots(testExit(), 1), posted}, []int{0, 1, 2}, -1},
		{"not a branch on a condition", []Word{testWrite(0), testBranch(1), testExit()}, []int{0, 1, 2}, -1},
		{"not one that does not wait", []Word{posted, testExit()}, []int{0, 1}, -1},
		{"not a call", []Word{testWrite(0), testCall()}, []int{0, 1}, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := &Output{Starts: []int{0, len(c.words)}}
			for k, w := range c.words {
				w.Slot = int32(k)
				o.Words = append(o.Words, w)
			}
			require.Equal(t, c.slots >= 0, o.waitAndBranch())
			var got []string
			n := -1
			for _, w := range o.Words {
				got = append(got, fmt.Sprint(w.Slot))
				if w.I.Class == nfpisa.ClassCtxArb {
					n = int(w.I.Defer)
					require.True(t, w.I.Resume)
					require.Equal(t, uint16(1<<1), w.I.SigMask)
				}
				_, err := nfpisa.Encode(w.I, nfpisa.Ctx4)
				require.NoError(t, err)
			}
			require.Equal(t, strings.Trim(fmt.Sprint(c.want), "[]"), strings.Join(got, " "))
			require.Equal(t, c.slots, n)
		})
	}
}

// TestWaitAtLabel leaves a branch alone that others come to.
func TestWaitAtLabel(t *testing.T) {
	o := &Output{Starts: []int{0, 1}, Words: []Word{testWrite(0), testExit()}}
	require.False(t, o.waitAndBranch())
}
