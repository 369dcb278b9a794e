package regalloc

import (
	"fmt"
	"strings"
)

// dump lists a function with its allocation.
func dump(f Function, r *Result) string {
	var w strings.Builder
	moves := func(what string, ms []Move) {
		for _, m := range ms {
			fmt.Fprintf(&w, "\t\t%s%v\n", what, m)
		}
	}
	for b := range f.NumBlocks() {
		fmt.Fprintf(&w, "b%d%v:\n", b, f.Params(b))
		moves("start ", r.AtStart(b))
		lo, hi := f.Instrs(b)
		for i := lo; i < hi; i++ {
			moves("", r.Before(i))
			fmt.Fprintf(&w, "\t%d:", i)
			if r.Removed(i) {
				fmt.Fprintf(&w, " removed %v\n", f.Operands(i))
				continue
			}
			for k, o := range f.Operands(i) {
				kind := "use"
				if o.Flags&Def != 0 {
					kind = "def"
				}
				fmt.Fprintf(&w, " %s v%d@%v", kind, o.V, r.Locs(i)[k])
			}
			fmt.Fprintln(&w, " flags", f.Instr(i).Flags, f.Instr(i).Clobbers != nil)
		}
		moves("end ", r.AtEnd(b))
		for s, t := range f.Succs(b) {
			fmt.Fprintf(&w, "\t-> b%d%v\n", t, f.Args(b, s))
			moves("edge ", r.OnEdge(b, s))
		}
	}
	return w.String()
}
