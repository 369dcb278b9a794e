package kernel

import (
	"context"

	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/offload"
)

// MapTypes finds the types of a map's keys and values in the kernel: in the
// map's own type information, or in that of a program that uses it and was
// loaded by this package. It returns empty types when there are none.
func (d *Device) MapTypes(_ context.Context, id uint32) offload.MapTypes {
	fd, err := fdByID(unix.BPF_MAP_GET_FD_BY_ID, id)
	if err != nil {
		return offload.MapTypes{}
	}
	defer unix.Close(fd)
	mi, err := readMap(fd)
	if err != nil {
		return offload.MapTypes{}
	}
	if mi.BTFID != 0 {
		return ownTypes(mi)
	}
	var found offload.MapTypes
	_ = nextID(unix.BPF_PROG_GET_NEXT_ID, func(prog uint32) error {
		p, err := progByID(prog)
		if err != nil || p.BTFID == 0 || found.Value != nil {
			return ignoreGone(err)
		}
		for _, m := range p.mapIDs {
			if m == id {
				found = typesFromProgram(p.BTFID, cString(mi.Name[:]))
			}
		}
		return nil
	})
	return found
}

func ownTypes(mi *mapInfo) offload.MapTypes {
	spec, err := kernelTypes(mi.BTFID)
	if err != nil {
		return offload.MapTypes{}
	}
	var t offload.MapTypes
	t.Key, _ = spec.TypeByID(btf.TypeID(mi.BTFKeyType))
	t.Value, _ = spec.TypeByID(btf.TypeID(mi.BTFValueType))
	return t
}

func typesFromProgram(btfID uint32, name string) offload.MapTypes {
	spec, err := kernelTypes(btfID)
	if err != nil {
		return offload.MapTypes{}
	}
	var s *btf.Struct
	if err := spec.TypeByName(mapTypePrefix+name, &s); err != nil || len(s.Members) != 2 {
		return offload.MapTypes{}
	}
	return offload.MapTypes{Key: s.Members[0].Type, Value: s.Members[1].Type}
}

// kernelTypes reads type information out of the kernel.
func kernelTypes(id uint32) (*btf.Spec, error) {
	h, err := btf.NewHandleFromID(btf.ID(id))
	if err != nil {
		return nil, err
	}
	defer h.Close()
	return h.Spec(nil)
}
