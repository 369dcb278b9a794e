package debug

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/skipsw/skipsw/internal/packetrun"
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
)

// Var is something that has a value, or parts that have.
type Var struct {
	Name, Value string
	Parts       []Var
}

// Scope is a kind of variables.
type Scope struct {
	Name string
	// Vars looks at the place where the session stands.
	Vars func() []Var
}

// Scopes returns what there is to look at. Names from the object and the capture
// come out as characters that act on no terminal.
func (s *Session) Scopes() []Scope {
	return []Scope{
		{"eBPF registers", s.halves},
		{"registers", s.registers},
		{"transfer registers", s.transfer},
		{"flags and index registers", s.flags},
		{"local memory", s.local},
		{"packet", s.packet},
		{"maps", s.maps},
		{"memory commands under way", s.underWay},
		{"result", s.result},
	}
}

// Clean returns text without characters that act on a terminal, which become
// numbers.
func Clean(text string) string {
	var b strings.Builder
	for _, c := range text {
		switch {
		case c == unicode.ReplacementChar:
			b.WriteString(`\ufffd`)
		case c == ' ' || unicode.IsPrint(c):
			b.WriteRune(c)
		default:
			fmt.Fprintf(&b, `\u%04x`, c)
		}
	}
	return b.String()
}

// word prints a word and what of it nobody wrote.
func word(v, unwritten uint32) string {
	switch unwritten {
	case 0:
		return fmt.Sprintf("0x%08x", v)
	case ^uint32(0):
		return "not written"
	}
	return fmt.Sprintf("0x%08x, bits %#x not written", v, unwritten)
}

func (s *Session) registers() (out []Var) {
	r := &s.o.Image.Target.Registers
	for _, bank := range []nfpisa.Bank{nfpisa.BankA, nfpisa.BankB} {
		for n := range r.GPRs {
			v, unwritten := s.Context().Reg(target.Reg{Bank: bank, Num: target.GPR(n)})
			if unwritten != ^uint32(0) {
				out = append(out, Var{Name: registerName(bank, n), Value: word(v, unwritten)})
			}
		}
	}
	return out
}

func registerName(bank nfpisa.Bank, n int) string { return fmt.Sprintf("%c%d", "AB"[bank], n) }

func (s *Session) transfer() (out []Var) {
	r := &s.o.Image.Target.Registers
	for _, dir := range []struct {
		name string
		out  bool
		n    int
	}{{"in", false, r.XferIn}, {"out", true, r.XferOut}} {
		for n := range dir.n {
			if v, unwritten := s.Context().Transfer(dir.out, n); unwritten != ^uint32(0) {
				out = append(out, Var{Name: fmt.Sprintf("$xfer_%d %s", n, dir.name), Value: word(v, unwritten)})
			}
		}
	}
	return out
}

func (s *Session) flags() (out []Var) {
	f := s.Context().Flags()
	for _, x := range []struct {
		name       string
		set, known bool
	}{{"Z", f.Zero, f.ZeroKnown}, {"N", f.Negative, f.NegativeKnown}, {"C", f.Carry, f.CarryKnown}, {"V", f.Overflow, f.CarryKnown}} {
		v := "not known"
		if x.known {
			v = map[bool]string{false: "0", true: "1"}[x.set]
		}
		out = append(out, Var{Name: x.name, Value: v})
	}
	for n := range target.LastLMIndex + 1 {
		if addr, written := s.Context().Pointer(int(n)); written {
			out = append(out, Var{Name: fmt.Sprintf("ActLMAddr%d", n), Value: fmt.Sprintf("byte %d of local memory", addr)})
		}
	}
	return out
}

// local returns the words of local memory that were written.
func (s *Session) local() (out []Var) {
	vector, _ := s.Context().Pointer(int(s.o.Image.Target.Entry.VectorIndex))
	stack, _ := s.Context().Pointer(int(s.o.Image.Target.Entry.StackIndex))
	for w := range uint32(localWords) {
		v, unwritten, own := s.Context().LocalWord(w)
		if !own || unwritten == ^uint32(0) {
			continue
		}
		name := fmt.Sprintf("byte %d", 4*w)
		switch {
		case 4*w >= vector && (stack <= vector || 4*w < stack):
			name += fmt.Sprintf(" (packet vector, word %d)", w-vector/4)
		case 4*w >= stack:
			name += fmt.Sprintf(" (stack, word %d)", w-stack/4)
		}
		out = append(out, Var{Name: name, Value: word(v, unwritten)})
	}
	return out
}

// localWords is the size of a core's local memory.
const localWords = 1024

// shownEntries is how many entries of a map are shown.
const shownEntries = 256

func (s *Session) maps() (out []Var) {
	for _, m := range s.Machine().Maps() {
		info := m.Info()
		v := Var{Name: Clean(info.Name), Value: Clean(fmt.Sprintf("%s, %d entries at most", info.Type, info.MaxEntries))}
		entries, zero := m.Filled()
		for k := range entries {
			if k == shownEntries {
				v.Parts = append(v.Parts, Var{Name: "...", Value: fmt.Sprintf("%d more", len(entries)-k)})
				break
			}
			v.Parts = append(v.Parts, Var{Name: fmt.Sprintf("%x", entries[k].Key), Value: fmt.Sprintf("%x", entries[k].Value)})
		}
		if zero > 0 {
			v.Parts = append(v.Parts, Var{Name: "entries with zero values", Value: fmt.Sprint(zero)})
		}
		out = append(out, v)
	}
	return out
}

func (s *Session) underWay() (out []Var) {
	for _, c := range s.UnderWay() {
		out = append(out, Var{
			Name:  Clean(fmt.Sprintf("%s, %d bytes at %#x", c.Op, c.Bytes, c.Address)),
			Value: fmt.Sprintf("issued by word %d in cycle %d, done in cycle %d", int(s.o.Image.Machine.CodeStart)+c.Word, c.Arrival, c.Done),
		})
	}
	return out
}

func (s *Session) result() []Var {
	r := s.Result()
	switch {
	case r == nil:
		return []Var{{Name: "verdict", Value: "none yet"}, {Name: "cycle", Value: fmt.Sprint(s.Cycle())}}
	case r.Fault != nil:
		return []Var{{Name: "fault", Value: Clean(r.Fault.Error())}, {Name: "cycle", Value: fmt.Sprint(s.Cycle())}}
	}
	return []Var{
		{Name: "verdict", Value: packetrun.VerdictName(programType(s.o.Image), r.Verdict)},
		{Name: "cycles", Value: fmt.Sprint(r.Cycles)},
		{Name: "instructions", Value: fmt.Sprint(r.Instructions)},
		{Name: "waiting", Value: fmt.Sprint(r.MemWait)},
		{Name: "records sent", Value: fmt.Sprint(len(r.Events))},
	}
}
