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

// TestBehaviourTable checks that each row of the table in the documentation
// names tests that are there and say that they show the row.
func TestBehaviourTable(t *testing.T) {
	table, err := os.ReadFile("../../docs/offload-behaviours.md")
	require.NoError(t, err)
	goTests, err := os.ReadFile("../kernel/guest_test.go")
	require.NoError(t, err)
	rows := regexp.MustCompile(`(?m)^\| ([SK]\d+) \| .* \| (.*) \|$`).FindAllStringSubmatch(string(table), -1)
	require.Len(t, rows, 53+33)
	for _, row := range rows {
		for _, name := range strings.Split(row[2], ", ") {
			name = strings.Trim(name, "`")
			if unicode.IsUpper(rune(name[0])) {
				shown := regexp.MustCompile(`(?s)// ` + name + ` is kernel behaviours? [^\n]*` + row[1] + `\b|func ` + name + `\(.*?\b` + row[1] + `\b`)
				require.Regexp(t, shown, string(goTests), row[0])
				continue
			}
			script, err := os.ReadFile(filepath.Join("testdata/script", name+".txtar"))
			require.NoError(t, err, row[0])
			require.Contains(t, string(script), "["+row[1]+"]", row[0])
		}
	}
}
