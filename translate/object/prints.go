package object

import "github.com/skipsw/skipsw/translate/bpf"

// leaveOutPrints replaces the calls of the helpers that print by their result where
// there was nothing to print, 0.
func (p *Program) leaveOutPrints() {
	for k, in := range p.Insns {
		if in.IsCallOf(bpf.HelperTracePrintk) || in.IsCallOf(bpf.HelperTraceVprintk) {
			p.Insns[k] = bpf.Mov.Imm(0, 0)
			p.Unprinted++
		}
	}
}
