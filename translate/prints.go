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
		if out[k] = p; reaches(p, t, bpf.HelperTracePrintk, bpf.HelperTraceVprintk) {
			out[k] = p.WithMap(m)
		}
	}
	return out
}
