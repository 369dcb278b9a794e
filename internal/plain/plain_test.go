package plain_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/plain"
)

type node struct{ _ byte }

type inner struct {
	a int8
	b uint64
	c []uint16
	d map[string]int
}

type all struct {
	yes   bool
	text  string
	bytes []byte
	list  []inner
	empty []inner
	array [3]int64
	at    *node
}

// TestRoundTrip shows that what is written is what is read, zero or not, into
// values that hold something else.
func TestRoundTrip(t *testing.T) {
	nodes := []*node{{}, {}}
	over := func(c *plain.Codec, v *all) error {
		plain.Pointers(c, func(n *node) uint64 {
			if n == nodes[1] {
				return 1
			}
			return 0
		}, func(i uint64) (*node, error) {
			if i > 1 {
				return nil, errors.New("no such node")
			}
			return nodes[i], nil
		})
		c.Same("the format", "one")
		c.Value(v)
		return c.End()
	}
	big := make([]byte, 3*4096+5)
	big[5000] = 7
	values := []all{
		{},
		{yes: true, text: "ü", bytes: big, list: []inner{{-3, 1 << 63, []uint16{1, 2}, map[string]int{"k": -1, "j": 2}}, {}}, empty: []inner{}, array: [3]int64{-1, 0, 1 << 40}, at: nodes[1]},
		{bytes: []byte{}, at: nodes[0], list: []inner{{}}},
	}
	for _, want := range values {
		for _, got := range values {
			got.bytes = bytes.Clone(got.bytes)
			var b bytes.Buffer
			require.NoError(t, over(plain.NewWriter(&b), &want))
			first := bytes.Clone(b.Bytes())
			require.NoError(t, over(plain.NewReader(&b), &got))
			for i := range got.list {
				if len(got.list[i].d) == 0 {
					got.list[i].d = nil
				}
			}
			var again bytes.Buffer
			require.NoError(t, over(plain.NewWriter(&again), &got))
			require.Equal(t, first, again.Bytes())
			require.Equal(t, want.text, got.text)
			require.Equal(t, want.bytes, got.bytes)
			require.Equal(t, want.array, got.array)
			require.Same(t, want.at, got.at)
			for n := range first {
				cut := all{}
				err := over(plain.NewReader(bytes.NewReader(first[:n])), &cut)
				require.ErrorIs(t, err, plain.ErrDamaged, "%d of %d bytes", n, len(first))
			}
		}
	}
	var b bytes.Buffer
	c := plain.NewWriter(&b)
	c.Same("the format", "two")
	require.NoError(t, c.End())
	require.EqualError(t, over(plain.NewReader(&b), &all{}), "the format is one here, and was two")
	require.Panics(t, func() { c.Value(&struct{ f func() }{}) })
}

// FuzzReader shows that no bytes make it panic or take much memory.
func FuzzReader(f *testing.F) {
	f.Add([]byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, b []byte) {
		sum := sha256.Sum256(b)
		c := plain.NewReader(bytes.NewReader(append(sum[:], b...)))
		plain.Pointers(c, func(*node) uint64 { return 0 }, func(uint64) (*node, error) { return nil, errors.New("none") })
		c.Value(&all{})
		_ = c.End()
	})
}
