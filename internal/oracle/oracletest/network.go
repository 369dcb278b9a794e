package oracletest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/sim/network"
)

// Namespace makes a network namespace as testdata/network says, with more lines of
// shell behind it. root is the module's folder.
func Namespace(t testing.TB, root, lines string) *oracle.Namespace {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "testdata", "network", "lines.sh"))
	require.NoError(t, err)
	ns, err := oracle.NewNamespace(string(text) + lines)
	require.NoError(t, err)
	t.Cleanup(ns.Close)
	return ns
}

// Tables returns what that namespace holds without more lines.
func Tables(t testing.TB, root string) *network.Tables {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "testdata", "network", "tables.json"))
	require.NoError(t, err)
	tables, err := network.Read(text)
	require.NoError(t, err)
	return tables
}
