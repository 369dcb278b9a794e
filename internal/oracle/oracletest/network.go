package oracletest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/testnet"
)

// Namespace makes the network of package testnet in a namespace, with more lines of
// shell behind it.
func Namespace(t testing.TB, lines string) *oracle.Namespace {
	t.Helper()
	ns, err := oracle.NewNamespace(testnet.Lines + lines)
	require.NoError(t, err)
	t.Cleanup(ns.Close)
	return ns
}
