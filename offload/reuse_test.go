package offload

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// TestReuse tests which old maps a new program uses on. Maps are given by
// name; "*" before a name is a map of another shape.
func TestReuse(t *testing.T) {
	const one, two, three = "interface_config_map_one", "interface_config_map_two", "interface_config_map_three"
	tests := []struct {
		name string
		old  []string // in the order of first use
		full bool     // the device knows whole names
		new  []string
		uses []int // order of first use; nil is the order of new
		want []int // index into old by index of new, -1 for a new map
	}{
		{"same names", []string{"a", "b"}, false, []string{"a", "b"}, nil, []int{0, 1}},
		{"another order", []string{"a", "b"}, false, []string{"b", "a"}, nil, []int{1, 0}},
		{"one more, one gone", []string{"a", "b"}, false, []string{"b", "c"}, nil, []int{1, -1}},
		{"another shape", []string{"a"}, false, []string{"*a"}, nil, []int{-1}},
		{"a name with a dash", []string{"a-b"}, false, []string{"a-b", "c"}, nil, []int{0, -1}},
		{"equal beginnings, by place", []string{one, two}, false, []string{one, two}, nil, []int{0, 1}},
		{"equal beginnings, by the order of use", []string{one, two}, false, []string{one, two}, []int{1, 0}, []int{1, 0}},
		{"equal beginnings, one more: nobody can tell", []string{one, two}, false, []string{one, two, three}, nil, []int{-1, -1, -1}},
		{"equal beginnings, other maps beside: nobody can tell", []string{one, "a"}, false, []string{one, "b"}, nil, []int{-1, -1}},
		{"whole names", []string{one, two}, true, []string{two, one}, nil, []int{1, 0}},
		{"whole names, one more", []string{one, two}, true, []string{three, two, one}, nil, []int{-1, 1, 0}},
		{"whole names, another of the same beginning", []string{"connection_table_v4"}, true, []string{"connection_table_v6"}, nil, []int{-1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var old []MapInfo
			for i, n := range tt.old {
				o := MapInfo{ID: uint32(i) + 1, Name: KernelName(n), Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}
				if tt.full {
					o.FullName = n
				}
				old = append(old, o)
			}
			p := &Program{Program: &object.Program{}}
			for _, n := range tt.new {
				m := &object.Map{Name: n, Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}
				if n[0] == '*' {
					m.Name, m.MaxEntries = n[1:], 2
				}
				p.Maps = append(p.Maps, m)
			}
			if tt.uses == nil {
				for i := range p.Maps {
					tt.uses = append(tt.uses, i)
				}
			}
			for _, i := range tt.uses {
				p.Insns = append(p.Insns, bpf.LoadMap(bpf.R1, i)...)
			}
			got := make([]int, len(p.Maps))
			for i, o := range reuse(old, p) {
				got[i] = -1
				if o != nil {
					got[i] = int(o.ID) - 1
				}
			}
			require.Equal(t, tt.want, got)
		})
	}
}
