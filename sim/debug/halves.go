package debug

import (
	"fmt"
	"slices"
	"strings"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
)

// held is where the last that was made of half an eBPF register is.
type held struct {
	at   []nfpisa.Operand // general-purpose registers and words of the stack
	insn int32            // by which instruction
}

// halves returns the eBPF registers as far as it is known where they are: what an
// instruction made last of each, followed through the words that have been executed.
// A half that nobody wants has no place.
func (s *Session) halves() (out []Var) {
	where := map[Half]*held{}
	for _, w := range s.p.trace {
		in, err := nfpisa.Decode(s.o.Image.Words[w], s.o.Image.Machine.Mode)
		if err != nil {
			continue
		}
		s.follow(where, int(w), &in)
	}
	for reg := range uint8(11) {
		v := Var{Name: fmt.Sprintf("r%d", reg)}
		for _, high := range []bool{false, true} {
			if h := where[Half{Known: true, Reg: reg, High: high}]; h != nil && len(h.at) > 0 {
				name := map[bool]string{false: "low", true: "high"}[high]
				v.Parts = append(v.Parts, Var{Name: name, Value: s.half(h)})
			}
		}
		if len(v.Parts) > 0 {
			v.Value = v.Parts[0].Value
			if len(v.Parts) > 1 {
				v.Value = v.Parts[1].Value + "; " + v.Value
			}
			out = append(out, v)
		}
	}
	return out
}

// follow takes note of what a word does to the places.
func (s *Session) follow(where map[Half]*held, w int, in *nfpisa.Instr) {
	dst := destinations(in)
	var moved *held
	if src := in.Right(); in.Class == nfpisa.ClassALU && in.ALU == nfpisa.ALUB {
		for _, h := range where {
			if slices.Contains(h.at, home(src)) {
				moved = h
			}
		}
	}
	for _, h := range where {
		if h != moved || !slices.Contains(dst, home(in.Right())) {
			h.at = slices.DeleteFunc(h.at, func(o nfpisa.Operand) bool { return slices.Contains(dst, o) })
		}
	}
	if moved != nil {
		moved.at = append(moved.at, dst...)
	}
	l := s.o.Image.LineOf(w)
	if l == nil || l.Insn < 0 {
		return
	}
	for half, h := range where {
		if h.insn != l.Insn && writes(l.BPF, half.Reg) {
			delete(where, half)
		}
	}
	if half := s.holds(w); half.Known && len(dst) > 0 {
		where[half] = &held{at: dst, insn: l.Insn}
	}
}

// writes reports whether an eBPF instruction, by its text, makes or loses a
// register.
func writes(text string, reg uint8) bool {
	if strings.HasPrefix(text, "call ") {
		return reg <= 5
	}
	dst, rest, _ := strings.Cut(text, " ")
	op, _, _ := strings.Cut(rest, " ")
	return strings.HasSuffix(op, "=") && (dst == fmt.Sprintf("r%d", reg) || dst == fmt.Sprintf("w%d", reg))
}

// half prints what is in a place.
func (s *Session) half(h *held) string {
	o := h.at[0]
	if o.Kind == nfpisa.LM {
		base, _ := s.Context().Pointer(int(o.Index))
		v, unwritten, _ := s.Context().LocalWord(base/4 + uint32(o.Num))
		return fmt.Sprintf("%s in word %d of the stack, made by instruction %d", word(v, unwritten), o.Num, h.insn)
	}
	v, unwritten := s.Context().Reg(target.Reg{Bank: o.Bank, Num: target.GPR(o.Num)})
	return fmt.Sprintf("%s in %s, made by instruction %d", word(v, unwritten), registerName(o.Bank, int(o.Num)), h.insn)
}

// home is an operand as the place that it names.
func home(o nfpisa.Operand) nfpisa.Operand {
	switch {
	case o.Kind == nfpisa.GPR:
		return nfpisa.Operand{Kind: nfpisa.GPR, Bank: o.Bank, Num: o.Num}
	case o.Kind == nfpisa.LM && o.Mod == nfpisa.NoMod:
		return nfpisa.Operand{Kind: nfpisa.LM, Index: o.Index, Num: o.Num}
	}
	return nfpisa.NoOperand
}

// destinations returns the places that an instruction writes.
func destinations(in *nfpisa.Instr) []nfpisa.Operand {
	dst := in.Dst
	switch in.Class {
	case nfpisa.ClassLdField:
		dst = in.Left()
	case nfpisa.ClassALU, nfpisa.ClassALUShf, nfpisa.ClassImmed, nfpisa.ClassMulStep:
	default:
		return nil
	}
	switch at := home(dst); {
	case at == nfpisa.NoOperand:
		return nil
	case in.WrBoth && at.Kind == nfpisa.GPR:
		return []nfpisa.Operand{nfpisa.A(int(at.Num)), nfpisa.B(int(at.Num))}
	default:
		return []nfpisa.Operand{at}
	}
}
