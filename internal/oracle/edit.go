package oracle

import (
	"fmt"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// cut returns the program without n slots from at on and without what can no
// longer be reached; jumps to a removed slot go to the next one that stays. A
// 64-bit immediate load goes as a whole. It returns nil if nothing is left.
func cut(p *object.Program, at, n int) *object.Program {
	gone := make([]bool, len(p.Insns))
	for i := at; i < at+n; i++ {
		gone[i] = true
	}
	for i := range p.Insns {
		if p.Insns[i].Wide() && i+1 < len(gone) && gone[i] != gone[i+1] {
			gone[i], gone[i+1] = true, true
		}
	}
	return prune(rebuild(p, gone))
}

// prune removes the slots that no path reaches, which the kernel refuses.
func prune(p *object.Program) *object.Program {
	if p == nil {
		return nil
	}
	gone := make([]bool, len(p.Insns))
	for i := range gone {
		gone[i] = true
	}
	work := []int{0}
	for len(work) > 0 {
		i := work[len(work)-1]
		work = work[:len(work)-1]
		if i < 0 || i >= len(p.Insns) || !gone[i] {
			continue
		}
		gone[i] = false
		in := p.Insns[i]
		if in.Wide() && i+1 < len(p.Insns) {
			gone[i+1] = false
			work = append(work, i+2)
			if in.Src == bpf.PseudoFunc {
				work = append(work, i+1+int(in.Imm))
			}
			continue
		}
		target, always := target(in)
		if target != nil {
			work = append(work, i+1+*target)
		}
		if !always {
			work = append(work, i+1)
		}
	}
	return rebuild(p, gone)
}

// target returns the relative slot that an instruction may go to, nil for
// none, and whether it never falls through.
func target(in bpf.Insn) (rel *int, always bool) {
	if c := in.Class(); c != bpf.ClassJMP && c != bpf.ClassJMP32 {
		return nil, false
	}
	off, imm := int(in.Off), int(in.Imm)
	switch in.Op & 0xf0 {
	case bpf.EXIT:
		return nil, true
	case bpf.CALL:
		if in.Src == bpf.PseudoCall {
			return &imm, false
		}
		return nil, false
	case bpf.JA:
		if in.Class() == bpf.ClassJMP32 {
			return &imm, true
		}
		return &off, true
	}
	return &off, false
}

// rebuild removes the slots that are gone and mends the distances of jumps and
// calls.
func rebuild(p *object.Program, gone []bool) *object.Program {
	// to[i] is the new number of the first slot that stays from i on.
	to := make([]int, len(p.Insns)+1)
	n := 0
	for i := range p.Insns {
		to[i] = n
		if !gone[i] {
			n++
		}
	}
	to[len(p.Insns)] = n
	if n == 0 {
		return nil
	}
	q := clone(p)
	q.Insns = q.Insns[:0]
	for i := 0; i < len(p.Insns); i++ {
		if gone[i] {
			continue
		}
		in := p.Insns[i]
		if in.Wide() && i+1 < len(p.Insns) {
			if in.Src == bpf.PseudoFunc {
				in.Imm = int32(moved(to, i, int(in.Imm)))
			}
			q.Insns = append(q.Insns, in, p.Insns[i+1])
			i++
			continue
		}
		if rel, _ := target(in); rel != nil {
			d := moved(to, i, *rel)
			switch {
			case in.Op&0xf0 == bpf.CALL || in.Op == bpf.ClassJMP32|bpf.JA:
				in.Imm = int32(d)
			default:
				in.Off = int16(d)
			}
		}
		q.Insns = append(q.Insns, in)
	}
	q.Funcs = functions(p, q, to)
	return q
}

// moved returns the new distance of a jump at slot i over rel slots; one that
// leaves the program stays as it is.
func moved(to []int, i, rel int) int {
	t := i + 1 + rel
	if t < 0 || t >= len(to) {
		return rel
	}
	return to[t] - to[i] - 1
}

// functions returns the functions of q, which was made from p: what its calls
// go to, with p's names where they are still there.
func functions(p, q *object.Program, to []int) []object.Func {
	starts := map[int]bool{}
	for i, in := range q.Insns {
		if in.Op == bpf.ClassJMP|bpf.CALL && in.Src == bpf.PseudoCall || in.Wide() && in.Src == bpf.PseudoFunc {
			starts[i+1+int(in.Imm)] = true
		}
	}
	out := []object.Func{{Name: q.Name}}
	for i := range q.Insns {
		if i == 0 || !starts[i] {
			continue
		}
		f := object.Func{Name: fmt.Sprintf("sub_%d", len(out)), Start: i}
		for _, old := range p.Funcs {
			if old.Start > 0 && old.Start < len(p.Insns) && to[old.Start] == i {
				f.Name, f.Global, f.Args = old.Name, old.Global, old.Args
			}
		}
		out = append(out, f)
	}
	return out
}
