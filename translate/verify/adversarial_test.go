package verify_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

var update = flag.Bool("update", false, "write the running kernel's verdicts into testdata")

// adversary is a line of testdata/adversarial.txt.
type adversary struct {
	line         int
	group        string
	kernel, ours string // verdicts
	typ          object.Type
	name, src    string
}

// adversaries reads the table.
func adversaries(t testing.TB, text string) (out []*adversary) {
	defs := strings.NewReplacer()
	var pairs []string
	group := ""
	for i, l := range strings.Split(text, "\n") {
		switch {
		case l == "" || l[0] == '#':
		case l[0] == '[':
			group = strings.Trim(l, "[]")
		case strings.HasPrefix(l, "def "):
			name, body, ok := strings.Cut(l[len("def "):], " = ")
			require.True(t, ok, l)
			pairs = append(pairs, "$"+name, defs.Replace(body))
			defs = strings.NewReplacer(pairs...)
		default:
			head, src, ok := strings.Cut(l, ": ")
			f := strings.SplitN(head, " ", 3)
			require.True(t, ok && len(f) == 3, "line %d", i+1)
			a := &adversary{line: i, group: group, typ: object.XDP, name: f[2], src: defs.Replace(src)}
			if a.kernel, a.ours, ok = strings.Cut(f[0], "/"); !ok {
				a.ours = a.kernel
			}
			if f[1] == "tc" {
				a.typ = object.TC
			}
			out = append(out, a)
		}
	}
	return out
}

// verdict of ours in the table's words.
func verdict(err error) string {
	var e *verify.Error
	switch {
	case err == nil:
		return "accept"
	case errors.As(err, &e) && e.Class == verify.Unsupported:
		return "unsupported"
	case errors.As(err, &e) && e.Class == verify.TooComplex:
		return "complex"
	}
	return "refuse"
}

// TestAdversarial compares our verdicts with the recorded ones, and those with
// the running kernel's.
func TestAdversarial(t *testing.T) {
	file := filepath.Join("testdata", "adversarial.txt")
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	lines := strings.Split(string(b), "\n")
	all := adversaries(t, string(b))
	require.Greater(t, len(all), 150)
	ask := oracle.KernelAvailable() == nil && oracle.KernelISA() >= 4
	require.False(t, *update && !ask, "there is no kernel to ask")
	for _, a := range all {
		t.Run(a.group+"/"+a.name, func(t *testing.T) {
			p := assemble("adversary", a.typ, a.src)
			_, err := verify.Verify(p, verify.Options{})
			ours := verdict(err)
			theirs := a.kernel
			if ask {
				refusal, asked := askKernel(t, p)
				if asked && refusal == "" {
					theirs = "accept"
				} else if asked {
					theirs = "refuse"
				}
			}
			if *update {
				v := theirs
				if ours != theirs {
					v += "/" + ours
				}
				_, rest, _ := strings.Cut(lines[a.line], " ")
				lines[a.line] = fmt.Sprint(v, " ", rest)
				return
			}
			require.Equal(t, a.ours, ours, "%v", err)
			require.Equal(t, a.kernel, theirs, "the kernel")
			require.False(t, theirs == "refuse" && ours == "accept", "accepted, and refused by the kernel")
		})
	}
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o644))
	}
}
