package opt

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// eval computes a value from those of parameters and packet words.
func eval(f *ssa.Func, id ssa.ID, in map[ssa.ID]uint32) uint32 {
	v := f.V(id)
	if x, ok := in[id]; ok {
		return x
	}
	if v.Op == ssa.Const {
		return v.Imm
	}
	var c [4]uint32
	for k, a := range v.Args {
		c[k] = eval(f, a, in)
	}
	r, ok := ssa.Fold(v.Op, v.Imm, c)
	if !ok {
		panic(fmt.Sprintf("no value for %s", v.Op))
	}
	return r
}

func randomWord(r *rand.Rand) uint32 {
	odd := []uint32{0, 1, 0xff, 0x800, 0xffff, 0x80000000, 0xffffffff}
	if r.IntN(3) == 0 {
		return odd[r.IntN(len(odd))]
	}
	return r.Uint32() >> r.IntN(32)
}

// randomValue makes a value of the kind that comparisons and stores see.
func randomValue(r *rand.Rand, m *ssa.Maker, pool []ssa.ID, depth int) ssa.ID {
	if depth == 0 {
		return pool[r.IntN(len(pool))]
	}
	x := randomValue(r, m, pool, depth-1)
	switch r.IntN(11) {
	case 0:
		return m.Op(ssa.Bswap, 0, x)
	case 1:
		return m.Op(ssa.Bswap16, 0, x)
	case 2:
		return m.And(x, []uint32{0xff, 0xffff, 0xff00, 0x3c, 0xff0000, 0xffffff}[r.IntN(6)])
	case 3:
		return m.Shift(ssa.Shr, x, 8*r.Uint32N(4))
	case 4:
		return m.Shift(ssa.Shl, x, 8*r.Uint32N(4))
	case 5:
		return m.Op(ssa.Or, 0, m.Shift(ssa.Shl, m.And(x, 0xff), 8), m.And(randomValue(r, m, pool, depth-1), 0xff))
	case 6:
		return m.Op(ssa.Xor, 0, x, m.Const(randomWord(r)))
	case 7:
		return m.AddConst(x, randomWord(r))
	case 8:
		return m.Op(ssa.Insert, ssa.InsertImm(1+r.IntN(15), 8*r.IntN(4)), x, randomValue(r, m, pool, depth-1))
	case 9:
		return m.Op(ssa.Funnel, 8*(1+r.Uint32N(3)), x, randomValue(r, m, pool, depth-1))
	}
	return m.Op(ssa.Sub, 0, x, randomValue(r, m, pool, depth-1))
}

func newMaker() (*ssa.Func, *ssa.Maker, []ssa.ID) {
	f := ssa.NewFunc("t")
	return f, &ssa.Maker{F: f, Block: 0}, []ssa.ID{f.AddParam(0), f.AddParam(0)}
}

// TestBranchesKeepMeaning folds random comparisons and evaluates both forms.
func TestBranchesKeepMeaning(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 6000 {
		f, m, pool := newMaker()
		x := randomValue(r, m, pool, r.IntN(4))
		y := m.Const(randomWord(r))
		if r.IntN(3) == 0 {
			y = randomValue(r, m, pool, 1)
		}
		cond := ssa.Cond(r.IntN(int(ssa.NTS) + 1))
		no, yes := f.NewBlock(), f.NewBlock()
		term := ssa.Term{Kind: ssa.Branch, Cond: cond, X: x, Y: y, Succs: []ssa.Edge{{To: no}, {To: yes}}}
		folded := term
		foldBranch(f, m, &folded)
		for range 6 {
			in := map[ssa.ID]uint32{pool[0]: randomWord(r), pool[1]: randomWord(r)}
			want := cond.Eval(eval(f, x, in), eval(f, y, in))
			got := false
			if folded.Kind == ssa.Jump {
				got = folded.Succs[0].To == yes
			} else {
				got = folded.Cond.Eval(eval(f, folded.X, in), eval(f, folded.Y, in))
			}
			require.Equal(t, want, got, "%s %v\n%s", cond, folded, f)
		}
	}
}

// TestBytesFollowValues checks that byteOf names the byte that it stands for,
// and that assemble makes the word of its bytes.
func TestBytesFollowValues(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for range 6000 {
		f, m, pool := newMaker()
		x, y := randomValue(r, m, pool, r.IntN(5)), randomValue(r, m, pool, r.IntN(5))
		in := map[ssa.ID]uint32{pool[0]: r.Uint32(), pool[1]: r.Uint32()}
		var word [4]byteSource
		want, mask := uint32(0), uint32(0)
		for p := range word {
			src, k := x, uint8(r.IntN(4))
			if r.IntN(2) == 0 {
				src = y
			}
			word[p] = byteOf(f, src, k)
			want |= eval(f, src, in) >> (8 * k) & 0xff << (8 * p)
			mask |= 0xff << (8 * p)
			if r.IntN(6) == 0 {
				word[p] = byteSource{any: true}
				mask &^= 0xff << (8 * p)
			}
		}
		id := assemble(m, word)
		require.Equal(t, want&mask, eval(f, id, in)&mask, "%v\n%s", word, f)
	}
}

