package offload

import (
	"testing"

	"github.com/cilium/ebpf/btf"
	"github.com/stretchr/testify/require"
)

func TestOtherTypes(t *testing.T) {
	u32 := &btf.Int{Name: "unsigned int", Size: 4}
	u64 := &btf.Int{Name: "unsigned long", Size: 8}
	s32 := &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}
	named := &btf.Typedef{Name: "__u32", Type: u32}
	pair := func(name, first, second string, second2 btf.Type) *btf.Struct {
		return &btf.Struct{Name: name, Size: 8, Members: []btf.Member{{Name: first, Type: u32}, {Name: second, Type: second2, Offset: 32}}}
	}
	deep := &btf.Pointer{}
	deep.Target = deep
	for _, c := range []struct {
		name    string
		was, is btf.Type
		want    string
	}{
		{"nothing is known", nil, u32, ""},
		{"the same by another name", u32, named, ""},
		{"the key of a data section", u32, &btf.Void{}, ""},
		{"pointers", deep, &btf.Pointer{Target: u32}, ""},
		{"sign", u32, s32, "its value was unsigned int and is int"},
		{"a structure for a number", u64, pair("pair", "a", "b", u32), "its value was unsigned long and is struct pair"},
		{"structures of other names", pair("old", "a", "b", u32), pair("new", "a", "b", named), ""},
		{"members change places", pair("p", "packets", "bytes", u32), pair("p", "bytes", "packets", u32), `its value had a member "packets" where it has "bytes"`},
		{"a member's type", pair("p", "a", "b", u32), pair("p", "a", "b", s32), "its value.b was unsigned int and is int"},
		{"a member less", pair("p", "a", "b", u32), &btf.Struct{Size: 8, Members: []btf.Member{{Name: "a", Type: u32}}}, "its value had a member b and has none"},
		{"a member more", &btf.Struct{Size: 8, Members: []btf.Member{{Name: "a", Type: u32}}}, pair("p", "a", "b", u32), "its value had no member b"},
		{"arrays", &btf.Array{Type: u32, Nelems: 2}, &btf.Array{Type: s32, Nelems: 2}, "its value[] was unsigned int and is int"},
		{"array for array", &btf.Array{Type: u32, Nelems: 2}, &btf.Array{Type: &btf.Int{Name: "char", Size: 1}, Nelems: 8}, "its value was an array of 2 and is an array of 8"},
		{
			"variables", &btf.Struct{Members: []btf.Member{{Name: "a", Type: u32}}},
			&btf.Datasec{Vars: []btf.VarSecinfo{{Type: &btf.Var{Name: "b", Type: u32}, Size: 4}}}, `its value had a member "a" where it has "b"`,
		},
		{
			"offsets", &btf.Struct{Members: []btf.Member{{Name: "a", Type: u32}}},
			&btf.Struct{Members: []btf.Member{{Name: "a", Type: u32, Offset: 32}}}, "its value.a was at bit 0 and is at bit 32",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, otherTypes(MapTypes{Value: c.was}, MapTypes{Value: c.is}))
		})
	}
	require.Equal(t, "its key was unsigned int and is unsigned long", otherTypes(MapTypes{Key: u32}, MapTypes{Key: u64}))
}
