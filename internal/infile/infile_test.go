package infile_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/infile"
)

func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "in")
	require.NoError(t, os.WriteFile(path, []byte("12345"), 0o600))
	b, err := infile.Read(path, "an object", 5)
	require.NoError(t, err)
	require.Equal(t, "12345", string(b))
	_, err = infile.Read(path, "an object", 4)
	require.EqualError(t, err, path+": larger than 4 bytes, the most that is read of an object")
	_, err = infile.Read(path+"x", "an object", 4)
	require.ErrorIs(t, err, os.ErrNotExist)
}

// TestEndless: devices without an end are read to the limit.
func TestEndless(t *testing.T) {
	_, err := infile.Read("/dev/zero", "an object", 1<<20)
	require.EqualError(t, err, "/dev/zero: larger than 1048576 bytes, the most that is read of an object")
	f, err := infile.Open("/dev/zero", "a capture", 1<<20)
	require.NoError(t, err)
	defer f.Close()
	n, err := io.Copy(io.Discard, f)
	require.EqualValues(t, 1<<20, n)
	require.ErrorContains(t, err, "a capture")
}

func TestAll(t *testing.T) {
	b, err := infile.All(iotest.OneByteReader(strings.NewReader("12345")), "stdin", "words", 5)
	require.NoError(t, err)
	require.Equal(t, "12345", string(b))
	_, err = infile.All(strings.NewReader("123456"), "stdin", "words", 5)
	require.EqualError(t, err, "stdin: larger than 5 bytes, the most that is read of words")
}
