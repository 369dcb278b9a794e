package object

import (
	"fmt"
	"slices"

	"github.com/cilium/ebpf/btf"

	"github.com/skipsw/skipsw/translate/bpf"
)

// ArgKind is what a parameter of a global function takes.
type ArgKind uint8

// The kinds of parameters.
const (
	ArgScalar ArgKind = iota
	ArgCtx            // the program's context
	ArgMem            // memory of Size bytes, or null unless NonNull
	ArgDynptr         // a dynptr, of whatever memory
)

// Arg is a parameter of a global function, as BTF describes it.
type Arg struct {
	Kind    ArgKind
	Size    int  // of ArgMem, in bytes
	NonNull bool // tagged "arg:nonnull"
}

// maxArgs is how many parameters a function can have: R1 to R5.
const maxArgs = 5

// prototype returns the parameters of a global function, or why it cannot be
// verified on its own.
func prototype(f *btf.Func, typ Type) ([]Arg, error) {
	proto, ok := f.Type.(*btf.FuncProto)
	if !ok {
		return nil, fmt.Errorf("global function %q has no prototype in BTF", f.Name)
	}
	if !isNumber(proto.Return) {
		return nil, fmt.Errorf("global function %q does not return a number; make it return int, or static", f.Name)
	}
	if len(proto.Params) > maxArgs {
		return nil, fmt.Errorf("global function %q has %d parameters, at most %d are passed", f.Name, len(proto.Params), maxArgs)
	}
	var args []Arg
	for i, p := range proto.Params {
		var tags []string
		if i < len(f.ParamTags) {
			tags = f.ParamTags[i]
		}
		a, err := parameter(p.Type, tags, typ)
		if err != nil {
			return nil, fmt.Errorf("parameter %d (%s) of global function %q %w", i+1, p.Name, f.Name, err)
		}
		args = append(args, a)
	}
	return args, nil
}

func parameter(t btf.Type, tags []string, typ Type) (Arg, error) {
	for _, tag := range tags {
		if tag != "arg:ctx" && tag != "arg:nonnull" {
			return Arg{}, fmt.Errorf("is tagged %q, which is not supported", tag)
		}
	}
	ptr, ok := btf.UnderlyingType(t).(*btf.Pointer)
	if !ok {
		if !isNumber(t) {
			return Arg{}, fmt.Errorf("is neither a number nor a pointer")
		}
		return Arg{}, nil
	}
	target := btf.UnderlyingType(ptr.Target)
	s, ok := target.(*btf.Struct)
	if ctx := bpf.ContextOf(typ.ProgType()); slices.Contains(tags, "arg:ctx") || ok && ctx != nil && s.Name == ctx.Name {
		return Arg{Kind: ArgCtx}, nil
	}
	if ok && s.Name == "bpf_dynptr" {
		return Arg{Kind: ArgDynptr}, nil
	}
	size, err := btf.Sizeof(target)
	if err != nil || size <= 0 {
		return Arg{}, fmt.Errorf("points to something of no known size; make it a pointer to a structure, or the function static")
	}
	return Arg{Kind: ArgMem, Size: size, NonNull: slices.Contains(tags, "arg:nonnull")}, nil
}

func isNumber(t btf.Type) bool {
	switch btf.UnderlyingType(t).(type) {
	case *btf.Int, *btf.Enum:
		return true
	}
	return false
}

// returnsInt reports whether a function returns an integer of at most 8 bytes, or an
// enumeration.
func returnsInt(f *btf.Func) bool {
	proto, ok := f.Type.(*btf.FuncProto)
	if !ok {
		return false
	}
	switch t := btf.UnderlyingType(proto.Return).(type) {
	case *btf.Int:
		return t.Size <= 8
	case *btf.Enum:
		return true
	}
	return false
}
