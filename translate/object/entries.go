package object

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"

	"github.com/skipsw/skipsw/translate/bpf"
)

// entries leaves of the functions that stand in sections of programs those that
// something may run: a function of a section without a type that others call, or
// of .text without a context, is there for them.
func (p *prepared) entries(spec *ebpf.CollectionSpec, o Options) {
	called := map[string]bool{}
	for _, prog := range spec.Programs {
		for k := range prog.Instructions {
			if ins := &prog.Instructions[k]; ins.IsFunctionReference() {
				called[ins.Reference()] = true
			}
		}
	}
	for name, prog := range spec.Programs {
		if prog.Type != ebpf.UnspecifiedProgram {
			continue
		}
		text := p.trueName(prog.SectionName) == textSection
		if called[name] || text && o.Type == UnknownType && context(prog) == nil {
			delete(spec.Programs, name)
		}
	}
}

// context returns what BTF says that the program gets, nil where it says none
// that the compiler takes.
func context(p *ebpf.ProgramSpec) *bpf.Context {
	if len(p.Instructions) == 0 {
		return nil
	}
	f := btf.FuncMetadata(&p.Instructions[0])
	if f == nil {
		return nil
	}
	proto, ok := f.Type.(*btf.FuncProto)
	if !ok || len(proto.Params) == 0 {
		return nil
	}
	ptr, ok := btf.UnderlyingType(proto.Params[0].Type).(*btf.Pointer)
	if !ok {
		return nil
	}
	s, ok := btf.UnderlyingType(ptr.Target).(*btf.Struct)
	if !ok {
		return nil
	}
	at := slices.IndexFunc(contexts, func(c *bpf.Context) bool { return c.Name == s.Name })
	if at < 0 {
		return nil
	}
	return contexts[at]
}

// iproute2XDP is the section that ip takes XDP programs from unless it is told
// another.
const iproute2XDP = "prog"

// untyped decides the type of a program whose section names none: the options
// say it, else the context that the program gets, else iproute2's habit. The
// context of tc is that of socket filters, too, and decides nothing.
func untyped(spec *ebpf.ProgramSpec, o Options) (Type, error) {
	gets := context(spec)
	switch {
	case gets == bpf.XDPMd:
		return XDP, nil
	case o.Type != UnknownType:
		return o.Type, nil
	case gets == nil && spec.SectionName == iproute2XDP:
		return XDP, nil
	case gets == bpf.SkBuff && isDirection(spec.SectionName):
		return TC, nil
	}
	return UnknownType, fmt.Errorf("section %q %w, which is one of: %s", spec.SectionName, ErrNoType, typeList())
}

// isDirection reports whether a section is named after where tc's programs are.
func isDirection(name string) bool {
	for _, word := range []string{"ingress", "egress", "cls", "act", "tc"} {
		if rest, ok := strings.CutPrefix(name, word); ok && (rest == "" || strings.ContainsAny(rest[:1], "_-/.")) {
			return true
		}
	}
	return false
}
