package explain

import "github.com/skipsw/skipsw/nfpisa"

// Cycles that an instruction takes beside its own if no defer slot is filled; the
// simulator's, see docs/timing.md.
const (
	bubbleAlways = 2 // of an unconditional branch
	bubbleTaken  = 3 // of another that is taken
	bubbleSwap   = 2 // of giving up the core
)

// cost returns the cycles that the core is busy with an instruction, and what is
// added if it is a conditional branch that is taken.
func cost(in *nfpisa.Instr) (busy, taken int) {
	switch in.Class {
	case nfpisa.ClassBranch:
		if in.Cond == nfpisa.CondAlways {
			return 1 + max(0, bubbleAlways-int(in.Defer)), 0
		}
		return 1, max(0, bubbleTaken-int(in.Defer))
	case nfpisa.ClassBrBit, nfpisa.ClassBrByte:
		return 1, max(0, bubbleTaken-int(in.Defer))
	case nfpisa.ClassJump:
		return 1 + max(0, bubbleTaken-int(in.Defer)), 0
	case nfpisa.ClassCmd:
		if in.Cmd.Ctx != nfpisa.CmdNoSwap {
			return 1 + bubbleSwap - int(in.Cmd.Ctx), 0
		}
	case nfpisa.ClassCtxArb:
		return 1 + max(0, bubbleSwap-int(in.Defer)), 0
	}
	return 1, 0
}

// Cost returns the cycles that the core is busy with a word, and what is added if
// it is a conditional branch that is taken.
func (w *Word) Cost() (busy, taken int) {
	if !w.ok {
		return 1, 0
	}
	return cost(&w.in)
}
