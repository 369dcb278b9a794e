package ssa

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// eval computes a pure value from the values of the parameters.
func eval(f *Func, id ID, in map[ID]uint32) uint32 {
	v := f.V(id)
	switch v.Op {
	case Const:
		return v.Imm
	case Param, PktPtr, PktLen, Undef:
		return in[id]
	}
	var c [4]uint32
	for k, a := range v.Args {
		c[k] = eval(f, a, in)
	}
	r, ok := Fold(v.Op, v.Imm, c)
	if !ok {
		panic(fmt.Sprintf("no value for %s", v.Op))
	}
	return r
}

// odd are constants at which rules have their edges.
var odd = []uint32{0, 1, 2, 3, 7, 8, 0xff, 0x100, 0xff00, 0xffff, 0x10000, 0xff0000, 0x7fffffff, 0x80000000, 0xff000000, 0xfffffffe, 0xffffffff}

func oddWord(r *rand.Rand) uint32 {
	switch r.IntN(3) {
	case 0:
		return odd[r.IntN(len(odd))]
	case 1:
		return r.Uint32() >> r.IntN(32)
	}
	return r.Uint32()
}

// randomOp makes a random pure operation on the given values and returns it
// with the function that computes it from its arguments.
func randomOp(r *rand.Rand, m *Maker, pool []ID) (ID, func([]uint32) uint32, []ID) {
	type shape struct {
		op   Op
		args int
	}
	shapes := []shape{
		{Add, 2},
		{Sub, 2},
		{And, 2},
		{Or, 2},
		{Xor, 2},
		{AddHi, 4},
		{SubHi, 4},
		{Mul, 2},
		{MulHi, 2},
		{Shl, 1},
		{Shr, 1},
		{Sar, 1},
		{ShlV, 2},
		{ShrV, 2},
		{SarV, 2},
		{Funnel, 2},
		{Bswap, 1},
		{Bswap16, 1},
		{Insert, 2},
	}
	s := shapes[r.IntN(len(shapes))]
	imm := uint32(0)
	switch s.op {
	case Shl, Shr, Sar, Funnel:
		imm = 1 + r.Uint32N(31)
		if r.IntN(2) == 0 {
			imm = 8 * (1 + r.Uint32N(3))
		}
	case Insert:
		imm = InsertImm(1+r.IntN(15), 8*r.IntN(4))
	}
	args := make([]ID, s.args)
	for k := range args {
		if r.IntN(3) == 0 {
			args[k] = m.Const(oddWord(r))
		} else {
			args[k] = pool[r.IntN(len(pool))]
		}
	}
	id := m.Op(s.op, imm, args...)
	return id, func(c []uint32) uint32 {
		var w [4]uint32
		copy(w[:], c)
		x, _ := Fold(s.op, imm, w)
		return x
	}, args
}

// TestSimplifyKeepsMeaning makes random expressions and checks that what the
// Maker returns has the value that the operation has, and that known bits are
// right.
func TestSimplifyKeepsMeaning(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 1500 {
		f := NewFunc("t")
		m := &Maker{F: f, Block: 0}
		pool := []ID{f.AddParam(0), f.AddParam(0), f.AddParam(0)}
		inputs := make([]map[ID]uint32, 8)
		for k := range inputs {
			inputs[k] = map[ID]uint32{}
			for _, p := range pool {
				inputs[k][p] = oddWord(r)
			}
		}
		for range 12 {
			id, want, args := randomOp(r, m, pool)
			zero, one := f.Known(id)
			for _, in := range inputs {
				c := make([]uint32, len(args))
				for k, a := range args {
					c[k] = eval(f, a, in)
				}
				got := eval(f, id, in)
				require.Equal(t, want(c), got, "%s", f)
				require.Zero(t, got&zero|^got&one, "known bits of v%d = %#x\n%s", id, got, f)
			}
			pool = append(pool, id)
		}
	}
}

// TestReciprocal holds divisions by constants against the processor's.
func TestReciprocal(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	divisors := []uint32{1, 2, 3, 5, 6, 7, 10, 12, 25, 28, 56, 100, 112, 125, 224, 641, 1000, 60000, 65535, 65537, 1 << 20, 1<<31 - 1, 1 << 31, 1<<31 + 1, 1<<32 - 1}
	for range 2000 {
		divisors = append(divisors, 1+r.Uint32()>>r.IntN(32))
	}
	for _, d := range divisors {
		for _, width := range []int{32, 16, 8} {
			f := NewFunc("t")
			b := &Builder{replaced: map[ID]ID{}}
			b.F = f
			p := f.AddParam(0)
			x := p
			if width < 32 {
				x = b.And(p, 1<<width-1)
			}
			zero := f.Const(0)
			q := b.divideUnsigned(pair{x, zero}, pair{f.Const(d), zero}, false)
			rem := b.divideUnsigned(pair{x, zero}, pair{f.Const(d), zero}, true)
			for k := range 40 {
				v := oddWord(r)
				if k == 0 {
					v = d
				}
				in := map[ID]uint32{p: v}
				n := v
				if width < 32 {
					n &= 1<<width - 1
				}
				require.Equal(t, n/d, eval(f, q.lo, in), "%d / %d", n, d)
				require.Equal(t, n%d, eval(f, rem.lo, in), "%d %% %d", n, d)
			}
		}
	}
}

