package bpf

import "fmt"

// Assembler collects instructions whose jumps, calls and function addresses name
// their places by labels. The zero value is ready.
type Assembler struct {
	insns  []Insn
	labels []int // slot of each label, -1 while it is not placed
	refs   []ref
}

// Label is a place in the code of an Assembler.
type Label int

// ref is an instruction that names a label.
type ref struct {
	slot int
	to   Label
}

// Emit appends instructions.
func (a *Assembler) Emit(in ...Insn) { a.insns = append(a.insns, in...) }

// Len returns the number of slots so far.
func (a *Assembler) Len() int { return len(a.insns) }

// NewLabel makes a label, to be placed before or after it is used.
func (a *Assembler) NewLabel() Label {
	a.labels = append(a.labels, -1)
	return Label(len(a.labels) - 1)
}

// Place puts a label in front of what is emitted next.
func (a *Assembler) Place(l Label) { a.labels[l] = len(a.insns) }

// EmitTo appends a jump, a call of a function or the first slot of the load of a
// function's address; Assemble fills the distance to the label in.
func (a *Assembler) EmitTo(in Insn, l Label) {
	a.refs = append(a.refs, ref{len(a.insns), l})
	a.Emit(in)
}

// Targeted reports whether an instruction so far names the label.
func (a *Assembler) Targeted(l Label) bool {
	for _, r := range a.refs {
		if r.to == l {
			return true
		}
	}
	return false
}

// Mark is a state of an Assembler to go back to.
type Mark struct{ insns, refs int }

// Mark returns the present state.
func (a *Assembler) Mark() Mark { return Mark{len(a.insns), len(a.refs)} }

// Rewind takes back what was emitted since the mark. Labels placed since then
// must be placed anew.
func (a *Assembler) Rewind(m Mark) { a.insns, a.refs = a.insns[:m.insns], a.refs[:m.refs] }

// Assemble returns the code with its distances. A label that was never placed
// and a distance too long for its field are errors.
func (a *Assembler) Assemble() ([]Insn, error) {
	for _, r := range a.refs {
		at := a.labels[r.to]
		if at < 0 {
			return nil, fmt.Errorf("instruction %d names a label that was never placed", r.slot)
		}
		in, err := a.insns[r.slot].WithTarget(r.slot, at)
		if err != nil {
			return nil, fmt.Errorf("instruction %d: %w", r.slot, err)
		}
		a.insns[r.slot] = in
	}
	return a.insns, nil
}
