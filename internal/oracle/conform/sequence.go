package conform

import (
	"errors"
	"fmt"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// plain puts what RFC 9669 gives a meaning, and verifiers do not take, in their
// own words, slot by slot: shifts by constants keep the bits of the amount that
// count (section 4.1), divisions by a constant 0 give 0, and remainders of it the
// dividend (4.1); callx (4.3, group callx) becomes a call of the helper whose
// number the register has.
func plain(insns []bpf.Insn) ([]bpf.Insn, error) {
	out := append([]bpf.Insn(nil), insns...)
	for pc, in := range bpf.Each(insns) {
		switch in.Class() {
		case bpf.ClassALU, bpf.ClassALU64:
			if in.Source() == bpf.K {
				out[pc] = plainOperation(in)
			}
		case bpf.ClassJMP:
			if in.Callee() != bpf.CallsRegister || in.Source() != bpf.X || in.Src != 0 || in.Off != 0 || in.Imm != 0 {
				continue
			}
			helper, ok := constant(insns, pc, in.Dst)
			if !ok {
				return nil, fmt.Errorf("%w: callx r%d at instruction %d, because no instruction on the straight way there sets the register to the number of a helper",
					unsupported.Err, in.Dst, pc)
			}
			out[pc] = bpf.CallHelper(bpf.HelperID(helper))
		}
	}
	return out, nil
}

func plainOperation(in bpf.Insn) bpf.Insn {
	wide := in.Class() == bpf.ClassALU64
	switch in.ALUOp() {
	case bpf.Lsh, bpf.Rsh, bpf.Arsh:
		if wide {
			in.Imm &= 63
		} else {
			in.Imm &= 31
		}
	case bpf.Div, bpf.Mod:
		if in.Imm != 0 || in.Off > 1 || in.Off < 0 {
			break
		}
		result := bpf.Mov.Imm(in.Dst, 0)
		if in.ALUOp() == bpf.Mod {
			result = bpf.Mov.Reg(in.Dst, in.Dst)
			if !wide {
				result = bpf.Mov.Reg32(in.Dst, in.Dst)
			}
		}
		return result
	}
	return in
}

// constant returns the number that a register has at slot pc, where an
// instruction of the straight way to pc sets it.
func constant(insns []bpf.Insn, pc int, r uint8) (n int32, ok bool) {
	targets := map[int]bool{}
	starts := []int{}
	for at, in := range bpf.Each(insns) {
		if to, jumps := in.Target(at); jumps {
			targets[to] = true
		}
		if at < pc {
			starts = append(starts, at)
		}
	}
	if targets[pc] {
		return 0, false
	}
	for i := len(starts) - 1; i >= 0; i-- {
		in := insns[starts[i]]
		mov := (in.Class() == bpf.ClassALU || in.Class() == bpf.ClassALU64) && in.ALUOp() == bpf.Mov && in.Source() == bpf.K && in.Off == 0 && in.Dst == r
		switch {
		case mov:
			return in.Imm, in.Imm >= 0
		case in.Defs().Has(r), in.IsExit(), in.IsGoto(), targets[starts[i]]:
			return 0, false
		}
	}
	return 0, false
}

// takesResult reports whether a refusal is about the instruction behind the sequence that
// takes its R0.
func takesResult(refusal error, p *object.Program, insns []bpf.Insn, memory []byte, place Place) bool {
	var refused *verify.Error
	if !errors.As(refusal, &refused) {
		return false
	}
	at := first(p, insns, memory, place)
	if calls(insns) {
		return refused.Slot == at-len(epilogue())
	}
	return refused.Slot == at+len(insns)
}

// atExit makes the complaint about an R0 that was never set one about the exit of the
// sequence that gives it back, instead of what stands behind the sequence. Other
// errors it returns as they are.
func atExit(refusal error, insns []bpf.Insn, memory []byte, place Place, unproven bool) error {
	e := bpf.NewEditor(insns)
	starts := bpf.FuncStarts(insns)
	for pc, in := range bpf.Each(insns) {
		if len(starts) > 0 && pc >= starts[0] {
			break
		}
		if in.IsExit() {
			e.Insert(pc, bpf.Mov.Reg(bpf.R0, bpf.R0))
		}
	}
	reading, moves, err := e.Apply()
	if err != nil {
		return refusal
	}
	p, err := Wrap(reading, memory, place)
	if err != nil {
		return refusal
	}
	_, err = verify.Verify(p, verify.Options{Unproven: unproven})
	var refused *verify.Error
	if !errors.As(err, &refused) {
		return refusal
	}
	for pc, in := range bpf.Each(insns) {
		if in.IsExit() && moves[pc]+first(p, reading, memory, place) == refused.Slot {
			refused.Slot, refused.Insn = pc, in.String()
			return refused
		}
	}
	return refusal
}
