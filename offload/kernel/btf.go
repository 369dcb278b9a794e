package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"unsafe"

	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/object"
)

// mapTypePrefix begins the name of the structure that carries the key and
// value types of a map in a program's type information. The convention is
// that of the first BTF loaders.
const mapTypePrefix = "____btf_map_"

// Sizes of struct bpf_func_info and struct bpf_line_info.
const (
	funcInfoSize = 8
	lineInfoSize = 16
)

// typeInfo is the type information that goes with a program: its functions,
// its C lines and the types of its maps. It lives in the kernel with the
// program, which is how a later process can print map entries and C lines
// without the object file.
type typeInfo struct {
	fd    int // -1: none
	funcs []byte
	lines []byte
}

// lineTag begins a declaration tag of the main function that carries a C line:
// slot, line and column, then file and text. The kernel keeps the line records
// of an offloaded program to itself; tags it gives out.
const lineTag = "c_line:"

// newTypeInfo builds and loads the type information of a program.
func newTypeInfo(p *offload.Program, onDevice bool) (*typeInfo, error) {
	if !onDevice {
		return buildTypeInfo(p, nil)
	}
	var tags []string
	for _, l := range p.Lines {
		tags = append(tags, fmt.Sprintf("%s%d:%d:%d:%s:%s", lineTag, l.Slot, l.LineNo, l.Column, l.File, l.Text))
	}
	t, err := buildTypeInfo(p, tags)
	if err != nil { // a kernel before 5.16 knows no declaration tags
		return buildTypeInfo(p, nil)
	}
	return t, nil
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

// buildTypeInfo builds the information with tags on the main function.
func buildTypeInfo(p *offload.Program, tags []string) (*typeInfo, error) {
	t := &typeInfo{fd: -1}
	var b btf.Builder
	i32 := &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}
	for _, f := range p.Funcs {
		fn := &btf.Func{Name: cName(f.Name), Linkage: btf.StaticFunc, Type: &btf.FuncProto{Return: i32}}
		if f.Start == 0 {
			fn.Linkage, fn.Tags = btf.GlobalFunc, tags
		}
		id, err := b.Add(fn)
		if err != nil {
			return nil, fmt.Errorf("type information: %w", err)
		}
		t.funcs = hostOrder.AppendUint32(t.funcs, uint32(f.Start))
		t.funcs = hostOrder.AppendUint32(t.funcs, uint32(id))
	}
	for _, m := range p.Maps {
		types, ok := p.Types[m.Name]
		if !ok {
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
	k, err := btf.Sizeof(t.Key)
	if err != nil {
		return nil
	}
	v, err := btf.Sizeof(t.Value)
	if err != nil {
		return nil
	}
	at := uint32(k+7) &^ 7
	return &btf.Struct{
		Name: mapTypePrefix + offload.KernelName(name), Size: at + uint32(v),
		Members: []btf.Member{{Name: "key", Type: t.Key}, {Name: "value", Type: t.Value, Offset: btf.Bits(at * 8)}},
	}
}

// addLines appends the C lines' strings to the string section, which is the
// last of a BTF blob, and makes the line records.
func (t *typeInfo) addLines(raw []byte, p *offload.Program) ([]byte, error) {
	const strOff, strLen = 16, 20 // in struct btf_header
	if len(raw) < 24 {
		return nil, errors.New("type information: short header")
	}
	start := hostOrder.Uint32(raw[4:]) + hostOrder.Uint32(raw[strOff:])
	if int(start+hostOrder.Uint32(raw[strLen:])) != len(raw) {
		return nil, errors.New("type information: strings are not last")
	}
	have := map[string]uint32{}
	str := func(s string) uint32 {
		if at, ok := have[s]; ok {
			return at
		}
		at := uint32(len(raw)) - start
		raw = append(append(raw, s...), 0)
		have[s] = at
		return at
	}
	last := -1
	for _, l := range p.Lines {
		if l.Slot <= last || l.Slot >= len(p.Insns) {
			continue // the kernel wants them strictly rising
		}
		last = l.Slot
		t.lines = hostOrder.AppendUint32(t.lines, uint32(l.Slot))
		t.lines = hostOrder.AppendUint32(t.lines, str(l.File))
		t.lines = hostOrder.AppendUint32(t.lines, str(l.Text))
		t.lines = hostOrder.AppendUint32(t.lines, uint32(l.LineNo)<<10|uint32(l.Column)&0x3ff)
	}
	if !t.linesCoverFuncs(p) {
		t.lines = nil // the kernel wants a line at the start of every function
	}
	hostOrder.PutUint32(raw[strLen:], uint32(len(raw))-start)
	return raw, nil
}

func (t *typeInfo) linesCoverFuncs(p *offload.Program) bool {
	at := map[uint32]bool{}
	for l := t.lines; len(l) > 0; l = l[lineInfoSize:] {
		at[hostOrder.Uint32(l)] = true
	}
	for _, f := range p.Funcs {
		if !at[uint32(f.Start)] {
			return false
		}
	}
	return true
}

func (t *typeInfo) load(raw []byte) error {
	attr := btfLoadAttr{BTF: unsafe.Pointer(&raw[0]), Size: uint32(len(raw))}
	fd, err := bpfCall(unix.BPF_BTF_LOAD, unsafe.Pointer(&attr), unsafe.Sizeof(attr))
	runtime.KeepAlive(raw)
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

// fill puts the information into a load request.
func (t *typeInfo) fill(attr *progLoadAttr) {
	if t.fd < 0 || len(t.funcs) == 0 {
		return
	}
	attr.BTFFD = uint32(t.fd)
	attr.FuncInfoRecSize, attr.FuncInfo, attr.FuncInfoCount = funcInfoSize, unsafe.Pointer(&t.funcs[0]), uint32(len(t.funcs)/funcInfoSize)
	if len(t.lines) > 0 {
		attr.LineInfoRecSize, attr.LineInfo, attr.LineInfoCount = lineInfoSize, unsafe.Pointer(&t.lines[0]), uint32(len(t.lines)/lineInfoSize)
	}
}

func (t *typeInfo) close() {
	if t.fd >= 0 {
		unix.Close(t.fd)
	}
}

// cName returns a name as a C identifier, which is all that BTF takes.
func cName(s string) string {
	b := []byte(s)
	for i, c := range b {
		ok := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || i > 0 && '0' <= c && c <= '9'
		if !ok {
			b[i] = '_'
		}
	}
	if len(b) == 0 {
		return "_"
	}
	return string(b)
}
