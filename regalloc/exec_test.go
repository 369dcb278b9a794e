package regalloc

import "fmt"

// execute runs f along one path with the places of r and tells the first read
// of a wrong value. It is a second opinion on Check: it knows values by the
// numbers they got when they were made, one path at a time.
func execute(f Function, r *Result, c *chooser, steps int) error {
	env := map[VReg]int{}
	regs := map[Loc]int{}
	count := 0
	// A value that is made anew has the number of its key.
	fresh := func(v VReg) int {
		if v != NoVReg && f.VReg(v).Key != 0 {
			return -int(f.VReg(v).Key)
		}
		count++
		return count
	}
	get := func(l Loc, v VReg) error {
		locs := []Loc{l}
		if l.File == Both {
			locs = []Loc{{A, l.Num}, {B, l.Num}}
		}
		for _, l := range locs {
			if regs[l] == 0 || regs[l] != env[v] {
				return fmt.Errorf("v%d is not in %v", v, l)
			}
		}
		return nil
	}
	put := func(l Loc, x int) {
		if l.File == Both {
			regs[Loc{A, l.Num}], regs[Loc{B, l.Num}] = x, x
			return
		}
		regs[l] = x
	}
	moves := func(ms []Move) {
		for _, m := range ms {
			x := regs[m.Src]
			if m.Src.File == Remat {
				if x = env[m.V]; f.VReg(m.V).Key != 0 {
					x = fresh(m.V)
				}
			}
			put(m.Dst, x)
		}
	}
	for b := 0; ; {
		moves(r.AtStart(b))
		lo, hi := f.Instrs(b)
		ended := false
		for i := lo; i < hi; i++ {
			moves(r.Before(i))
			if f.Instr(i).Flags&Branch != 0 && !ended {
				moves(r.AtEnd(b))
				ended = true
			}
			if steps--; steps < 0 {
				return nil
			}
			ops := f.Operands(i)
			if r.Removed(i) && len(ops) == 1 {
				env[ops[0].V] = fresh(ops[0].V)
				continue
			}
			if r.Removed(i) {
				env[ops[0].V] = env[ops[1].V]
				continue
			}
			for k, o := range ops {
				if o.Flags&Def == 0 {
					if err := get(r.Locs(i)[k], o.V); err != nil {
						return fmt.Errorf("instruction %d: %w", i, err)
					}
				}
			}
			if s := f.Instr(i).Clobbers; s != nil {
				for l := range regs {
					if l.File <= Out && s[l.File]>>l.Num&1 != 0 {
						regs[l] = 0
					}
				}
			}
			for k, o := range ops {
				if o.Flags&Def != 0 {
					x := fresh(o.V)
					if o.V != NoVReg {
						env[o.V] = x
					}
					put(r.Locs(i)[k], x)
				}
			}
		}
		if !ended {
			moves(r.AtEnd(b))
		}
		succs := f.Succs(b)
		if len(succs) == 0 {
			return nil
		}
		s := c.n(len(succs))
		moves(r.OnEdge(b, s))
		var xs []int
		for _, v := range f.Args(b, s) {
			xs = append(xs, env[v])
		}
		b, succs = succs[s], nil
		for j, p := range f.Params(b) {
			env[p] = xs[j]
		}
	}
}
