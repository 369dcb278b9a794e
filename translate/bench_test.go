package translate_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// BenchmarkCompile compiles all samples for skipsw once an operation; their
// proofs are made before.
func BenchmarkCompile(b *testing.B) {
	files, err := filepath.Glob(filepath.Join("..", "testdata", "bpf", "*.o"))
	require.NoError(b, err)
	require.NotEmpty(b, files)
	var progs []*verify.Program
	for _, file := range files {
		obj, err := object.Load(file, object.Options{})
		require.NoError(b, err)
		for _, p := range obj.Programs {
			v, err := verify.Verify(p, verify.Options{Offload: true})
			require.NoError(b, err)
			progs = append(progs, v)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, v := range progs {
			if _, err := translate.Compile(v, translate.Options{}); err != nil && !errors.Is(err, translate.ErrNotSupported) {
				b.Fatal(err)
			}
		}
	}
}
