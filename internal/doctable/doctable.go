// Package doctable holds tables of documents against what tests make them of. A table
// stands between the lines "<!-- table: NAME -->" and "<!-- end -->".
//
// It never knows what a table says.
package doctable

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Hold fails the test if the table of a name in the document at a path is another one, or
// writes it there if update says so; command is what does. The table ends with a new line.
func Hold(t testing.TB, path, name, table string, update bool, command string) {
	t.Helper()
	const end = "<!-- end -->"
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	begin := "<!-- table: " + name + " -->\n"
	head, rest, ok := strings.Cut(string(text), begin)
	require.True(t, ok, "%s has no table %s", path, name)
	old, tail, ok := strings.Cut(rest, end)
	require.True(t, ok, "table %s of %s has no end", name, path)
	if update {
		require.NoError(t, os.WriteFile(path, []byte(head+begin+table+end+tail), 0o644))
		return
	}
	require.Equal(t, table, old, "table %s of %s is out of date: %s", name, path, command)
}
