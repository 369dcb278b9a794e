package contracttest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
)

// TestFieldsAreDocumented holds that docs/abi.md has every field of the built-in
// files, and none that no file has.
func TestFieldsAreDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "abi.md"))
	require.NoError(t, err)
	_, table, ok := strings.Cut(string(text), "## The contract, field by field")
	require.True(t, ok)
	table, _, ok = strings.Cut(table, "\n## ")
	require.True(t, ok)
	rows := map[string]bool{}
	for line := range strings.Lines(table) {
		if cells := strings.Split(line, "|"); len(cells) == 5 {
			for _, m := range regexp.MustCompile("`([a-z_.*]+)`").FindAllStringSubmatch(cells[1], -1) {
				rows[m[1]] = false
			}
		}
	}
	rows["code"] = true // as a value, in the row of exit codes
	for _, name := range target.Names() {
		for _, f := range fields(t, target.MustBuiltin(name)) {
			path := regexp.MustCompile(`\[\d+\]`).ReplaceAllString(f.path, "")
			found := false
			for row := range rows {
				if matches(row, path) {
					rows[row], found = true, true
				}
			}
			require.True(t, found, "docs/abi.md does not have %s", path)
		}
	}
	for row, used := range rows {
		require.True(t, used, "docs/abi.md has %s, which no file has", row)
	}
}
