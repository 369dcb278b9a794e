package ssa

import (
	"github.com/skipsw/skipsw/translate/verify"
)

// Dynptr is a dynptr on a stack. It is in registers: the low word of the address of its
// memory, or 1 for the packet, and 0 for none; how far into the memory it begins; and
// how many bytes it has.
type Dynptr struct {
	verify.Dynptr
	frame, slot int
}

// dynptrVar is a word of the dynptr at a slot of a frame's stack.
func dynptrVar(frame, slot, word int) variable {
	return varFrames + variable(frame*frameVars+20+128+1+2*stackSlots+3*slot+word)
}

// DynptrIn returns the dynptr that register r points to, of the kind that the proof
// knows at this call if it was made before.
func (b *Builder) DynptrIn(r int) (Dynptr, error) {
	frame, at, ok := b.StackPlace(r)
	if !ok {
		frame, at, ok = b.onlyPlace(r, 0)
	}
	if !ok {
		return Dynptr{}, b.Unsupported("a call with one of several dynptrs", "which one it is must be known")
	}
	return Dynptr{Dynptr: b.Prog.Dynptr(b.pc), frame: frame, slot: stackSlots - 1 - int(at)/8}, nil
}

// Dynptr returns the words of a dynptr: base, offset and size.
func (b *Builder) Dynptr(d Dynptr) (base, off, size ID) {
	return b.read(dynptrVar(d.frame, d.slot, 0)), b.read(dynptrVar(d.frame, d.slot, 1)), b.read(dynptrVar(d.frame, d.slot, 2))
}

// SetDynptr writes the words of a dynptr.
func (b *Builder) SetDynptr(d Dynptr, words []ID) {
	for k, w := range words {
		b.write(dynptrVar(d.frame, d.slot, k), w)
	}
}
