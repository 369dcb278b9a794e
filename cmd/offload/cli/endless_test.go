package cli

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEndless gives every kind of input a file without an end: an error that
// says how much is read, or that it is none of the kind.
func TestEndless(t *testing.T) {
	const obj = "../../../testdata/bpf/pass.o"
	zeros, err := os.Open("/dev/zero")
	require.NoError(t, err)
	defer zeros.Close()
	for _, tt := range []struct{ args, want string }{
		{"compile /dev/zero", "larger than 67108864 bytes"},
		{"check /dev/zero", "larger than 67108864 bytes"},
		{"disasm /dev/zero", "larger than 67108864 bytes"},
		{"disasm --raw /dev/zero", "larger than 16777216 bytes"},
		{"asm /dev/zero -o " + filepath.Join(t.TempDir(), "x"), "larger than 16777216 bytes"},
		{"run --pcap /dev/zero " + obj, "zero: "},
		{"compile --target /dev/zero " + obj, "larger than 65536 bytes"},
		{"conformance", "standard input: larger than 16777216 bytes"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			var says strings.Builder
			c := Default()
			c.Args, c.Stdin, c.Stdout, c.Stderr = strings.Fields(tt.args), zeros, io.Discard, &says
			require.Equal(t, 1, Main(c))
			require.Contains(t, says.String(), tt.want)
		})
	}
}
