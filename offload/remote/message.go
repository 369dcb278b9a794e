package remote

import (
	"bytes"
	"fmt"

	"github.com/cilium/ebpf/btf"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// attachment is offload.Attachment with all of its fields: its own JSON is for
// users.
type attachment offload.Attachment

// Program is a program as the protocol and checkpoints have it: what a device
// needs of it and what listings show.
type Program struct {
	Object  string           `json:"object,omitempty"`
	Name    string           `json:"name"`
	Section string           `json:"section,omitempty"`
	Type    object.Type      `json:"type"`
	License string           `json:"license,omitempty"`
	Insns   []byte           `json:"insns"` // as the kernel takes them
	Lines   []object.Line    `json:"lines,omitempty"`
	Maps    []*object.Map    `json:"maps,omitempty"`
	Image   []byte           `json:"image"`
	Types   map[string]Types `json:"types,omitempty"` // by the map's name
}

// Types are the types of a map: type information with two types of it. Number 0
// stands for none.
type Types struct {
	BTF   []byte     `json:"btf,omitempty"`
	Key   btf.TypeID `json:"key,omitempty"`
	Value btf.TypeID `json:"value,omitempty"`
}

// Pack describes a program. It must have an image.
func Pack(p *offload.Program) (*Program, error) {
	if p.Image == nil {
		return nil, fmt.Errorf("program %s has no image", p.Name)
	}
	img, err := p.Image.Marshal()
	if err != nil {
		return nil, fmt.Errorf("program %s: %w", p.Name, err)
	}
	out := &Program{
		Object: p.Object, Name: p.Name, Section: p.Section, Type: p.Type, License: p.License,
		Insns: bpf.Encode(nil, p.Insns), Lines: p.Lines, Maps: p.Maps, Image: img,
	}
	for name, t := range p.Types {
		packed, ok := packTypes(t)
		if !ok {
			continue
		}
		if out.Types == nil {
			out.Types = map[string]Types{}
		}
		out.Types[name] = packed
	}
	return out, nil
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

// Unpack returns the program that was described.
func (p *Program) Unpack() (*offload.Program, error) {
	fail := func(err error) (*offload.Program, error) { return nil, fmt.Errorf("program %q: %w", p.Name, err) }
	insns, err := bpf.Decode(p.Insns)
	if err != nil {
		return fail(err)
	}
	img, err := image.Read(p.Image)
	if err != nil {
		return fail(err)
	}
	for i, m := range p.Maps {
		if m == nil {
			return fail(fmt.Errorf("map %d is missing", i))
		}
	}
	out := &offload.Program{
		Program: &object.Program{
			Object: p.Object, Name: p.Name, Section: p.Section, Type: p.Type, License: p.License,
			Insns: insns, Funcs: []object.Func{{Name: p.Name}}, Maps: p.Maps, Lines: p.Lines,
		},
		Image: img,
	}
	for name, t := range p.Types {
		if out.Types == nil {
			out.Types = map[string]offload.MapTypes{}
		}
		out.Types[name] = t.unpack()
	}
	return out, nil
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
		Map  *object.Map  `json:"map"`
		Mode offload.Mode `json:"mode"`
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
