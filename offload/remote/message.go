package remote

import (
	"bytes"
	"time"

	"github.com/cilium/ebpf/btf"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/object"
)

// attachment is offload.Attachment with all of its fields: its own JSON is for
// users.
type attachment offload.Attachment

// Types are the types of a map: type information with two types of it. Number 0
// stands for none.
type Types struct {
	BTF   []byte     `json:"btf,omitempty"`
	Key   btf.TypeID `json:"key,omitempty"`
	Value btf.TypeID `json:"value,omitempty"`
}

// packTypes describes the types of a map. They only serve to print entries, so
// what cannot be written is left out.
func packTypes(t offload.MapTypes) (out Types, ok bool) {
	b, err := btf.NewBuilder(nil, nil)
	if err != nil {
		return Types{}, false
	}
	for _, one := range []struct {
		t  btf.Type
		id *btf.TypeID
	}{{t.Key, &out.Key}, {t.Value, &out.Value}} {
		if one.t == nil {
			continue
		}
		if *one.id, err = b.Add(one.t); err != nil {
			return Types{}, false
		}
	}
	if out.Key == 0 && out.Value == 0 {
		return Types{}, false
	}
	out.BTF, err = b.Marshal(nil, nil)
	return out, err == nil
}

// unpack returns the types; those that cannot be read are none.
func (t Types) unpack() (out offload.MapTypes) {
	if len(t.BTF) == 0 {
		return out
	}
	spec, err := btf.LoadSpecFromReader(bytes.NewReader(t.BTF))
	if err != nil {
		return out
	}
	get := func(id btf.TypeID) btf.Type {
		typ, err := spec.TypeByID(id)
		if id == 0 || err != nil {
			return nil
		}
		return typ
	}
	return offload.MapTypes{Key: get(t.Key), Value: get(t.Value)}
}

// give gives a map its types.
func (t Types) give(m *object.Map) {
	types := t.unpack()
	m.KeyType, m.ValueType = types.Key, types.Value
}

// code is offload.Code with instructions as bytes.
type code struct {
	Name    string        `json:"name"`
	Insns   []byte        `json:"insns,omitempty"`
	Lines   []object.Line `json:"lines,omitempty"`
	Machine []byte        `json:"machine,omitempty"`
	Device  string        `json:"device,omitempty"`
}

// Arguments and results of the operations.
type (
	loadArgs struct {
		Program *Program     `json:"program"`
		Mode    offload.Mode `json:"mode"`
		Maps    []uint32     `json:"maps,omitempty"` // handles
	}
	loadResult struct {
		Handle uint32 `json:"handle"`
		ID     uint32 `json:"id"`
		Tag    string `json:"tag"`
		Log    string `json:"log,omitempty"`
	}
	attachArgs struct {
		Handle uint32       `json:"handle"`
		Hook   offload.Hook `json:"hook"`
		Force  bool         `json:"force,omitempty"`
	}
	replaceArgs struct {
		Handle uint32     `json:"handle"`
		Old    attachment `json:"old"`
	}
	newMapArgs struct {
		Map   *object.Map  `json:"map"`
		Mode  offload.Mode `json:"mode"`
		Types Types        `json:"types"` // of the map, which does not have them in JSON
	}
	mapResult struct {
		Handle uint32          `json:"handle"`
		Info   offload.MapInfo `json:"info"`
		Bytes  int             `json:"bytes"` // of a value
	}
	entryArgs struct {
		Handle uint32 `json:"handle"`
		Key    []byte `json:"key,omitempty"`
		First  bool   `json:"first,omitempty"` // there is no key; of a map's entries, the first are asked for
		Value  []byte `json:"value,omitempty"`
		Flags  uint64 `json:"flags,omitempty"`
	}
	fillArgs struct {
		Handle  uint32          `json:"handle"`
		Entries []offload.Entry `json:"entries"`
		Flags   uint64          `json:"flags,omitempty"`
	}
	fillResult struct {
		Done  int      `json:"done"`
		Error *failure `json:"error,omitempty"`
	}
	profileArgs struct {
		For time.Duration `json:"for_ns"`
	}
	profileResult struct {
		Program uint32   `json:"program"`
		Image   []byte   `json:"image"`
		Packets uint64   `json:"packets"`
		Count   []uint64 `json:"count"`
		Cycles  []uint64 `json:"cycles"`
	}
	handleArgs struct {
		Handle uint32 `json:"handle"`
	}
	idArgs struct {
		ID uint32 `json:"id"`
	}
	scopeArgs struct {
		Scope offload.Scope `json:"scope"`
	}
	abilityArgs struct {
		Ability offload.Ability `json:"ability"`
	}
)
