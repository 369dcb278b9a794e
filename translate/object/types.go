package object

import (
	"fmt"
	"strings"

	"github.com/cilium/ebpf"

	"github.com/skipsw/skipsw/internal/unsupported"
)

// Types are the program types that the compiler takes.
func Types() []Type { return []Type{XDP, TC} }

// ParseType returns the type of a name, "xdp" or "tc".
func ParseType(s string) (Type, error) {
	for _, t := range Types() {
		if s == t.String() {
			return t, nil
		}
	}
	return UnknownType, fmt.Errorf("program type %q is none of: %s", s, typeList())
}

func typeList() string {
	var names []string
	for _, t := range Types() {
		names = append(names, t.String())
	}
	return strings.Join(names, ", ")
}

// declaresFragments reports whether a section's name says, as libbpf reads it, that an
// XDP program takes frames in several pieces.
func declaresFragments(section string) bool {
	name, _, _ := strings.Cut(section, "/")
	return name == "xdp.frags"
}

// programType decides a program's type: what the section names, else what untyped
// finds.
func programType(spec *ebpf.ProgramSpec, o Options) (Type, error) {
	switch spec.AttachType {
	case ebpf.AttachXDPDevMap, ebpf.AttachXDPCPUMap:
		return UnknownType, fmt.Errorf("%w: section %q holds a program for the far end of a redirect, because a NIC has only the near one", unsupported.Err, spec.SectionName)
	}
	switch spec.Type {
	case ebpf.XDP:
		return XDP, nil
	case ebpf.SchedCLS, ebpf.SchedACT:
		return TC, nil
	case ebpf.UnspecifiedProgram:
		return untyped(spec, o)
	}
	return UnknownType, fmt.Errorf("%w: section %q holds a %s program, because a NIC runs only: %s", unsupported.Err, spec.SectionName, spec.Type, typeList())
}
