package number

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/bpf"
)

// edges are numbers near which ranges of some view end or wrap.
var edges = []uint64{
	0, 1, 7, 0x80, 0xffff, 0x10000,
	math.MaxInt32 - 1, math.MaxInt32, math.MaxInt32 + 1, math.MaxUint32, math.MaxUint32 + 1, 0x1_8000_0000,
	math.MaxInt64, math.MaxInt64 + 1, 0xffff_ffff_0000_0000, 0xffff_ffff_7fff_ffff, 0xffff_ffff_8000_0000, math.MaxUint64,
}

// hull is the tightest scalar that holds all of the numbers.
func hull(of ...uint64) Scalar {
	s := Const(of[0])
	for _, v := range of[1:] {
		s.Bits = s.Bits.Union(ConstTnum(v))
		s.UMin, s.UMax = min(s.UMin, v), max(s.UMax, v)
		s.SMin, s.SMax = min(s.SMin, int64(v)), max(s.SMax, int64(v))
		s.U32Min, s.U32Max = min(s.U32Min, uint32(v)), max(s.U32Max, uint32(v))
		s.S32Min, s.S32Max = min(s.S32Min, int32(v)), max(s.S32Max, int32(v))
	}
	s.Sync()
	return s
}

// pairs are the hulls of all pairs of edges, with the two numbers.
func pairs() (out []sample) {
	for i, x := range edges {
		for _, y := range edges[i:] {
			out = append(out, sample{hull(x, y), []uint64{x, y}})
		}
	}
	return out
}

// sample is a scalar with some of the numbers that it holds.
type sample struct {
	Scalar
	of []uint64
}

// operation is arithmetic on concrete numbers. A shift by the width or more is
// masked.
type operation struct {
	name string
	op   bpf.ALUOp
	f64  func(x, y uint64) uint64
	f32  func(x, y uint32) uint32
}

var operations = []operation{
	{"add", bpf.Add, func(x, y uint64) uint64 { return x + y }, func(x, y uint32) uint32 { return x + y }},
	{"sub", bpf.Sub, func(x, y uint64) uint64 { return x - y }, func(x, y uint32) uint32 { return x - y }},
	{"mul", bpf.Mul, func(x, y uint64) uint64 { return x * y }, func(x, y uint32) uint32 { return x * y }},
	{"and", bpf.And, func(x, y uint64) uint64 { return x & y }, func(x, y uint32) uint32 { return x & y }},
	{"or", bpf.Or, func(x, y uint64) uint64 { return x | y }, func(x, y uint32) uint32 { return x | y }},
	{"xor", bpf.Xor, func(x, y uint64) uint64 { return x ^ y }, func(x, y uint32) uint32 { return x ^ y }},
	{"lsh", bpf.Lsh, func(x, y uint64) uint64 { return x << (y & 63) }, func(x, y uint32) uint32 { return x << (y & 31) }},
	{"rsh", bpf.Rsh, func(x, y uint64) uint64 { return x >> (y & 63) }, func(x, y uint32) uint32 { return x >> (y & 31) }},
	{
		"arsh", bpf.Arsh,
		func(x, y uint64) uint64 { return uint64(int64(x) >> (y & 63)) },
		func(x, y uint32) uint32 { return uint32(int32(x) >> (y & 31)) },
	},
	{"div", bpf.Div, func(x, y uint64) uint64 { return x / max(y, 1) }, func(x, y uint32) uint32 { return x / max(y, 1) }},
	{"mod", bpf.Mod, func(x, y uint64) uint64 { return x % max(y, 1) }, func(x, y uint32) uint32 { return x % max(y, 1) }},
}

// unsoundALU returns what is wrong with arithmetic on the samples.
func unsoundALU(o *operation, a, b *sample, word bool) string {
	r := a.Scalar
	r.Apply(o.op, b.Scalar, word)
	for _, x := range a.of {
		for _, y := range b.of {
			got := o.f64(x, y)
			if word {
				got = uint64(o.f32(uint32(x), uint32(y)))
			}
			if !r.Contains(got) {
				return fmt.Sprintf("%#x %s %#x = %#x (word %v) is not in %v", x, o.name, y, got, word, r.Terms())
			}
		}
	}
	return ""
}

// comparison is a comparison of concrete numbers of 64 bits; numbers of 32 bits
// come zero-extended in x and y and sign-extended in sx and sy.
type comparison struct {
	cond Cond
	f    func(x, y uint64, sx, sy int64) bool
}

var comparisons = []comparison{
	{EQ, func(x, y uint64, _, _ int64) bool { return x == y }},
	{NE, func(x, y uint64, _, _ int64) bool { return x != y }},
	{LT, func(x, y uint64, _, _ int64) bool { return x < y }},
	{LE, func(x, y uint64, _, _ int64) bool { return x <= y }},
	{GT, func(x, y uint64, _, _ int64) bool { return x > y }},
	{GE, func(x, y uint64, _, _ int64) bool { return x >= y }},
	{SLT, func(_, _ uint64, sx, sy int64) bool { return sx < sy }},
	{SLE, func(_, _ uint64, sx, sy int64) bool { return sx <= sy }},
	{SGT, func(_, _ uint64, sx, sy int64) bool { return sx > sy }},
	{SGE, func(_, _ uint64, sx, sy int64) bool { return sx >= sy }},
	{Set, func(x, y uint64, _, _ int64) bool { return x&y != 0 }},
	{Clear, func(x, y uint64, _, _ int64) bool { return x&y == 0 }},
}

