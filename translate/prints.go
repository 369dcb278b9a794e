package translate

import (
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// withPrints gives programs that print, on a target that can, the map that their
// prints go to.
func withPrints(list []*verify.Program, t *target.Target) []*verify.Program {
	m := &object.Map{Name: maplayout.PrintsMap, Type: bpf.MapTypeRingbuf, MaxEntries: maplayout.PrintsRoom}
	out := make([]*verify.Program, len(list))
	for k, p := range list {
		if out[k] = p; prints(p, t) {
			out[k] = p.WithMap(m)
		}
	}
	return out
}

// prints reports whether a program reaches a print that the target has.
func prints(p *verify.Program, t *target.Target) bool {
	for slot, in := range p.Source().Insns {
		if (in.IsCallOf(bpf.HelperTracePrintk) || in.IsCallOf(bpf.HelperTraceVprintk)) && p.Reached(slot) && t.HasHelper(in.Helper().String()) {
			return true
		}
	}
	return false
}
