package kernel

import (
	"context"
	"slices"

	"github.com/cilium/ebpf/btf"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/offload"
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
		if slices.Contains(p.MapIDs, id) {
			found = typesFromProgram(p.BTF, mi.Name)
		}
		return nil
	})
	return found
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

func typesFromProgram(btfID uint32, name string) offload.MapTypes {
	spec, err := sys.Types(btfID)
	if err != nil {
		return offload.MapTypes{}
	}
	var s *btf.Struct
	if err := spec.TypeByName(mapTypePrefix+name, &s); err != nil || len(s.Members) != 2 {
		return offload.MapTypes{}
	}
	return offload.MapTypes{Key: s.Members[0].Type, Value: s.Members[1].Type}
}