func TestDecideRange(t *testing.T) {
	for _, c := range []struct {
		cond                   ssa.Cond
		xmin, xmax, ymin, ymax uint64
		taken, ok              bool
	}{
		{ssa.ULT, 0, 3, 4, 9, true, true},
		{ssa.ULT, 0, 4, 4, 9, false, false},
		{ssa.ULT, 9, 12, 4, 9, false, true},
		{ssa.UGE, 9, 12, 4, 9, true, true},
		{ssa.ULE, 0, 4, 4, 9, true, true},
		{ssa.UGT, 10, 12, 4, 9, true, true},
		{ssa.UGT, 0, 4, 4, 9, false, true},
		{ssa.SLT, 0, 1, 4, 9, false, false},
	} {
		taken, ok := decideRange(c.cond, c.xmin, c.xmax, c.ymin, c.ymax)
		require.Equal(t, c.ok, ok, "%v", c)
		require.Equal(t, c.taken, taken, "%v", c)
	}
}

// TestMemoryRules shows what loads and stores become.
func TestMemoryRules(t *testing.T) {
	load := func(m *ssa.Maker, base ssa.ID, size uint8, off uint32) ssa.ID {
		return m.Add(ssa.Value{Op: ssa.Load, Space: ssa.Packet, Size: size, Imm: off, Args: []ssa.ID{base}})
	}
	store := func(m *ssa.Maker, base ssa.ID, size uint8, off uint32, v ssa.ID) {
		m.Add(ssa.Value{Op: ssa.Store, Space: ssa.Packet, Size: size, Imm: off, Args: []ssa.ID{base, v}})
	}
	for _, c := range []struct {
		name          string
		build         func(m *ssa.Maker, p ssa.ID) ssa.ID
		reads, writes int
	}{
		{"neighbours share a read", func(m *ssa.Maker, p ssa.ID) ssa.ID {
			return m.Op(ssa.Xor, 0, load(m, p, 4, 26), load(m, p, 2, 12))
		}, 1, 0},
		{"far apart do not", func(m *ssa.Maker, p ssa.ID) ssa.ID {
			return m.Op(ssa.Xor, 0, load(m, p, 4, 0), load(m, p, 4, 130))
		}, 2, 0},
		{"many that follow each other share one", func(m *ssa.Maker, p ssa.ID) ssa.ID {
			x := load(m, p, 4, 0)
			for k := range uint32(30) {
				x = m.Op(ssa.Xor, 0, x, load(m, p, 4, 4*k+4))
			}
			return x
		}, 1, 0},
		{"more than a command takes do not", func(m *ssa.Maker, p ssa.ID) ssa.ID {
			x := load(m, p, 4, 0)
			for k := range uint32(40) {
				x = m.Op(ssa.Xor, 0, x, load(m, p, 4, 4*k+4))
			}
			return x
		}, 2, 0},
		{"a copy is stored whole", func(m *ssa.Maker, p ssa.ID) ssa.ID {
			for k := range uint32(30) {
				store(m, p, 4, 200+4*k, load(m, p, 4, 4*k))
			}
			return m.Const(0)
		}, 1, 1},
		{"a store between loads of other bytes does not matter", func(m *ssa.Maker, p ssa.ID) ssa.ID {
			x := load(m, p, 4, 0)
			store(m, p, 4, 8, x)
			return m.Op(ssa.Xor, 0, x, load(m, p, 4, 4))
		}, 1, 1},
		{"a load of stored bytes takes the value", func(m *ssa.Maker, p ssa.ID) ssa.ID {
			store(m, p, 4, 8, m.Const(7))
			return load(m, p, 1, 9)
		}, 0, 1},
		{"another pointer may point there", func(m *ssa.Maker, p ssa.ID) ssa.ID {
			q := m.Op(ssa.Add, 0, p, m.Add(ssa.Value{Op: ssa.VecWord, Imm: 8}))
			x := load(m, p, 4, 0)
			store(m, q, 4, 0, x)
			return m.Op(ssa.Xor, 0, x, load(m, p, 4, 0))
		}, 2, 1},
		{"stores of neighbouring bytes are one write", func(m *ssa.Maker, p ssa.ID) ssa.ID {
			for k := range uint32(8) {
				store(m, p, 1, 20+k, m.Const(k))
			}
			return m.Const(0)
		}, 0, 1},
		{"a gap makes two", func(m *ssa.Maker, p ssa.ID) ssa.ID {
			store(m, p, 4, 0, m.Const(1))
			store(m, p, 4, 8, m.Const(2))
			return m.Const(0)
		}, 0, 2},
		{"a command is read to its last byte", func(m *ssa.Maker, p ssa.ID) ssa.ID {
			x := load(m, p, 4, 2)
			for k := range uint32(31) {
				x = m.Op(ssa.Xor, 0, x, load(m, p, 4, 4*k+6))
			}
			return x
		}, 1, 0},
		{"stores of more bytes than a command writes are held back where they are apart", func(m *ssa.Maker, p ssa.ID) ssa.ID {
			for _, at := range []uint32{0, 200, 100, 40, 300, 340, 140} {
				for k := range uint32(10) {
					store(m, p, 4, at+4*k, m.Const(k))
				}
			}
			return m.Const(0)
		}, 0, 5},
		{"a later store of the same bytes wins", func(m *ssa.Maker, p ssa.ID) ssa.ID {
			store(m, p, 4, 0, m.Const(1))
			store(m, p, 4, 0, m.Const(2))
			return m.Const(0)
		}, 0, 1},
		{"a call ends both", func(m *ssa.Maker, p ssa.ID) ssa.ID {
			x := load(m, p, 4, 0)
			store(m, p, 4, 8, x)
			m.AddCall(ssa.CallSite{Helper: bpf.HelperMapLookupElem, Number: true}, []ssa.ID{m.Const(1)})
			store(m, p, 4, 12, x)
			return load(m, p, 4, 4)
		}, 2, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := ssa.NewFunc("t")
			m := &ssa.Maker{F: f, Block: 0}
			p := m.Add(ssa.Value{Op: ssa.PktPtr})
			x := c.build(m, p)
			f.B(0).Term = ssa.Term{Kind: ssa.Exit, X: x}
			Run(f, nil, []Pass{Memory(Widths{Read: 128, Write: 128})})
			reads, writes := 0, 0
			for _, id := range f.B(0).Values {
				switch f.V(id).Op {
				case ssa.Read:
					reads++
				case ssa.Write:
					writes++
				}
			}
			require.Equal(t, []int{c.reads, c.writes}, []int{reads, writes}, "%s", f)
		})
	}
}

