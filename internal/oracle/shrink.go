package oracle

import (
	"bytes"
	"errors"
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Shrink makes a case smaller as long as fails says that the smaller one still
// shows the failure: fewer instructions and functions, simpler ones, fewer and
// shorter packets, fewer map entries. fails must hold for c, and must itself
// ask whether the reference still takes the program. budget bounds the calls
// of fails.
func Shrink(c *Case, budget int, fails func(*Case) bool) *Case {
	s := &shrinker{best: c, fails: fails, left: budget}
	for {
		before := s.wins
		s.packets()
		s.remove()
		s.stop()
		s.simplify()
		s.maps()
		s.packetBytes()
		if s.wins == before || s.left <= 0 {
			return s.best
		}
	}
}

type shrinker struct {
	best  *Case
	fails func(*Case) bool
	left  int
	wins  int
}

func (s *shrinker) try(c *Case) bool {
	if s.left <= 0 || c == nil {
		return false
	}
	s.left--
	if !s.fails(c) {
		return false
	}
	s.best = c
	s.wins++
	return true
}

func (s *shrinker) withProgram(p *object.Program) *Case {
	if p == nil {
		return nil
	}
	return &Case{Program: p, Packets: s.best.Packets}
}

// remove takes runs of instructions out, long ones first.
func (s *shrinker) remove() {
	for size := len(s.best.Program.Insns) / 2; size >= 1; size /= 2 {
		for at := len(s.best.Program.Insns) - size; at >= 0; at -= size {
			if at+size <= len(s.best.Program.Insns) {
				s.try(s.withProgram(cut(s.best.Program, at, size)))
			}
		}
	}
}

// stop ends the program early with a number that an instruction made, as early
// as possible.
func (s *shrinker) stop() {
	for i := 0; i+2 < len(s.best.Program.Insns); i++ {
		insns := s.best.Program.Insns
		switch insns[i].Class() {
		case bpf.ClassLDX, bpf.ClassALU, bpf.ClassALU64:
		default:
			continue
		}
		if insns[i+1].Wide() || insns[i+2].Wide() {
			continue
		}
		p := clone(s.best.Program)
		p.Insns[i+1] = bpf.Mov.Reg(0, insns[i].Dst)
		p.Insns[i+2] = bpf.Return()
		if s.try(s.withProgram(prune(p))) {
			return
		}
	}
}

// simplify replaces single instructions by simpler ones.
func (s *shrinker) simplify() {
	for i := 0; i < len(s.best.Program.Insns); i++ {
		if i > 0 && s.best.Program.Insns[i-1].Wide() {
			continue
		}
		for _, r := range simpler(s.best.Program.Insns[i]) {
			p := clone(s.best.Program)
			if i >= len(p.Insns) {
				return
			}
			p.Insns[i] = r
			if s.try(s.withProgram(prune(p))) {
				break
			}
		}
	}
}

// simpler lists what may stand for an instruction, simplest first.
func simpler(in bpf.Insn) (out []bpf.Insn) {
	movK := func(v int32) bpf.Insn {
		return bpf.Mov.Imm(in.Dst, v)
	}
	constants := func() {
		for _, v := range []int32{0, 1, in.Imm & 0xff, in.Imm & 0xffff, in.Imm / 2} {
			if v != in.Imm && abs(v) < abs(in.Imm) {
				c := in
				c.Imm = v
				out = append(out, c)
			}
		}
	}
	switch in.Class() {
	case bpf.ClassALU, bpf.ClassALU64:
		op := in.ALUOp()
		if op == bpf.End {
			return []bpf.Insn{movK(0)}
		}
		if op != bpf.Mov || in.Source() == bpf.X || in.Class() == bpf.ClassALU {
			out = append(out, movK(0), movK(1))
		}
		if in.Source() == bpf.X {
			if op != bpf.Mov {
				one := bpf.ALUImm(in.Class(), op, in.Dst, 1)
				one.Off = in.Off
				out = append(out, one)
			}
			return out
		}
		constants()
	case bpf.ClassJMP, bpf.ClassJMP32:
		switch in.JumpOp() {
		case bpf.Exit:
			return nil
		case bpf.Call:
			return []bpf.Insn{bpf.Mov.Imm(0, 0)}
		case bpf.Ja:
			return nil
		}
		out = append(out, bpf.Goto(in.Off))
		constants()
	case bpf.ClassLDX:
		out = append(out, movK(0), movK(1))
	case bpf.ClassST:
		constants()
	case bpf.ClassSTX:
		if in.Mode() == bpf.ModeMEM {
			out = append(out, bpf.StoreImm(in.Size(), in.Dst, in.Off, 0))
		}
	}
	return out
}

func abs(v int32) int64 {
	if v < 0 {
		return -int64(v)
	}
	return int64(v)
}

// packets takes packets out.
func (s *shrinker) packets() {
	for i := len(s.best.Packets) - 1; i >= 0 && len(s.best.Packets) > 1; i-- {
		s.try(&Case{Program: s.best.Program, Packets: slices.Delete(slices.Clone(s.best.Packets), i, i+1)})
	}
}

// packetBytes cuts packets and clears their bytes, long runs first.
func (s *shrinker) packetBytes() {
	for i := range s.best.Packets {
		with := func(b []byte) bool {
			ps := slices.Clone(s.best.Packets)
			ps[i] = b
			return s.try(&Case{Program: s.best.Program, Packets: ps})
		}
		for cut := len(s.best.Packets[i]) / 2; cut >= 1; cut /= 2 {
			for len(s.best.Packets[i]) >= cut && with(s.best.Packets[i][:len(s.best.Packets[i])-cut]) {
			}
		}
		for size := len(s.best.Packets[i]); size >= 1; size /= 2 {
			for at := 0; at+size <= len(s.best.Packets[i]); at += size {
				b := bytes.Clone(s.best.Packets[i])
				clear(b[at : at+size])
				if !bytes.Equal(b, s.best.Packets[i]) {
					with(b)
				}
			}
		}
	}
}

// maps takes initial entries out, and maps that no instruction names.
func (s *shrinker) maps() {
	for m := len(s.best.Program.Maps) - 1; m >= 0; m-- {
		if p := dropMap(s.best.Program, m); p != nil && s.try(s.withProgram(p)) {
			continue
		}
		for e := len(s.best.Program.Maps[m].Initial) - 1; e >= 0; e-- {
			spec := *s.best.Program.Maps[m]
			spec.Initial = slices.Delete(slices.Clone(spec.Initial), e, e+1)
			s.try(s.withProgram(s.best.Program.ReplaceMaps(map[*object.Map]*object.Map{s.best.Program.Maps[m]: &spec})))
		}
	}
}

// dropMap removes map m if no instruction names it, else it returns nil.
func dropMap(p *object.Program, m int) *object.Program {
	q := clone(p)
	for i := range q.Insns {
		in := &q.Insns[i]
		if !in.Wide() || in.Src != bpf.PseudoMapFD && in.Src != bpf.PseudoMapValue {
			continue
		}
		if int(in.Imm) == m {
			return nil
		}
		if int(in.Imm) > m {
			in.Imm--
		}
	}
	q.Maps = slices.Delete(q.Maps, m, m+1)
	return q
}

func clone(p *object.Program) *object.Program {
	q := *p
	q.Insns = slices.Clone(p.Insns)
	q.Maps = slices.Clone(p.Maps)
	q.Funcs = slices.Clone(p.Funcs)
	q.Lines = nil
	return &q
}

// Shrink makes a case smaller on which the judge fails in this way. A program
// whose runs all agree is not shrunk into one that reads what was never
// written: that would be another failure, and one of the test.
func (h *Harness) Shrink(c *Case, judge string, kind MismatchKind, budget int) *Case {
	one := Harness{Reference: h.Reference, Second: h.Second}
	for _, j := range h.Judges {
		if j.Name() == judge {
			one.Judges = []Judge{j}
		}
	}
	runs := kind == Differs || kind == Faulted
	definite := runs && h.Definite(c)
	first := func(c *Case) (m *Mismatch, asked bool) {
		rep, err := one.Check(c)
		if err != nil {
			return nil, false
		}
		m = rep.failed(judge)
		return m, m != nil && m.Packet >= 0 && c.runnable(h.Reference, m.Packet)
	}
	what := "" // a panic must stay the same panic, a refusal the same refusal
	m, asked := first(c)
	if m != nil && (kind == Broken || kind == Rejects) {
		what = Reason(m.Detail)
	}
	return Shrink(c, budget, func(c *Case) bool {
		if h.Second != nil && kind != Accepts && !h.ends(c) {
			return false
		}
		m, a := first(c)
		return m != nil && m.Kind == kind && a == asked && (what == "" || what == Reason(m.Detail)) && (!definite || h.Definite(c))
	})
}

// ends reports whether the second judge runs all packets without a fault. It
// knows an endless loop at once, on which the kernel spends its whole budget.
func (h *Harness) ends(c *Case) bool {
	l, err := h.load(h.Second, c.Program)
	if err != nil {
		return false
	}
	defer l.Close()
	for _, p := range c.Packets {
		if err := guard(h.Second.Name(), func() error { _, err := l.Run(p); return err }); err != nil {
			return false
		}
	}
	return true
}

// runnable reports whether a judge can run the case's packet i.
func (c *Case) runnable(j Judge, i int) bool {
	l, err := j.Load(c.Program)
	if err != nil {
		return false
	}
	defer l.Close()
	_, err = l.Run(c.Packets[i])
	return !errors.Is(err, ErrCannotRun)
}
