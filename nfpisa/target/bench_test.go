package target_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
)

func BenchmarkBuiltin(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, err := target.Builtin("skipsw")
		require.NoError(b, err)
	}
}

func BenchmarkClone(b *testing.B) {
	t := target.MustBuiltin("skipsw")
	b.ReportAllocs()
	for b.Loop() {
		_ = t.Clone()
	}
}