// TestFlowRules shows what becomes of blocks.
func TestFlowRules(t *testing.T) {
	f := ssa.NewFunc("t")
	m := &ssa.Maker{F: f, Block: 0}
	x := m.Add(ssa.Value{Op: ssa.PktLen})
	a, b, end := f.NewBlock(), f.NewBlock(), f.NewBlock()
	v := f.AddParam(end)
	f.B(0).Term = ssa.Term{Kind: ssa.Branch, Cond: ssa.ULT, X: x, Y: f.Const(14), Succs: []ssa.Edge{{To: a}, {To: b}}}
	f.B(a).Term = ssa.Term{Kind: ssa.Jump, Succs: []ssa.Edge{{To: end, Args: []ssa.ID{f.Const(2)}}}}
	f.B(b).Term = ssa.Term{Kind: ssa.Jump, Succs: []ssa.Edge{{To: end, Args: []ssa.ID{f.Const(1)}}}}
	f.B(end).Term = ssa.Term{Kind: ssa.Exit, X: v}
	Run(f, nil, []Pass{Memory(Widths{Read: 128, Write: 128})})
	require.Len(t, f.RPO(), 3, "%s", f)
	for _, e := range f.B(0).Term.Succs {
		_, isConst := f.IsConst(f.B(e.To).Term.X)
		require.True(t, isConst, "%s", f)
	}
}

func ExampleRun() {
	f := ssa.NewFunc("example")
	m := &ssa.Maker{F: f, Block: 0}
	p := m.Add(ssa.Value{Op: ssa.PktPtr})
	x := m.Add(ssa.Value{Op: ssa.Load, Space: ssa.Packet, Size: 2, Imm: 12, Args: []ssa.ID{p}})
	y := m.Add(ssa.Value{Op: ssa.Load, Space: ssa.Packet, Size: 1, Imm: 14, Args: []ssa.ID{p}})
	f.B(0).Term = ssa.Term{Kind: ssa.Exit, X: m.Op(ssa.Xor, 0, x, y)}
	Run(f, nil, []Pass{Memory(Widths{Read: 128, Write: 128})})
	fmt.Print(f)
	// Output:
	// b0():
	//   v1 = pktptr
	//   v5 = read packet size 4 v1 #0xc
	//   v6 = word v5 #0x0
	//   v8 = and v6, 0xffff
	//   v9 = shr v6 #0x10
	//   v11 = and v9, 0xff
	//   v4 = xor v8, v11
	//   exit v4
}
