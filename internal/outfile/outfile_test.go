package outfile_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/outfile"
)

var errDisk = errors.New("the disk is full")

// failing writes something and fails.
func failing(w io.Writer) error {
	_, err := w.Write([]byte("half"))
	return errors.Join(err, errDisk)
}

// content requires what is in a file, and that nothing lies beside it.
func content(t *testing.T, path, want string, files int) {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, want, string(b))
	all, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, all, files)
}

func TestRegular(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	old := syscall.Umask(0o027)
	defer syscall.Umask(old)
	require.ErrorIs(t, outfile.Write(path, failing), errDisk)
	require.NoFileExists(t, path)
	require.NoError(t, outfile.WriteFile(path, []byte("one")))
	content(t, path, "one", 1)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.EqualValues(t, 0o640, info.Mode(), "the umask holds for a new file")

	require.NoError(t, os.Chmod(path, 0o600))
	require.NoError(t, outfile.WriteFile(path, []byte("two")))
	content(t, path, "two", 1)
	info, err = os.Stat(path)
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode(), "a file keeps its mode")
	require.ErrorIs(t, outfile.Write(path, failing), errDisk)
	content(t, path, "two", 1)
}

func TestLinks(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	path, link := filepath.Join(elsewhere, "out"), filepath.Join(dir, "link")
	require.NoError(t, os.Symlink(path, link))
	require.NoError(t, outfile.WriteFile(link, []byte("one")), "a link to a file that is not there yet")
	content(t, path, "one", 1)
	require.NoError(t, outfile.WriteFile(link, []byte("two")))
	content(t, path, "two", 1)
	info, err := os.Lstat(link)
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&os.ModeSymlink, "the link stays")

	hard := filepath.Join(elsewhere, "hard")
	require.NoError(t, os.Link(path, hard))
	require.NoError(t, outfile.WriteFile(path, []byte("three")))
	content(t, hard, "three", 2)

	loop := filepath.Join(dir, "loop")
	require.NoError(t, os.Symlink(loop, loop))
	require.ErrorIs(t, outfile.WriteFile(loop, nil), syscall.ELOOP)
}

// TestNoFile writes to what must not be replaced.
func TestNoFile(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	got := make(chan string)
	go func() {
		b, _ := os.ReadFile(pipe)
		got <- string(b)
	}()
	require.NoError(t, outfile.WriteFile(pipe, []byte("through")))
	require.Equal(t, "through", <-got)
	info, err := os.Lstat(pipe)
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&os.ModeNamedPipe)

	link := filepath.Join(dir, "null")
	require.NoError(t, os.Symlink("/dev/null", link))
	require.NoError(t, outfile.WriteFile(link, []byte("gone")))
	info, err = os.Stat("/dev/null")
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&os.ModeCharDevice)
	require.ErrorIs(t, outfile.WriteFile("/dev/full", []byte("no room")), syscall.ENOSPC)
	require.Error(t, outfile.WriteFile(dir, nil), "a folder")
	require.Error(t, outfile.WriteFile(filepath.Join(dir, "no", "such"), nil))
}

// TestDescriptor writes to open files by the names that the system has for
// them, as /dev/stdout is one.
func TestDescriptor(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	named := func(f *os.File) string { return fmt.Sprintf("/proc/self/fd/%d", f.Fd()) }

	f, err := os.Create(filepath.Join(dir, "out"))
	require.NoError(t, err)
	defer f.Close()
	_, err = f.WriteString("before ")
	require.NoError(t, err)
	require.NoError(t, os.Symlink(named(f), link))
	require.NoError(t, outfile.WriteFile(link, []byte("after")))
	content(t, f.Name(), "before after", 2)

	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer w.Close()
	require.NoError(t, outfile.WriteFile(named(w), []byte("through")))
	b := make([]byte, 7)
	_, err = io.ReadFull(r, b)
	require.NoError(t, err)
	require.Equal(t, "through", string(b))
	require.NoError(t, r.Close())
	require.ErrorIs(t, outfile.WriteFile(named(w), []byte("to nobody")), syscall.EPIPE)
}
