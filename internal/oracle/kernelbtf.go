package oracle

import (
	"fmt"
	"slices"

	"github.com/cilium/ebpf/btf"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// needsBTF reports whether the kernel judges a program otherwise without BTF:
// it takes all functions as static ones then, allows neither tail
// calls nor LD_ABS in them, and calls none back.
func needsBTF(p *object.Program) bool {
	const tailCall = 12
	switch {
	case slices.ContainsFunc(p.Insns, bpf.Insn.IsFuncLoad):
		return true
	case len(p.Funcs) < 2:
		return false // as most programs
	}
	for _, f := range calledFunctions(p)[1:] {
		if f.Global {
			return true
		}
	}
	for _, in := range p.Insns[p.Funcs[1].Start:] {
		if in.IsHelperCall() && in.Imm == tailCall || in.IsLegacyLoad() {
			return true
		}
	}
	return false
}

// calledFunctions returns the program and the functions that it names, by their
// starts: those that the kernel wants to find described. What Funcs does not
// list is a static function.
func calledFunctions(p *object.Program) []object.Func {
	listed := map[int]object.Func{}
	for _, f := range p.Funcs {
		listed[f.Start] = f
	}
	seen := map[int]bool{0: true}
	out := []object.Func{listed[0]}
	for i, in := range p.Insns {
		start := in.FuncTarget(i)
		if !in.IsFuncCall() && !in.IsFuncLoad() || seen[start] {
			continue
		}
		seen[start] = true
		f, ok := listed[start]
		if !ok {
			f = object.Func{Name: fmt.Sprintf("func_%d", start), Start: start}
		}
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b object.Func) int { return a.Start - b.Start })
	return out
}

// functionBTF loads BTF that describes the program's functions and returns it
// with the kernel's table of them.
func functionBTF(p *object.Program) (*btf.Handle, []byte, error) {
	b, err := btf.NewBuilder(nil, nil)
	if err != nil {
		return nil, nil, err
	}
	number := &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}
	var table []byte
	for k, f := range calledFunctions(p) {
		fn := &btf.Func{Name: sys.CName(fmt.Sprintf("f%d_%s", k, f.Name)), Type: &btf.FuncProto{Return: number}, Linkage: btf.StaticFunc}
		if f.Global || k == 0 {
			fn.Linkage = btf.GlobalFunc
		}
		if k > 0 {
			fn.Type, fn.ParamTags = prototypeOf(f, p.Type, number)
		}
		id, err := b.Add(fn)
		if err != nil {
			return nil, nil, fmt.Errorf("BTF of function %q: %w", f.Name, err)
		}
		table = sys.FuncRecord{Slot: uint32(f.Start), Type: id}.Append(table)
	}
	h, err := btf.NewHandle(b)
	if err != nil {
		return nil, nil, fmt.Errorf("load the BTF of program %q: %w", p.Name, err)
	}
	return h, table, nil
}

// prototypeOf describes a function's parameters as the verifier reads them.
func prototypeOf(f object.Func, typ object.Type, number btf.Type) (*btf.FuncProto, [][]string) {
	proto := &btf.FuncProto{Return: number}
	var tags [][]string
	for i, a := range f.Args {
		var t btf.Type = number
		var tag []string
		switch a.Kind {
		case object.ArgCtx:
			name := "xdp_md"
			if typ == object.TC {
				name = "__sk_buff"
			}
			t = &btf.Pointer{Target: &btf.Struct{Name: name}}
		case object.ArgDynptr:
			t = &btf.Pointer{Target: &btf.Struct{Name: "bpf_dynptr", Size: bpf.DynptrBytes}}
		case object.ArgMem:
			bytes := &btf.Array{Index: number, Type: &btf.Int{Name: "char", Size: 1, Encoding: btf.Char}, Nelems: uint32(a.Size)}
			t = &btf.Pointer{Target: &btf.Struct{
				Name: fmt.Sprintf("mem_%d", a.Size), Size: uint32(a.Size),
				Members: []btf.Member{{Name: "bytes", Type: bytes}},
			}}
			if a.NonNull {
				tag = []string{"arg:nonnull"}
			}
		}
		proto.Params = append(proto.Params, btf.FuncParam{Name: fmt.Sprintf("a%d", i+1), Type: t})
		tags = append(tags, tag)
	}
	for _, t := range tags {
		if t != nil {
			return proto, tags
		}
	}
	return proto, nil
}

// mapBTF loads BTF with the types of a map's keys and values, whose numbers it
// returns. The key is an index, or bytes.
func mapBTF(m *object.Map) (h *btf.Handle, types [2]uint32, err error) {
	b, err := btf.NewBuilder(nil, nil)
	if err != nil {
		return nil, types, err
	}
	index := &btf.Int{Name: "unsigned int", Size: 4}
	var key btf.Type = index
	if !arrayType(m.Type) {
		key = &btf.Array{Index: index, Type: &btf.Int{Name: "unsigned char", Size: 1}, Nelems: m.KeySize}
	}
	for k, t := range []btf.Type{key, m.ValueType} {
		if _, section := t.(*btf.Datasec); section {
			types[0] = 0 // as loaders have it for data sections
		}
		id, err := b.Add(t)
		if err != nil {
			return nil, types, fmt.Errorf("BTF of map %q: %w", m.Name, err)
		}
		types[k] = uint32(id)
	}
	if h, err = btf.NewHandle(b); err != nil {
		return nil, types, fmt.Errorf("load the BTF of map %q: %w", m.Name, err)
	}
	return h, types, nil
}
