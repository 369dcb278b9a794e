package check

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/object"
)

// TestTarget checks that everything a target lacks is said at once, and that
// what is not said compiles.
func TestTarget(t *testing.T) {
	for _, c := range []struct {
		sample, target string
		want           []string
	}{
		{"flow_track", "skipsw", nil},
		{"lpm_route", "skipsw", nil},
		{"lpm_route", "agilio", []string{
			"target agilio: helper map_lookup_elem on map type lpm_trie: target agilio does not have maps of this type",
			"target agilio: helper map_update_elem on map type lpm_trie: target agilio does not have maps of this type",
			"target agilio: helper map_lookup_elem on map type percpu_array: target agilio does not have maps of this type",
		}},
		{"event_sample", "skipsw", nil},
	} {
		t.Run(c.sample+"/"+c.target, func(t *testing.T) {
			obj, err := object.Load("../../testdata/bpf/"+c.sample+".o", object.Options{})
			require.NoError(t, err)
			tg, err := target.Builtin(c.target)
			require.NoError(t, err)
			found, err := Program(obj.Programs[0], Options{Target: tg})
			require.NoError(t, err)
			var got []string
			for _, f := range found {
				got = append(got, f.By+": "+f.Says)
			}
			require.ElementsMatch(t, c.want, got)
		})
	}
}
