package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

// TestDriverTable checks that each row of the documentation's table of what nfp
// does otherwise than netdevsim names tests that are there and say that they show
// the row.
func TestDriverTable(t *testing.T) {
	table, err := os.ReadFile(filepath.Join(root, "docs/offload-behaviours.md"))
	require.NoError(t, err)
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	var code strings.Builder
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		code.Write(b)
	}
	rows := regexp.MustCompile(`(?m)^\| (N\d+) \| .* \| (.*) \|$`).FindAllStringSubmatch(string(table), -1)
	require.Len(t, rows, 11)
	for _, row := range rows {
		for _, name := range strings.Split(row[2], ", ") {
			name = strings.Trim(name, "`")
			if unicode.IsUpper(rune(name[0])) {
				require.Regexp(t, `(?m)^// `+name+` [^{]*\b`+row[1]+`\b[^{]*^func `+name+`\(`, code.String(), row[0])
				continue
			}
			script, err := os.ReadFile(filepath.Join("testdata", strings.Replace(name, "verbs/", "script/", 1)+".txtar"))
			require.NoError(t, err, row[0])
			require.Contains(t, string(script), "["+row[1]+"]", row[0])
		}
	}
}
