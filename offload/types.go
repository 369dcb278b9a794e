package offload

import (
	"fmt"

	"github.com/cilium/ebpf/btf"

	"github.com/skipsw/skipsw/internal/btfvalue"
	"github.com/skipsw/skipsw/internal/sys"
)

// otherTypes says where the types of a map that is there differ from those that a
// program has of it, "" where they agree or are not known. Names of structures and
// typedefs do not matter, those of members do: what a member holds goes by its name.
func otherTypes(was, is MapTypes) string {
	if diff := otherType("its key", was.Key, is.Key, 0); diff != "" {
		return diff
	}
	return otherType("its value", was.Value, is.Value, 0)
}

// otherType compares two types; path names what they are of.
func otherType(path string, was, is btf.Type, depth int) string {
	if was == nil || is == nil || depth > btfvalue.MaxNesting {
		return ""
	}
	was, is = btf.UnderlyingType(was), btf.UnderlyingType(is)
	for _, t := range []btf.Type{was, is} {
		if _, void := t.(*btf.Void); void { // the key of a data section
			return ""
		}
	}
	differ := fmt.Sprintf("%s was %s and is %s", path, typeWords(was), typeWords(is))
	a, aHas := membersOf(was)
	b, bHas := membersOf(is)
	switch {
	case aHas != bHas:
		return differ
	case aHas:
		return otherMembers(path, a, b, depth)
	}
	switch a := was.(type) {
	case *btf.Int:
		if b, ok := is.(*btf.Int); ok && a.Size == b.Size && a.Encoding == b.Encoding {
			return ""
		}
	case *btf.Enum:
		if b, ok := is.(*btf.Enum); ok && a.Size == b.Size {
			return ""
		}
	case *btf.Float:
		if b, ok := is.(*btf.Float); ok && a.Size == b.Size {
			return ""
		}
	case *btf.Array:
		if b, ok := is.(*btf.Array); ok && a.Nelems == b.Nelems {
			return otherType(path+"[]", a.Type, b.Type, depth+1)
		}
	case *btf.Pointer:
		if _, ok := is.(*btf.Pointer); ok {
			return ""
		}
	default:
		return "" // a type that no entry has
	}
	return differ
}

// otherMembers compares the members of two structures.
func otherMembers(path string, was, is []btf.Member, depth int) string {
	for i, a := range was {
		if i >= len(is) {
			return fmt.Sprintf("%s had a member %s and has none", path, a.Name)
		}
		b := is[i]
		at := path + "." + b.Name
		switch {
		case a.Name != b.Name:
			return fmt.Sprintf("%s had a member %q where it has %q", path, a.Name, b.Name)
		case a.Offset != b.Offset || a.BitfieldSize != b.BitfieldSize:
			return fmt.Sprintf("%s was at bit %d and is at bit %d", at, a.Offset, b.Offset)
		}
		if diff := otherType(at, a.Type, b.Type, depth+1); diff != "" {
			return diff
		}
	}
	if len(is) > len(was) {
		return fmt.Sprintf("%s had no member %s", path, is[len(was)].Name)
	}
	return ""
}

// membersOf returns the members of a structure or union, and the variables of a
// data section as such.
func membersOf(t btf.Type) (members []btf.Member, ok bool) {
	switch t := t.(type) {
	case *btf.Struct:
		return t.Members, true
	case *btf.Union:
		return t.Members, true
	case *btf.Datasec:
		for _, v := range t.Vars {
			if one, ok := v.Type.(*btf.Var); ok {
				members = append(members, btf.Member{Name: sys.CName(one.Name), Type: one.Type, Offset: btf.Bits(v.Offset * 8)})
			}
		}
		return members, true
	}
	return nil, false
}

// typeWords names a type in a few words of C.
func typeWords(t btf.Type) string {
	switch t := t.(type) {
	case *btf.Struct:
		return "struct " + t.Name
	case *btf.Union:
		return "union " + t.Name
	case *btf.Enum:
		return "enum " + t.Name
	case *btf.Array:
		return fmt.Sprintf("an array of %d", t.Nelems)
	case *btf.Pointer:
		return "a pointer"
	case *btf.Datasec:
		return "variables"
	}
	return t.TypeName()
}
