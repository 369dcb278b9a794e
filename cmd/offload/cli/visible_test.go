package cli

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVisible(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"text", "map tür\t1\n", "map tür\t1\n"},
		{"title of a terminal", "\x1b]0;HACKED\a\x1b[31m", `\x1b]0;HACKED\x07\x1b[31m`},
		{"carriage return", "ok\rno", `ok\x0dno`},
		{"control of eight bits", "a\u009b31mb", `a\u009b31mb`},
		{"direction", "a\u202eb", `a\u202eb`},
		{"no text", "v\xffue\xc3", `v\xffue\xc3`},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, step := range []int{1, 2, 100} {
				var b bytes.Buffer
				v := &visible{w: &b}
				for in := []byte(c.in); len(in) > 0; {
					n := min(step, len(in))
					wrote, err := v.Write(in[:n])
					require.NoError(t, err)
					require.Equal(t, n, wrote)
					in = in[n:]
				}
				v.end()
				require.Equal(t, c.want, b.String())
				require.Equal(t, io.Writer(&b), raw(v))
			}
		})
	}
}

// TestNamesOnTerminal compiles an object whose program has a name that would
// rename the terminal's window.
func TestNamesOnTerminal(t *testing.T) {
	const plain, hostile = "no_bounds_check", "\x1b]0;HACKED\a\x1b[mx"
	object, err := os.ReadFile("../../../testdata/bpf/refused/no_bounds_check.o")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "escape.o")
	require.Len(t, hostile, len(plain))
	require.NoError(t, os.WriteFile(path, bytes.ReplaceAll(object, []byte(plain), []byte(hostile)), 0o600))
	for _, verb := range [][]string{{"compile"}, {"check"}, {"compile", "--json"}, {"-v", "compile"}} {
		var out, errs bytes.Buffer
		c := Default()
		c.Args, c.Stdout, c.Stderr = append(verb, path), &out, &errs
		Main(c)
		all := out.String() + errs.String()
		require.Contains(t, all, "HACKED")
		require.NotContains(t, all, "\x1b")
		require.NotContains(t, all, "\a")
	}
}
