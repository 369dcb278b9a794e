package object

import (
	"encoding/binary"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/translate/bpf"
)

// uapi is the type information of what a NIC defines as a kernel does: the
// contexts of programs, whose layout the UAPI fixes, and the numbers of helpers,
// map types and verdicts.
var uapi = sync.OnceValues(func() (*btf.Spec, error) {
	b, err := btf.NewBuilder(nil, nil)
	if err != nil {
		return nil, err
	}
	for _, c := range contexts {
		if _, err := b.Add(contextType(c)); err != nil {
			return nil, err
		}
	}
	for _, e := range enums() {
		if _, err := b.Add(e); err != nil {
			return nil, err
		}
	}
	return b.Spec()
})

// enums are the enumerations of the UAPI that programs ask for, to find out what
// they may use.
func enums() []btf.Type {
	helpers, types, actions := &btf.Enum{Name: "bpf_func_id", Size: 4}, &btf.Enum{Name: "bpf_map_type", Size: 4}, &btf.Enum{Name: "xdp_action", Size: 4}
	for h := bpf.HelperUnspec + 1; h.Known(); h++ {
		helpers.Values = append(helpers.Values, btf.EnumValue{Name: "BPF_FUNC_" + h.String(), Value: uint64(h)})
	}
	for m := bpf.MapTypeUnspec + 1; m.Known(); m++ {
		types.Values = append(types.Values, btf.EnumValue{Name: "BPF_MAP_TYPE_" + strings.ToUpper(m.String()), Value: uint64(m)})
	}
	for a := bpf.XDPAborted; a.Known(); a++ {
		actions.Values = append(actions.Values, btf.EnumValue{Name: "XDP_" + strings.ToUpper(a.String()), Value: uint64(a)})
	}
	return []btf.Type{helpers, types, actions}
}

var contexts = []*bpf.Context{bpf.XDPMd, bpf.SkBuff}

// contextType describes a context. A member that is longer than a number is an
// array of words.
func contextType(c *bpf.Context) btf.Type {
	s := &btf.Struct{Name: c.Name, Size: uint32(c.Size)}
	word := &btf.Int{Name: "__u32", Size: 4}
	for _, f := range c.Fields {
		var t btf.Type
		switch {
		case f.Holds == bpf.Socket:
			t = &btf.Pointer{Target: &btf.Fwd{Name: "bpf_sock", Kind: btf.FwdStruct}}
		case f.Holds == bpf.FlowKeys:
			t = &btf.Pointer{Target: &btf.Fwd{Name: "bpf_flow_keys", Kind: btf.FwdStruct}}
		case f.Size > 8:
			t = &btf.Array{Index: word, Type: word, Nelems: uint32(f.Size) / word.Size}
		case f.Size == 4:
			t = word
		default:
			t = &btf.Int{Name: fmt.Sprintf("__u%d", 8*f.Size), Size: uint32(f.Size)}
		}
		s.Members = append(s.Members, btf.Member{Name: f.Name, Type: t, Offset: btf.Bits(8 * f.Off)})
	}
	return s
}

// relocation is the library's text of a CO-RE relocation: its kind, and the
// name of the local type if it has one.
var relocation = regexp.MustCompile(`^CORERelocation\((\w+), \w+(?::"([^"]*)")?.*\)$`)

// flavour begins what libbpf leaves out of a type's name.
const flavour = "___"

// core applies the CO-RE relocation of an instruction, if it has one. Contexts
// are relocated against the UAPI, other types against the type information of the
// options. What it does not have and a program defines itself, headers of packets
// above all, has the layout that the program gives it; what only a kernel could
// answer is an error.
func (l *linker) core(p *Program, ins *asm.Instruction, slot int) error {
	r := btf.CORERelocationMetadata(ins)
	if r == nil {
		return nil
	}
	text := relocation.FindStringSubmatch(r.String())
	if text == nil {
		return fmt.Errorf("%w: CO-RE relocation %s, because its type is not known", unsupported.Err, r)
	}
	kind, local := text[1], text[2]
	name, _, flavoured := strings.Cut(local, flavour)
	target, err := uapi()
	if err != nil {
		return fmt.Errorf("type information of contexts: %w", err)
	}
	if found, _ := target.AnyTypesByName(name); len(found) > 0 {
		return l.relocateCore(p, ins, slot, r, target)
	}
	known := false
	if l.kernel != nil {
		found, _ := l.kernel.AnyTypesByName(name)
		known = len(found) > 0
	}
	switch kind {
	case "byte_off", "byte_sz", "signed", "lshift_u64", "rshift_u64", "type_size", "local_type_id":
		if !flavoured && !known {
			return nil
		}
	}
	if l.kernel != nil {
		return l.relocateCore(p, ins, slot, r, l.kernel)
	}
	return fmt.Errorf("%w: CO-RE relocation (%s) of %q, because a NIC knows the layout of %s and %s only, and the headers that the program defines itself, whole and by their own names; give it other types with --btf FILE",
		unsupported.Err, kind, local, bpf.XDPMd.Name, bpf.SkBuff.Name)
}

// relocateCore changes an instruction to what a type of the target is like.
// One that asks for what is not there becomes a call that no verifier takes, if
// it is reached.
func (l *linker) relocateCore(p *Program, ins *asm.Instruction, slot int, r *btf.CORERelocation, target *btf.Spec) error {
	fixes, err := btf.CORERelocate([]*btf.CORERelocation{r}, []*btf.Spec{target}, binary.LittleEndian, target.TypeID)
	if err != nil {
		return fmt.Errorf("CO-RE relocation: %w", err)
	}
	changed := *ins
	if err := fixes[0].Apply(&changed); err != nil {
		return fmt.Errorf("CO-RE relocation: %w", err)
	}
	raw := &p.Insns[slot]
	switch {
	case changed.OpCode != ins.OpCode || changed.Dst != ins.Dst:
		*raw = bpf.CallHelper(bpf.HelperAbsentField)
		if ins.OpCode.IsDWordLoad() {
			p.Insns[slot+1] = bpf.Goto(0)
		}
	case ins.OpCode.IsDWordLoad():
		raw.Imm, p.Insns[slot+1].Imm = int32(changed.Constant), int32(changed.Constant>>32)
	case ins.OpCode.Class().IsALU():
		raw.Imm = int32(changed.Constant)
	default:
		raw.Off = changed.Offset
	}
	return nil
}
