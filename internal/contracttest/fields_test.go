package contracttest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
)

// field is one value of a target file: the path to it, as errors name it, and
// the value as JSON has it. A list of words or numbers is one field.
type field struct {
	path  string
	value any
}

// fields lists the fields of a target.
func fields(t testing.TB, tg *target.Target) []field { return fieldsOf(t, tg.Marshal()) }

// fieldsOf lists the fields of a file.
func fieldsOf(t testing.TB, file []byte) []field {
	var tree map[string]any
	require.NoError(t, json.Unmarshal(file, &tree))
	var out []field
	walk("", tree, func(path string, v any) { out = append(out, field{path, v}) })
	return out
}

// walk calls f for every field below a node.
func walk(path string, node any, f func(string, any)) {
	switch n := node.(type) {
	case map[string]any:
		keys := make([]string, 0, len(n))
		for k := range n {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			walk(strings.TrimPrefix(path+"."+k, "."), n[k], f)
		}
		return
	case []any:
		if len(n) > 0 {
			if _, ok := n[0].(map[string]any); ok {
				for k, e := range n {
					walk(fmt.Sprintf("%s[%d]", path, k), e, f)
				}
				return
			}
		}
	}
	f(path, node)
}

// changed returns a target file with one field changed to a value that is
// written as in a file.
func changed(t testing.TB, tg *target.Target, path, value string) []byte {
	return changedIn(t, tg.Marshal(), path, value)
}

func changedIn(t testing.TB, file []byte, path, value string) []byte {
	var tree any
	require.NoError(t, json.Unmarshal(file, &tree))
	var to any
	require.NoError(t, json.Unmarshal([]byte(value), &to), "%s: %s", path, value)
	done := false
	var set func(at string, node any) any
	set = func(at string, node any) any {
		if at == path {
			done = true
			return to
		}
		switch n := node.(type) {
		case map[string]any:
			for k := range n {
				n[k] = set(strings.TrimPrefix(at+"."+k, "."), n[k])
			}
		case []any:
			for k := range n {
				n[k] = set(fmt.Sprintf("%s[%d]", at, k), n[k])
			}
		}
		return node
	}
	tree = set("", tree)
	require.True(t, done, "no field %s", path)
	b, err := json.Marshal(tree)
	require.NoError(t, err)
	return b
}

func TestFieldsAndChanges(t *testing.T) {
	tg := target.MustBuiltin("agilio")
	all := map[string]any{}
	for _, f := range fields(t, tg) {
		all[f.path] = f.value
	}
	require.Equal(t, "A22", all["entry.stack"])
	require.EqualValues(t, 3072, all["core.code_start"])
	require.EqualValues(t, 1<<30, all["maps.regions[0].size"])
	require.Len(t, all["calls.kept"], 11)
	require.EqualValues(t, 0x44, all["exit.xdp.XDP_TX"])

	got, err := target.Parse("x", changed(t, tg, "maps.regions[0].size", "4096"))
	require.NoError(t, err)
	require.Equal(t, uint64(4096), got.Maps.Regions[0].Size)
	got.Maps.Regions[0].Size = tg.Maps.Regions[0].Size
	require.Equal(t, tg, got)
}
