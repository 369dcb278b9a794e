package translate_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// TestSamplesCompile compiles the sample objects for both targets. A sample
// that a target refuses must be refused by name.
func TestSamplesCompile(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "testdata", "bpf", "*.o"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		obj, err := object.Load(file, object.Options{})
		require.NoError(t, err)
		for _, p := range obj.Programs {
			for _, name := range target.Names() {
				tg, err := target.Builtin(name)
				require.NoError(t, err)
				v, err := verify.Verify(p, verify.Options{})
				if err != nil {
					t.Logf("%s %s: %v", p.Object, p.Name, err)
					continue
				}
				img, err := translate.Compile(v, translate.Options{Target: tg, CheckAllocation: true})
				if err != nil {
					require.ErrorIs(t, err, translate.ErrNotSupported)
					t.Logf("%s %s for %s: %v", p.Object, p.Name, name, err)
					continue
				}
				t.Logf("%s %s for %s: %d slots, %d words", p.Object, p.Name, name, len(p.Insns), len(img.Words))
			}
		}
	}
}
