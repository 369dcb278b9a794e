package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The places that the mutants name must be in the sources, once each.
func TestMutantsApply(t *testing.T) {
	root, err := moduleRoot()
	require.NoError(t, err)
	all, err := mutants()
	require.NoError(t, err)
	names, parts := map[string]bool{}, map[string]int{}
	for i := range all {
		m := &all[i]
		require.False(t, names[m.Name], "%s stands twice", m.Name)
		names[m.Name] = true
		_, err := m.apply(root)
		require.NoError(t, err)
		parts[m.Part]++
	}
	require.GreaterOrEqual(t, len(all), 25)
	for _, p := range []string{"encoder", "selection", "allocator", "scheduler", "simulator"} {
		require.GreaterOrEqual(t, parts[p], 3, p)
	}
}