func TestNarrowCompare(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 4000 {
		f := NewFunc("t")
		m := &Maker{F: f, Block: 0}
		p, q := f.AddParam(0), f.AddParam(0)
		half := func(lo ID) ID {
			switch r.IntN(4) {
			case 0:
				return m.Shift(Sar, lo, 31)
			case 1:
				return m.Const(oddWord(r))
			case 2:
				return m.Const(0)
			}
			return q
		}
		c := Compare{Cond: Cond(r.IntN(int(NTS) + 1)), XL: p, YL: m.Const(oddWord(r))}
		c.XH, c.YH = half(c.XL), half(c.YL)
		n := m.NarrowCompare(c)
		in := map[ID]uint32{p: oddWord(r), q: oddWord(r)}
		wide := func(lo, hi ID) uint64 { return uint64(eval(f, hi, in))<<32 | uint64(eval(f, lo, in)) }
		want := c.Cond.Eval64(wide(c.XL, c.XH), wide(c.YL, c.YH))
		got := false
		if n.XH != 0 {
			got = n.Cond.Eval64(wide(n.XL, n.XH), wide(n.YL, n.YH))
		} else {
			got = n.Cond.Eval(eval(f, n.XL, in), eval(f, n.YL, in))
		}
		require.Equal(t, want, got, "%s", f)
	}
}

// Bytes put into a word that nobody wrote: those that the rotation brings round
// the end, too.
func TestInsertIntoUndefined(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for mask := 1; mask < 16; mask++ {
		for shift := 0; shift < 32; shift += 8 {
			f := NewFunc("t")
			m := &Maker{F: f, Block: 0, Out: &f.Blocks[0].Values}
			x, nothing := f.AddParam(0), f.Undef()
			imm := InsertImm(mask, shift)
			id := m.Op(Insert, imm, nothing, x)
			in := map[ID]uint32{x: r.Uint32(), nothing: r.Uint32()}
			keep := InsertMask(imm)
			require.Equal(t, bits.RotateLeft32(in[x], shift)&keep, eval(f, id, in)&keep, "mask %#x, shift %d", mask, shift)
		}
	}
}

func TestCondSwap(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for c := EQ; c <= NTS; c++ {
		for range 200 {
			x, y := oddWord(r), oddWord(r)
			require.Equal(t, c.Eval(x, y), c.Swap().Eval(y, x), "%s", c)
		}
	}
}

func TestCheckFindsBrokenFunctions(t *testing.T) {
	good := func() (*Func, *Maker) {
		f := NewFunc("t")
		m := &Maker{F: f, Block: 0}
		return f, m
	}
	for _, c := range []struct {
		name, want string
		breakIt    func(f *Func, m *Maker)
	}{
		{"no end", "no end", func(f *Func, m *Maker) {}},
		{"missing argument", "arguments for 1 parameters", func(f *Func, m *Maker) {
			b := f.NewBlock()
			f.AddParam(b)
			f.B(b).Term = Term{Kind: Exit, X: f.Const(0)}
			f.B(0).Term = Term{Kind: Jump, Succs: []Edge{{To: b}}}
		}},
		{"use before definition", "before it is computed", func(f *Func, m *Maker) {
			p := m.Add(Value{Op: PktPtr})
			x := m.Add(Value{Op: PktLen})
			f.V(p).Args = []ID{x}
			f.B(0).Term = Term{Kind: Exit, X: p}
		}},
		{"no dominance", "does not dominate", func(f *Func, m *Maker) {
			a, b, j := f.NewBlock(), f.NewBlock(), f.NewBlock()
			x := f.New(a, Value{Op: PktLen})
			f.B(a).Values = append(f.B(a).Values, x)
			f.B(0).Term = Term{Kind: Branch, X: f.Const(0), Y: f.Const(0), Succs: []Edge{{To: a}, {To: b}}}
			f.B(a).Term = Term{Kind: Jump, Succs: []Edge{{To: j}}}
			f.B(b).Term = Term{Kind: Jump, Succs: []Edge{{To: j}}}
			f.B(j).Term = Term{Kind: Exit, X: x}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, m := good()
			c.breakIt(f, m)
			require.ErrorContains(t, f.Check(), c.want)
		})
	}
}

func ExampleMaker() {
	f := NewFunc("example")
	m := &Maker{F: f, Block: 0}
	x := m.Add(Value{Op: PktLen, KnownMask: 0xffffc000})
	y := m.AddConst(m.AddConst(x, 6), 8)
	f.B(0).Term = Term{Kind: Exit, X: y}
	fmt.Print(f)
	fmt.Println(bits.Len32(f.UMax(x)))
	// Output:
	// b0():
	//   v1 = pktlen
	//   v3 = add v1, 6
	//   v6 = add v1, 0xe
	//   exit v6
	// 14
}
