package vm

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// pristine is the checksum that treeSum gives of the untouched parts in Debian's
// source as it is unpacked, by its version.
var pristine = map[string]string{
	"6.1.192-2": "22d5dc10075b0ddcfd9b8b6b9c45cf00865695ebe966e87b45c2ea44b86aef39",
}

// TestUntouched shows that guests run the drivers and the BPF of the kernel as
// they are: the patch names other files only, and the sum that was taken of the
// source when the kernel was built is that of the source as Debian has it.
func TestUntouched(t *testing.T) {
	changed := 0
	for line := range strings.Lines(umlPatch) {
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "+++ b/")
		if !ok {
			continue
		}
		changed++
		for _, dir := range untouched {
			require.False(t, strings.HasPrefix(name, dir+"/"), name)
		}
	}
	require.Equal(t, 6, changed)

	k, err := FindUserMode(t.Context(), "")
	require.NoError(t, err)
	dir := filepath.Dir(k.Path)
	b, err := os.ReadFile(filepath.Join(dir, sumFile))
	require.NoError(t, err)
	version := strings.TrimPrefix(filepath.Base(dir), "uml-"+configKey()+"-")
	if want, ok := pristine[version]; ok {
		require.Equal(t, want, strings.TrimSpace(string(b)))
	} else {
		t.Logf("no checksum is noted for version %s of the source; %s was taken before the patch and after it", version, strings.TrimSpace(string(b)))
	}
}

func TestTreeSum(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	write("a/x/1", "one")
	write("a/2", "two")
	write("b/3", "three")
	sum := func() string {
		s, err := treeSum(root, []string{"a"})
		require.NoError(t, err)
		return s
	}
	before := sum()
	write("b/3", "other")
	require.Equal(t, before, sum())
	write("a/2", "tw0")
	require.NotEqual(t, before, sum())
	_, err := treeSum(root, []string{"none"})
	require.Error(t, err)
}