func (c *comparison) holds(x, y uint64, word bool) bool {
	if word {
		return c.f(uint64(uint32(x)), uint64(uint32(y)), int64(int32(x)), int64(int32(y)))
	}
	return c.f(x, y, int64(x), int64(y))
}

// unsoundCond returns what is wrong with a comparison of the samples.
func unsoundCond(c *comparison, a, b *sample, word bool) string {
	v := Compare(c.cond, &a.Scalar, &b.Scalar, word)
	yes, yesB := a.Scalar, b.Scalar
	Refine(c.cond, &yes, &yesB, word)
	no, noB := a.Scalar, b.Scalar
	Refine(c.cond.Not(), &no, &noB, word)
	for _, x := range a.of {
		for _, y := range b.of {
			holds := c.holds(x, y, word)
			if v == Always && !holds || v == Never && holds {
				return fmt.Sprintf("%#x %d %#x (word %v): verdict %d", x, c.cond, y, word, v)
			}
			p, q := &yes, &yesB
			if !holds {
				p, q = &no, &noB
			}
			if !p.Contains(x) || !q.Contains(y) {
				return fmt.Sprintf("%#x %d %#x (word %v) is %v, refined to %v and %v", x, c.cond, y, word, holds, p.Terms(), q.Terms())
			}
		}
	}
	return ""
}

// unsoundUnary returns what is wrong with operations on one sample.
func unsoundUnary(a *sample) string {
	check := func(name string, change func(*Scalar), f func(uint64) uint64) string {
		r := a.Scalar
		change(&r)
		for _, x := range a.of {
			if got := f(x); !r.Contains(got) {
				return fmt.Sprintf("%s of %#x = %#x is not in %v", name, x, got, r.Terms())
			}
		}
		return ""
	}
	sext := func(x uint64, n int) uint64 { return uint64(int64(x<<(64-8*n)) >> (64 - 8*n)) }
	for _, n := range []int{1, 2, 4, 8} {
		low := ^uint64(0) >> (64 - 8*n)
		for _, bad := range []string{
			check(fmt.Sprint("truncate ", n), func(s *Scalar) { s.Truncate(n) }, func(x uint64) uint64 { return x & low }),
			check(fmt.Sprint("sign extend ", n), func(s *Scalar) { s.SignExtend(n) }, func(x uint64) uint64 { return sext(x, n) }),
			check(fmt.Sprint("swap ", n), func(s *Scalar) { s.Swap(n) }, func(x uint64) uint64 { return bits.ReverseBytes64(x) >> (64 - 8*n) }),
		} {
			if bad != "" {
				return bad
			}
		}
		if n < 4 {
			if bad := check(fmt.Sprint("sign extend to a word ", n), func(s *Scalar) { s.SignExtend32(n) },
				func(x uint64) uint64 { return uint64(uint32(sext(x, n))) }); bad != "" {
				return bad
			}
		}
	}
	return check("negative", func(s *Scalar) { d := Const(0); d.Apply(bpf.Sub, *s, false); *s = d }, func(x uint64) uint64 { return -x })
}

// TestEdges puts all pairs of edges through all operations and comparisons.
func TestEdges(t *testing.T) {
	all := pairs()
	for i := range all {
		require.Empty(t, unsoundUnary(&all[i]))
		for k := range all {
			for o := range operations {
				require.Empty(t, unsoundALU(&operations[o], &all[i], &all[k], false))
				require.Empty(t, unsoundALU(&operations[o], &all[i], &all[k], true))
			}
			for c := range comparisons {
				require.Empty(t, unsoundCond(&comparisons[c], &all[i], &all[k], false))
				require.Empty(t, unsoundCond(&comparisons[c], &all[i], &all[k], true))
			}
			w := all[i].Widened(&all[k].Scalar)
			for _, v := range append(all[i].of, all[k].of...) {
				require.True(t, w.Contains(v))
			}
		}
	}
}

// TestShifts shifts all pairs of edges by all amounts.
func TestShifts(t *testing.T) {
	all := pairs()
	for i := range all {
		for n := range uint64(64) {
			by := sample{Const(n), []uint64{n}}
			for o := range operations {
				if op := &operations[o]; op.op == bpf.Lsh || op.op == bpf.Rsh || op.op == bpf.Arsh {
					require.Empty(t, unsoundALU(op, &all[i], &by, false))
					if n < 32 {
						require.Empty(t, unsoundALU(op, &all[i], &by, true))
					}
				}
			}
		}
	}
}

