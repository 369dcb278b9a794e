package docs

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/skipsw/skipsw"

// listed is what go list tells of a package.
type listed struct {
	ImportPath, Name, Dir string
	GoFiles               []string
	Imports               []string
}

// packages lists the module's packages; Path is within the module.
func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Name,Dir,GoFiles,Imports", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	require.NoError(t, err)
	var all []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
		var p listed
		require.NoError(t, d.Decode(&p))
		p.ImportPath = strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		all = append(all, p)
	}
	require.NotEmpty(t, all)
	return all
}

// TestArchitectureNamesPackages tests that each package has a row in
// architecture.md, and that each row is a package.
func TestArchitectureNamesPackages(t *testing.T) {
	text, err := os.ReadFile("architecture.md")
	require.NoError(t, err)
	rows := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[1], -1) {
				rows[m[1]] = true
			}
		}
	}
	for _, p := range packages(t) {
		require.True(t, rows[p.ImportPath], "architecture.md has no row for `%s`", p.ImportPath)
		delete(rows, p.ImportPath)
	}
	require.Empty(t, rows, "rows of architecture.md that are no packages")
}

// TestStability tests that each public package says in its documentation
// whether it is stable for importers.
func TestStability(t *testing.T) {
	stable := regexp.MustCompile(`(?i)\b(not )?stable\b`)
	for _, p := range packages(t) {
		if p.Name == "main" || len(p.GoFiles) == 0 || strings.Contains("/"+p.ImportPath+"/", "/internal/") {
			continue
		}
		found := false
		for _, f := range p.GoFiles {
			src, err := os.ReadFile(filepath.Join(p.Dir, f))
			require.NoError(t, err)
			if doc := regexp.MustCompile(`(?m)^(//.*\n)+package `).FindString(string(src)); doc != "" {
				found = found || stable.MatchString(doc)
			}
		}
		require.True(t, found, "package %s does not say whether it is stable", p.ImportPath)
	}
}

// TestVerbsKnowNoDevice tests that the verbs reach devices through the
// registry: only what fills it imports kinds of device.
func TestVerbsKnowNoDevice(t *testing.T) {
	for _, p := range packages(t) {
		switch p.ImportPath {
		case "offload/card", "offload/devices", "offload/e2e", "offload/kernel", "offload/simdev":
			continue
		}
		for _, i := range p.Imports {
			require.NotContains(t, []string{module + "/offload/kernel", module + "/offload/simdev"}, i, p.ImportPath)
		}
		if p.ImportPath != "cmd/offload" {
			require.NotContains(t, p.Imports, module+"/cmd/offload/cli", p.ImportPath)
		}
	}
}

// TestEstimated tests that the table of timings is read.
func TestEstimated(t *testing.T) {
	all := Estimated()
	require.Greater(t, len(all), 15)
	require.Contains(t, all, "receive buffers, Buffers")
	for _, e := range all {
		require.NotContains(t, e, "|")
	}
}
