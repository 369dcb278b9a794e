package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/object"
)

// mapTypePrefix begins the name of the structure that carries the key and
// value types of a map in a program's type information; the map's name, made a
// C identifier, follows.
const mapTypePrefix = "types_of_map_"

// typeInfo is the type information that goes with a program: its functions,
// its C lines and the types of its maps. It lives in the kernel with the
// program, which is how a later process can print map entries and C lines
// without the object file.
type typeInfo struct {
	fd    int // 0: none
	funcs []byte
	lines []byte
}

// lineTag begins a declaration tag of the main function that carries a C line:
// slot, line and column, then file and text. The kernel keeps the line records
// of an offloaded program to itself; tags it gives out.
const lineTag = "c_line:"

// mapTag begins a declaration tag of the main function that carries the whole
// name of a map: the map's place in the order of first use, then the name. The
// kernel keeps 15 bytes of it only.
const mapTag = "map_name:"

// mapNameTags returns the tags of maps whose names the kernel cannot keep.
func mapNameTags(p *offload.Program) (tags []string) {
	for place, i := range p.MapPlaces() {
		if name := p.Maps[i].Name; !sys.Kept(name) {
			tags = append(tags, fmt.Sprintf("%s%d:%s", mapTag, place, name))
		}
	}
	return tags
}

// mapNames reads the whole names of a program's maps, by their place.
func mapNames(btfID uint32) map[int]string {
	names := map[int]string{}
	for _, tag := range mainTags(btfID) {
		rest, ok := strings.CutPrefix(tag, mapTag)
		place, name, ok2 := strings.Cut(rest, ":")
		if n, err := strconv.Atoi(place); ok && ok2 && err == nil {
			names[n] = name
		}
	}
	return names
}

// typeParts says how much of a program's type information is given to the kernel.
type typeParts struct{ maps, tags bool }

// typeVariants are what is tried in turn: declaration tags came with kernel
// 5.16, and the C types of a map can be ones that a kernel does not know.
var typeVariants = []typeParts{{maps: true, tags: true}, {maps: true}, {tags: true}, {}}

// newTypeInfo builds and loads the type information of a program, as much as
// this kernel takes. It serves people who look on; why there is none is told in
// left, and is no reason not to load the program.
func newTypeInfo(p *offload.Program, onDevice bool) (t *typeInfo, left error) {
	tags := mapNameTags(p)
	if onDevice {
		for _, l := range p.Lines {
			tags = append(tags, fmt.Sprintf("%s%d:%d:%d:%s:%s", lineTag, l.Slot, l.LineNo, l.Column, l.File, l.Text))
		}
	}
	for _, v := range typeVariants {
		use := tags
		if !v.tags {
			use = nil
		}
		t, err := buildTypeInfo(p, use, v.maps)
		if err == nil {
			return t, nil
		}
		if left == nil {
			left = err
		}
	}
	return &typeInfo{}, left
}

// parseLineTag reads a line out of a declaration tag.
func parseLineTag(tag string) (object.Line, bool) {
	rest, ok := strings.CutPrefix(tag, lineTag)
	parts := strings.SplitN(rest, ":", 5)
	if !ok || len(parts) != 5 {
		return object.Line{}, false
	}
	var n [3]int
	for i := range n {
		v, err := strconv.Atoi(parts[i])
		if err != nil {
			return object.Line{}, false
		}
		n[i] = v
	}
	return object.Line{Slot: n[0], LineNo: n[1], Column: n[2], File: parts[3], Text: parts[4]}, true
}