// TestSmall puts all ranges of signed 3-bit numbers through everything, with
// all their numbers.
func TestSmall(t *testing.T) {
	var all []sample
	for lo := -4; lo < 4; lo++ {
		for hi := lo; hi < 4; hi++ {
			var of []uint64
			for v := lo; v <= hi; v++ {
				of = append(of, uint64(int64(v)))
			}
			all = append(all, sample{hull(of...), of})
		}
	}
	for i := range all {
		for k := range all {
			for _, word := range []bool{false, true} {
				for o := range operations {
					require.Empty(t, unsoundALU(&operations[o], &all[i], &all[k], word))
				}
				for c := range comparisons {
					require.Empty(t, unsoundCond(&comparisons[c], &all[i], &all[k], word))
				}
			}
		}
	}
}

// TestCompareDecides looks whether comparisons of ranges that lie apart, or
// touch, are decided.
func TestCompareDecides(t *testing.T) {
	low, high, minus := hull(1, 5), hull(6, 9), hull(uint64(math.MaxUint64), ^uint64(3))
	for _, c := range []struct {
		cond Cond
		a, b Scalar
		want Verdict
	}{
		{LT, low, high, Always},
		{GE, low, high, Never},
		{LE, low, low, Either},
		{EQ, low, high, Never},
		{NE, low, high, Always},
		{SLT, minus, low, Always},
		{GT, minus, low, Always},
		{Set, Const(8), hull(9, 10), Always},
		{Set, Const(16), hull(9, 10), Never},
		{Clear, Const(16), hull(9, 10), Always},
	} {
		require.Equal(t, c.want, Compare(c.cond, &c.a, &c.b, false), "%v %d %v", c.a.Terms(), c.cond, c.b.Terms())
	}
}

func TestConds(t *testing.T) {
	for c := EQ; c <= Clear; c++ {
		require.Equal(t, c, c.Not().Not())
		require.Equal(t, c, c.Flip().Flip())
		for _, x := range edges {
			for _, y := range edges {
				f, not, flip := find(c), find(c.Not()), find(c.Flip())
				require.Equal(t, f.holds(x, y, false), !not.holds(x, y, false))
				require.Equal(t, f.holds(x, y, false), flip.holds(y, x, false))
			}
		}
	}
	require.Equal(t, SLE, CondOf(bpf.JSLe))
	require.Equal(t, Set, CondOf(bpf.JSet))
	require.Panics(t, func() { CondOf(bpf.Call) })
}

func find(c Cond) *comparison {
	for k := range comparisons {
		if comparisons[k].cond == c {
			return &comparisons[k]
		}
	}
	panic("BUG: no such comparison")
}

func TestTerms(t *testing.T) {
	five, word := hull(1, 5), OfBytes(4)
	require.Equal(t, []string{"smin=umin=smin32=umin32=1", "smax=umax=smax32=umax32=5", "var_off=(0x1; 0x4)"}, five.Terms())
	require.Equal(t, []string{"smin=0", "smax=umax=0xffffffff", "var_off=(0x0; 0xffffffff)"}, word.Terms())
}

// FuzzSound draws two scalars, each the hull of up to four numbers, and looks
// whether every operation and comparison holds for these numbers.
func FuzzSound(f *testing.F) {
	seed := func(v ...uint64) {
		b := make([]byte, 0, 64)
		for _, x := range v {
			b = binary.LittleEndian.AppendUint64(b, x)
		}
		f.Add(b)
	}
	for i := range edges {
		seed(edges[i], edges[(i*7+3)%len(edges)], edges[(i*5+1)%len(edges)], edges[(i+9)%len(edges)])
		seed(edges[i], edges[i]+1, edges[i]-1, edges[(i*5+1)%len(edges)], 1, 2, 3, uint64(i))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var v []uint64
		for ; len(b) >= 8 && len(v) < 8; b = b[8:] {
			v = append(v, binary.LittleEndian.Uint64(b))
		}
		if len(v) < 2 {
			return
		}
		x, y := v[:len(v)/2], v[len(v)/2:]
		p, q := sample{hull(x...), x}, sample{hull(y...), y}
		for _, s := range []*sample{&p, &q} {
			for _, n := range s.of {
				if !s.Contains(n) {
					t.Fatalf("the hull of %x is %v", s.of, s.Terms())
				}
			}
			if bad := unsoundUnary(s); bad != "" {
				t.Fatal(bad)
			}
		}
		for _, word := range []bool{false, true} {
			for o := range operations {
				if bad := unsoundALU(&operations[o], &p, &q, word); bad != "" {
					t.Fatal(bad)
				}
			}
			for c := range comparisons {
				if bad := unsoundCond(&comparisons[c], &p, &q, word); bad != "" {
					t.Fatal(bad)
				}
			}
		}
		w := p.Widened(&q.Scalar)
		for _, n := range v {
			if !w.Contains(n) {
				t.Fatalf("%v widened by %v is %v, without %#x", p.Terms(), q.Terms(), w.Terms(), n)
			}
		}
	})
}
