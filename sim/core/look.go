package core

// What a hook may look at of the context that it sees, beside Reg, Pointer and
// Vector. Nothing here changes anything.

// Transfer returns a transfer register, 0 to 63, that a command fills or takes
// (out), and the bits of it that nobody wrote.
func (x *Context) Transfer(out bool, i int) (v, unwritten uint32) {
	at := slotIn
	if out {
		at = slotOut
	}
	w := x.regs[at+i%xfers]
	return uint32(w), uint32(w >> 32)
}

// Flags are the condition codes. Those that are not known hold nothing that
// anybody computed.
type Flags struct {
	Zero, Negative           bool
	ZeroKnown, NegativeKnown bool
	Carry, Overflow          bool
	CarryKnown               bool // and Overflow
}

// Flags returns the condition codes.
func (x *Context) Flags() Flags {
	return Flags{
		Zero: uint32(x.cc) == 0, Negative: int32(uint32(x.cc)) < 0, ZeroKnown: x.cc>>32 == 0, NegativeKnown: x.cc>>63 == 0,
		Carry: x.cv&flagC != 0, Overflow: x.cv&flagV != 0, CarryKnown: x.cv&flagUndef == 0,
	}
}

// LocalWord returns a word of local memory by its number, the bits of it that
// nobody wrote, and whether it is the context's own.
func (x *Context) LocalWord(w uint32) (v, unwritten uint32, own bool) {
	word := x.core.lm[w%lmWords]
	return uint32(word), uint32(word >> 32), x.owns(w)
}
