package offload

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

func TestMayDrop(t *testing.T) {
	p := &Program{Program: &object.Program{Maps: []*object.Map{
		{Name: "flows", Type: bpf.MapTypeHash, KeySize: 4, ValueSize: 8, MaxEntries: 64},
		{Name: ".rodata", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 1, Frozen: true},
	}}}
	flows := MapInfo{ID: 7, Name: "flows", FullName: "flows", Type: bpf.MapTypeHash, KeySize: 4, ValueSize: 4, MaxEntries: 32}
	tests := []struct {
		name  string
		old   MapInfo
		allow []string
		want  string
	}{
		{"another shape", flows, nil, "map flows (id 7) would lose its contents: its value's size was 4 and is 8, the number of its entries was 32 and is 64"},
		{"allowed", flows, []string{"flows"}, ""},
		{"allowed twice", flows, []string{"flows", "flows"}, ""},
		{"no map of the new program", MapInfo{Name: "old"}, nil, ""},
		{"constants", MapInfo{Name: ".rodata", ValueSize: 16}, nil, ""},
		{"not dropped", MapInfo{Name: "old"}, []string{"flows"}, "map flows is not one that the replacement drops"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := mayDrop([]MapInfo{tt.old}, p, nil, tt.allow)
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, tt.want)
		})
	}
	same := MapInfo{ID: 8, Name: "flows", Type: bpf.MapTypeHash, KeySize: 4, ValueSize: 8, MaxEntries: 64}
	require.EqualError(t, mayDrop([]MapInfo{same}, p, []retyped{{8, "its value was int and is long"}}, nil), "map flows (id 8) would lose its contents: its value was int and is long")
	require.Equal(t, AdviseDropMap, AdviceOf(mayDrop([]MapInfo{flows}, p, nil, nil)))
}
