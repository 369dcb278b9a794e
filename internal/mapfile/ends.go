package mapfile

import (
	"maps"
	"slices"

	"github.com/cilium/ebpf/btf"
)

// EndType is the type of the values of a map whose entries hold programs for the far
// end of a redirect: struct bpf_devmap_val or bpf_cpumap_val, with the names of programs
// by their numbers.
func EndType(mapType string, programs map[uint32]string) btf.Type {
	name, first := "bpf_devmap_val", "ifindex"
	if mapType == "cpumap" {
		name, first = "bpf_cpumap_val", "qsize"
	}
	e := &btf.Enum{Name: ProgramType, Size: 4}
	e.Values = append(e.Values, btf.EnumValue{Name: "none", Value: 0})
	for _, n := range slices.Sorted(maps.Keys(programs)) {
		e.Values = append(e.Values, btf.EnumValue{Name: programs[n], Value: uint64(n)})
	}
	word := &btf.Int{Name: "__u32", Size: 4}
	return &btf.Struct{Name: name, Size: 8, Members: []btf.Member{{Name: first, Type: word}, {Name: "bpf_prog", Type: e, Offset: 32}}}
}
