package ssa

// Half is half of an eBPF register, for those who want to know where it is; 0 is
// none.
type Half uint8

// Reg returns the register, and whether it is its high half.
func (h Half) Reg() (reg int, high bool) { return int(h-1) / 2, (h-1)%2 == 1 }

// halfOf returns the half that a variable is; no part of the stack is one.
func halfOf(v variable) (Half, bool) {
	if v < varFrames {
		return 0, false
	}
	at := int(v-varFrames) % frameVars
	return Half(at + 1), at < 20
}

// MadeFor notes that the instruction of a slot made a value for half a register.
// Values that are another instruction's, and constants, keep what they have.
func (f *Func) MadeFor(id ID, slot int32, h Half) {
	if v := &f.Values[id]; v.Half == 0 && v.Slot == slot && v.Block != NoBlock && slot >= 0 {
		v.Half = h
	}
}
