package cli

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// licences are the files of a module that a binary has to bring along.
var licences = regexp.MustCompile(`^(LICEN[CS]E|COPYING|NOTICE)(\.(md|txt))?$`)

// TestNotices compares the committed notices with the licences of the modules
// that are linked into the command.
func TestNotices(t *testing.T) {
	var parts []string
	out := goTool(t, "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Dir}}{{end}}{{end}}", "github.com/skipsw/skipsw/cmd/offload")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	slices.Sort(lines)
	for _, line := range slices.Compact(lines) {
		if path, dir, ok := strings.Cut(line, " "); ok {
			if path == "golang.org/x/sys" { // the Go authors have one licence for all
				path = "the Go standard library and " + path
			}
			parts = append(parts, licenceOf(t, path, dir))
		}
	}
	want := "Licences of what is linked into offload besides skipsw itself.\n" + strings.Join(parts, "")
	if *update {
		require.NoError(t, os.WriteFile("notices.txt", []byte(want), 0o666))
		return
	}
	require.Equal(t, want, notices, "the linked modules have changed: make docs")
}

func goTool(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Env = append(cmd.Environ(), "GOOS=linux", "GOARCH=amd64")
	out, err := cmd.Output()
	require.NoError(t, err)
	return string(out)
}

// licenceOf returns the licence files of a folder under a title.
func licenceOf(t *testing.T, title, dir string) string {
	t.Helper()
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	var b strings.Builder
	for _, f := range files {
		if !licences.MatchString(f.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		require.NoError(t, err)
		fmt.Fprintf(&b, "\n%s\n%s, %s\n\n%s\n", strings.Repeat("=", 79), title, f.Name(), strings.TrimSpace(string(text)))
	}
	require.NotEmpty(t, b.String(), "%s: no licence in %s", title, dir)
	return b.String()
}
