package debsrc_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/debsrc"
)

func TestWorkDir(t *testing.T) {
	cache := t.TempDir()
	other, err := debsrc.WorkDir(cache, "kernel")
	require.NoError(t, err)
	killed, err := debsrc.WorkDir(cache, "tool")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(killed, "half"), nil, 0o644))
	dir, err := debsrc.WorkDir(cache, "tool")
	require.NoError(t, err)
	require.DirExists(t, dir)
	require.NoDirExists(t, killed)
	require.DirExists(t, other, "a build under another lock")
}

func TestRun(t *testing.T) {
	dir := t.TempDir()
	var lines []string
	each := func(l string) { lines = append(lines, l) }
	require.NoError(t, debsrc.Run(t.Context(), dir, each, "sh", "-c", "pwd; echo b >&2"))
	require.Equal(t, []string{dir, "b"}, lines)
	err := debsrc.Run(t.Context(), dir, nil, "sh", "-c", "seq 1 99; exit 3")
	require.ErrorContains(t, err, "exit status 3")
	require.Equal(t, []string{"80", "99"}, []string{strings.Split(err.Error(), "\n")[1], strings.Split(err.Error(), "\n")[20]})
}

func TestNeedTools(t *testing.T) {
	require.NoError(t, debsrc.NeedTools(t.Context(), [][2]string{{"sh", "dash"}}))
	if os.Geteuid() == 0 {
		return // it would install the package
	}
	err := debsrc.NeedTools(t.Context(), [][2]string{{"sh", "dash"}, {"no-such-tool", "some-package"}})
	require.ErrorContains(t, err, "some-package")
}

// TestUnpack makes a package with a source in it and takes one folder of that.
func TestUnpack(t *testing.T) {
	dir, to := t.TempDir(), t.TempDir()
	script := `set -e
mkdir -p p/DEBIAN p/usr/src s/prog/one s/prog/two
printf 'Package: prog\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n' >p/DEBIAN/control
echo 1 >s/prog/one/a
echo 2 >s/prog/two/b
tar -C s -cJf p/usr/src/prog.tar.xz prog
dpkg-deb --build p prog.deb`
	require.NoError(t, debsrc.Run(t.Context(), dir, nil, "sh", "-c", script))
	deb := filepath.Join(dir, "prog.deb")
	require.NoError(t, debsrc.Unpack(t.Context(), deb, "usr/src/prog.tar.xz", to, "--strip-components=2", "prog/two"))
	all, err := os.ReadDir(to)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.FileExists(t, filepath.Join(to, "b"))
	require.Error(t, debsrc.Unpack(t.Context(), deb, "usr/src/none.tar.xz", to))
}
