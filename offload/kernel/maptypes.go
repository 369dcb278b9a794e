package kernel

import (
	"context"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/cilium/ebpf/btf"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/object"
)

// MapTypes implements offload.MapTyper. It finds the types of a map's keys and values in the kernel: in the
// map's own type information, or in that of a program that uses it and was
// loaded by this package. It returns empty types when there are none.
func (d *Device) MapTypes(_ context.Context, id uint32) offload.MapTypes {
	mi, err := sys.ReadMapID(id)
	if err != nil {
		return offload.MapTypes{}
	}
	if mi.BTF != 0 {
		return ownTypes(mi)
	}
	var found offload.MapTypes
	_ = sys.EachID(sys.Progs, func(prog uint32) error {
		p, err := sys.ReadProgID(prog)
		if err != nil && !sys.Gone(err) {
			return err
		}
		if err != nil || p.BTF == 0 || found.Value != nil {
			return nil
		}
		if place := slices.Index(p.MapIDs, id); place >= 0 {
			name := mi.Name
			if whole, ok := mapNames(p.BTF)[place]; ok {
				name = whole
			}
			found = typesFromProgram(p.BTF, name)
		}
		return nil
	})
	return found
}

// loadMapTypes loads the type information of a map's keys and values and returns
// its descriptor and the numbers of the types; 0 where there are none, or the
// kernel does not take them. Maps of devices cannot have any.
func loadMapTypes(m *object.Map) (fd int, key, value uint32) {
	types := offload.MapTypes{Key: m.KeyType, Value: m.ValueType}
	s := mapStruct(m.Name, types)
	if s == nil {
		return 0, 0, 0
	}
	var b btf.Builder
	k, err := b.Add(s.Members[0].Type)
	if err != nil {
		return 0, 0, 0
	}
	v, err := b.Add(s.Members[1].Type)
	if err != nil {
		return 0, 0, 0
	}
	raw, err := b.Marshal(nil, &btf.MarshalOptions{Order: binary.NativeEndian})
	if err != nil {
		return 0, 0, 0
	}
	if fd, err = sys.LoadBTF(raw); err != nil {
		return 0, 0, 0
	}
	return fd, uint32(k), uint32(v)
}

func ownTypes(mi *sys.MapInfo) offload.MapTypes {
	spec, err := sys.Types(mi.BTF)
	if err != nil {
		return offload.MapTypes{}
	}
	var t offload.MapTypes
	t.Key, _ = spec.TypeByID(btf.TypeID(mi.KeyType))
	t.Value, _ = spec.TypeByID(btf.TypeID(mi.ValueType))
	return t
}

// typesFromProgram finds the structure that carries the types of a map. The
// library's search by name takes what follows three underscores for a variant of
// the name, so the types are walked.
func typesFromProgram(btfID uint32, name string) offload.MapTypes {
	spec, err := sys.Types(btfID)
	if err != nil {
		return offload.MapTypes{}
	}
	want := mapTypePrefix + sys.CName(name)
	var begins []*btf.Struct
	for t, err := range spec.All() {
		if err != nil {
			return offload.MapTypes{}
		}
		s, ok := t.(*btf.Struct)
		if !ok || len(s.Members) != 2 || !strings.HasPrefix(s.Name, want) {
			continue
		}
		if s.Name == want {
			begins = []*btf.Struct{s}
			break
		}
		begins = append(begins, s)
	}
	// A name that the kernel has cut short decides if one map only begins so.
	if len(begins) != 1 || begins[0].Name != want && sys.Kept(name) {
		return offload.MapTypes{}
	}
	return offload.MapTypes{Key: begins[0].Members[0].Type, Value: begins[0].Members[1].Type}
}
