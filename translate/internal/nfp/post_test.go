package nfp

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
)

// Words of the tests: commands with one transfer register at $xfer_0.
func testWord(i nfpisa.Instr) Word { return Word{I: i, Block: -1} }

func testWrite(first int) Word {
	w := testWord(nfpisa.Mem32(nfpisa.MemWrite32, first, nfpisa.A(1), nfpisa.Const(0), 1).CtxSwap(1))
	w.Data = data{first: uint8(first), n: 1, takes: true}
	return w
}

// inMemory is a command to another memory.
func inMemory(w Word, m memory) Word {
	w.Data.memory = m
	return w
}

func testMapWrite(first int) Word {
	w := testWord(nfpisa.Mem40(nfpisa.MemWrite32, first, nfpisa.A(1), nfpisa.B(1), 1).CtxSwap(1))
	w.Data = data{first: uint8(first), n: 1, takes: true, memory: firstRegion}
	return w
}

func testRead() Word {
	w := testWord(nfpisa.Mem32(nfpisa.MemRead32, 0, nfpisa.A(1), nfpisa.Const(0), 1).CtxSwap(1))
	w.Data = data{n: 1, fills: true}
	return w
}

func testFill(x int) Word { return testWord(nfpisa.Mov(nfpisa.X(x), nfpisa.A(2))) }

func testBranch(to int32) Word {
	w := testWord(nfpisa.BrSet(nfpisa.A(3), 0, 0))
	w.Block = to
	return w
}

func testExit() Word {
	w := testWord(nfpisa.Br(0))
	w.Done = true
	return w
}

func testCall() Word {
	w := testWord(nfpisa.Br(0))
	w.Block = -1
	return w
}

// TestPost gives for each write whether it is waited for.
func TestPost(t *testing.T) {
	var many []Word
	for k := range maxPosted + 3 {
		many = append(many, testWrite(k))
	}
	for _, c := range []struct {
		name   string
		words  []Word
		starts []int
		waits  string // by write, in order
		worker bool   // waits at the end
	}{
		{"the last write before the end", []Word{testWrite(0), testExit()}, nil, "w", false},
		{"one before it", []Word{testWrite(0), testWrite(1), testExit()}, nil, "-w", false},
		{"of another memory", []Word{testWrite(0), testMapWrite(1), testExit()}, nil, "ww", false},
		{"of another region", []Word{testMapWrite(0), inMemory(testMapWrite(1), Region(1)), testExit()}, nil, "ww", false},
		{"of two regions, for the worker", []Word{testMapWrite(0), inMemory(testMapWrite(1), Region(1)), testExit()}, nil, "--", true},
		{"of a region that is not known", []Word{testMapWrite(0), inMemory(testMapWrite(1), unknownMemory), inMemory(testMapWrite(2), unknownMemory), testExit()}, nil, "-ww", true},
		{"a read answers", []Word{testWrite(0), testRead(), testExit()}, nil, "-", false},
		{"a register that is written again", []Word{testWrite(0), testFill(0), testWrite(1), testExit()}, nil, "ww", false},
		{"another register", []Word{testWrite(0), testFill(1), testWrite(1), testExit()}, nil, "-w", false},
		{"an end on one way", []Word{testWrite(0), testBranch(1), testWrite(1), testExit()}, []int{0, 3}, "ww", false},
		{"an answer on both ways", []Word{testWrite(0), testBranch(1), testWrite(1), testExit(), testRead(), testExit()}, []int{0, 4}, "-w", false},
		{"a call", []Word{testWrite(0), testCall(), testRead(), testExit()}, nil, "w", false},
		{"the last write, for the worker", []Word{testWrite(0), testMapWrite(1), testExit()}, nil, "--", true},
		{"a call, for the worker", []Word{testWrite(0), testCall(), testExit()}, nil, "w", true},
		{"a loop", []Word{testWrite(0), testBranch(0), testRead(), testExit()}, []int{0}, "w", false},
		{"a loop with an answer", []Word{testWrite(0), testRead(), testBranch(0), testExit()}, []int{0}, "-", false},
		{"a loop that writes the register", []Word{testFill(0), testWrite(0), testBranch(0), testRead(), testExit()}, []int{0}, "w", false},
		{"not too many", append(append([]Word(nil), many...), testExit()), nil, "-w--------w", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := &Output{Words: c.words, Starts: c.starts}
			o.post(target.MustBuiltin(map[bool]string{false: "agilio", true: "skipsw"}[c.worker]), c.worker, nil)
			got := ""
			for k := range o.Words {
				if w := &o.Words[k]; w.Data.takes {
					got += map[bool]string{true: "w", false: "-"}[w.waits()]
				}
			}
			require.Equal(t, c.waits, got)
		})
	}
}

// TestPostOutOfOrder holds that nothing is posted to a memory that does not say
// that it keeps the order.
func TestPostOutOfOrder(t *testing.T) {
	tg := target.MustBuiltin("agilio")
	m := tg.Memories["ctm"]
	m.InOrder = false
	tg.Memories["ctm"] = m
	o := &Output{Words: []Word{testWrite(0), testWrite(1), testExit()}}
	require.False(t, o.post(tg, false, nil))
}

// TestSpread gives the first register of each write.
func TestSpread(t *testing.T) {
	for _, c := range []struct {
		name   string
		words  []Word
		starts []int
		want   []int
	}{
		{"one behind the other", []Word{testFill(0), testWrite(0), testFill(0), testWrite(0), testExit()}, nil, []int{0, 1}},
		{"filled in another order", []Word{testFill(0), testFill(1), testWrite(0), testWrite(1), testExit()}, nil, []int{0, 1}},
		{"round again", []Word{testFill(0), testWrite(0), testFill(0), testWrite(0), testFill(0), testWrite(0), testFill(0), testWrite(0), testExit()}, nil, []int{0, 1, 2, 0}},
		{"one word for two writes", []Word{testFill(0), testWrite(0), testWrite(0), testFill(0), testWrite(0), testExit()}, nil, []int{0, 0, 1}},
		{"filled before a branch", []Word{testFill(0), testBranch(1), testWrite(0), testExit(), testWrite(0), testExit()}, []int{0, 4}, []int{0, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := &Output{Words: c.words, Starts: c.starts}
			o.spread(3)
			var got []int
			var filled uint64
			for k := range o.Words {
				w := &o.Words[k]
				if w.Data.takes {
					got = append(got, int(w.I.Cmd.Xfer))
					require.NotZero(t, filled>>w.I.Cmd.Xfer&1, "word %d", k)
				} else if w.I.Dst.Kind == nfpisa.Xfer {
					filled |= 1 << w.I.Dst.Num
				}
			}
			require.Equal(t, c.want, got)
		})
	}
}