// buildTypeInfo builds and loads the information with tags on the main function,
// and the types of the maps if they are wanted.
func buildTypeInfo(p *offload.Program, tags []string, maps bool) (*typeInfo, error) {
	t := &typeInfo{}
	var b btf.Builder
	i32 := &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}
	for _, f := range p.Funcs {
		fn := &btf.Func{Name: sys.CName(f.Name), Linkage: btf.StaticFunc, Type: &btf.FuncProto{Return: i32}}
		if f.Start == 0 {
			fn.Linkage, fn.Tags = btf.GlobalFunc, tags
		}
		id, err := b.Add(fn)
		if err != nil {
			return nil, fmt.Errorf("type information: %w", err)
		}
		t.funcs = sys.FuncRecord{Slot: uint32(f.Start), Type: id}.Append(t.funcs)
	}
	for _, m := range p.Maps {
		types, ok := p.Types[m.Name]
		if !ok || !maps {
			continue
		}
		if s := mapStruct(m.Name, types); s != nil {
			if _, err := b.Add(s); err != nil {
				return nil, fmt.Errorf("types of map %s: %w", m.Name, err)
			}
		}
	}
	raw, err := b.Marshal(nil, &btf.MarshalOptions{Order: binary.NativeEndian})
	if err != nil {
		return nil, fmt.Errorf("type information: %w", err)
	}
	if raw, err = t.addLines(raw, p); err != nil {
		return nil, err
	}
	if err := t.load(raw); err != nil {
		return nil, err
	}
	return t, nil
}

// mapStruct returns the structure that carries a map's types, or nil if one of
// them is not known.
func mapStruct(name string, t offload.MapTypes) *btf.Struct {
	if t.Key == nil || t.Value == nil {
		return nil
	}
	key, value := t.Key, t.Value
	if section, ok := value.(*btf.Datasec); ok {
		key, value = &btf.Int{Name: "unsigned int", Size: 4}, sectionStruct(section)
	}
	k, err := btf.Sizeof(key)
	if err != nil {
		return nil
	}
	v, err := btf.Sizeof(value)
	if err != nil {
		return nil
	}
	at := uint32(k+7) &^ 7
	return &btf.Struct{
		Name: mapTypePrefix + sys.CName(name), Size: at + uint32(v),
		Members: []btf.Member{{Name: "key", Type: key}, {Name: "value", Type: value, Offset: btf.Bits(at * 8)}},
	}
}

// sectionStruct returns a data section as a structure of its variables: a
// section cannot be the member of anything.
func sectionStruct(section *btf.Datasec) *btf.Struct {
	s := &btf.Struct{Name: sys.CName(section.Name), Size: section.Size}
	for _, v := range section.Vars {
		if one, ok := v.Type.(*btf.Var); ok {
			s.Members = append(s.Members, btf.Member{Name: sys.CName(one.Name), Type: one.Type, Offset: btf.Bits(v.Offset * 8)})
		}
	}
	return s
}

// addLines appends the C lines' strings to the type information and makes the
// line records.
func (t *typeInfo) addLines(raw []byte, p *offload.Program) ([]byte, error) {
	strs, err := sys.NewStrings(raw)
	if err != nil {
		return nil, err
	}
	last := -1
	has := map[int]bool{}
	for _, l := range p.Lines {
		if l.Slot <= last || l.Slot >= len(p.Insns) {
			continue // the kernel wants them strictly rising
		}
		last, has[l.Slot] = l.Slot, true
		r := sys.LineRecord{Slot: uint32(l.Slot), File: strs.Add(l.File), Text: strs.Add(l.Text), LineNo: l.LineNo, Column: l.Column}
		t.lines = r.Append(t.lines)
	}
	for _, f := range p.Funcs {
		if !has[f.Start] {
			t.lines = nil // the kernel wants a line at the start of every function
		}
	}
	return strs.Raw(), nil
}

func (t *typeInfo) load(raw []byte) error {
	fd, err := sys.LoadBTF(raw)
	switch {
	case err == nil:
		t.fd = fd
	case errors.Is(err, unix.EPERM):
		return nil // the load itself explains the missing privilege
	default:
		return fmt.Errorf("type information: the kernel refused it: %w", err)
	}
	return nil
}

func (t *typeInfo) close() {
	if t.fd > 0 {
		unix.Close(t.fd)
	}
}
