package ports

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzFrames reads any bytes as a peer's stream: every frame that comes out
// stands in them behind its length.
func FuzzFrames(f *testing.F) {
	f.Add([]byte{0, 0, 0, 2, 1, 2, 0, 0, 0, 0})
	f.Add([]byte{0, 0, 0x40, 0})
	f.Add([]byte{0xff, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		left := b
		more, err := frames(bytes.NewReader(b), func(got Frame) bool {
			n := len(got.Data)
			at := bytes.Index(left, got.Data)
			require.LessOrEqual(t, n, MaxFrame)
			require.GreaterOrEqual(t, at, 0)
			left = left[min(at+n, len(left)):]
			return true
		}, t.Logf)
		require.True(t, more)
		require.Error(t, err, "an end is one")
	})
}
