package number

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTnumSound draws numbers that operands stand for, and looks whether the
// result of each operation is one that its tnum stands for.
func TestTnumSound(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	draw := func(x Tnum) uint64 { return x.Value | r.Uint64()&x.Mask }
	any := func() Tnum {
		m := r.Uint64() & r.Uint64() & r.Uint64()
		return Tnum{r.Uint64() &^ m, m}
	}
	for range 20_000 {
		a, b := any(), any()
		x, y := draw(a), draw(b)
		n := uint(r.IntN(64))
		require.True(t, a.Add(b).Contains(x+y))
		require.True(t, a.Sub(b).Contains(x-y))
		require.True(t, a.Mul(b).Contains(x*y), "%v * %v", a, b)
		require.True(t, a.And(b).Contains(x&y))
		require.True(t, a.Or(b).Contains(x|y))
		require.True(t, a.Xor(b).Contains(x^y))
		require.True(t, a.Lsh(n).Contains(x<<n))
		require.True(t, a.Rsh(n).Contains(x>>n))
		require.True(t, a.Arsh(n).Contains(uint64(int64(x)>>n)))
		require.True(t, a.Union(b).Contains(x) && a.Union(b).Contains(y))
		require.True(t, a.Sext(2).Contains(uint64(int64(int16(x)))))
	}
}

// TestTnumSmall puts all tnums of 4 bits through all operations, with all their
// numbers. Sums, differences and operations on bits are the tightest there are.
func TestTnumSmall(t *testing.T) {
	const width = 4
	var all []Tnum
	for m := range uint64(1 << width) {
		for v := range uint64(1 << width) {
			if v&m == 0 {
				all = append(all, Tnum{v, m})
			}
		}
	}
	require.Len(t, all, 81)
	each := func(x Tnum, f func(uint64)) {
		for v := range uint64(1 << width) {
			if x.Contains(v) {
				f(v)
			}
		}
	}
	for _, c := range []struct {
		name  string
		of    func(a, b Tnum) Tnum
		f     func(x, y uint64) uint64
		tight bool
	}{
		{"add", Tnum.Add, func(x, y uint64) uint64 { return x + y }, true},
		{"sub", Tnum.Sub, func(x, y uint64) uint64 { return x - y }, true},
		{"and", Tnum.And, func(x, y uint64) uint64 { return x & y }, true},
		{"or", Tnum.Or, func(x, y uint64) uint64 { return x | y }, true},
		{"xor", Tnum.Xor, func(x, y uint64) uint64 { return x ^ y }, true},
		{"mul", Tnum.Mul, func(x, y uint64) uint64 { return x * y }, false},
	} {
		for _, a := range all {
			for _, b := range all {
				r := c.of(a, b)
				first, best := true, Tnum{}
				each(a, func(x uint64) {
					each(b, func(y uint64) {
						v := ConstTnum(c.f(x, y))
						require.True(t, v.Within(r), "%v %s %v = %v has no %v", a, c.name, b, r, v)
						if first {
							first, best = false, v
						}
						best = best.Union(v)
					})
				})
				if c.tight {
					require.Equal(t, best, r, "%v %s %v", a, c.name, b)
				}
			}
		}
	}
	for _, a := range all {
		for z := range uint64(1<<width + 1) {
			want := a.Max()
			for v := z + 1; v < 1<<width; v++ {
				if a.Contains(v) {
					want = v
					break
				}
			}
			require.Equal(t, want, a.after(z), "%v after %d", a, z)
		}
		for _, b := range all {
			shared := false
			each(a, func(x uint64) { shared = shared || b.Contains(x) })
			require.Equal(t, !shared, a.Conflicts(b))
		}
	}
	for lo := range uint64(1 << width) {
		for hi := lo; hi < 1<<width; hi++ {
			for v := lo; v <= hi; v++ {
				require.True(t, RangeTnum(lo, hi).Contains(v))
			}
		}
	}
}
