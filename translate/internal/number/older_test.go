package number

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/bpf"
)

// TestOlderSound puts all pairs of edges through what 6.1 computes: it knows less,
// and nothing that is not so.
func TestOlderSound(t *testing.T) {
	all := pairs()
	for i := range all {
		for k := range all {
			a, b := &all[i], &all[k]
			for _, word := range []bool{false, true} {
				for _, o := range operations {
					got := a.Scalar
					got.Apply61(o.op, b.Scalar, word)
					for _, x := range a.of {
						for _, y := range b.of {
							want := o.f64(x, y)
							if word {
								want = uint64(o.f32(uint32(x), uint32(y)))
							}
							// A shift by more than the width is undefined.
							shift := o.op == bpf.Lsh || o.op == bpf.Rsh || o.op == bpf.Arsh
							if !got.Contains(want) && !shift {
								t.Fatalf("%#x %s %#x = %#x (word %v) is not in %v", x, o.name, y, want, word, got.Terms())
							}
						}
					}
				}
				for c := range comparisons {
					olderCond(t, &comparisons[c], a, b, word)
				}
			}
		}
	}
}

func olderCond(t *testing.T, c *comparison, a, b *sample, word bool) {
	v := Compare61(c.cond, &a.Scalar, &b.Scalar, word)
	yes, yesB := a.Scalar, b.Scalar
	Refine61(c.cond, &yes, &yesB, word)
	for _, x := range a.of {
		for _, y := range b.of {
			if !c.holds(x, y, word) {
				require.NotEqual(t, Always, v)
				continue
			}
			require.NotEqual(t, Never, v)
			if !yes.Contains(x) || !yesB.Contains(y) {
				t.Fatalf("%#x %d %#x (word %v), refined to %v and %v", x, c.cond, y, word, yes.Terms(), yesB.Terms())
			}
		}
	}
}
