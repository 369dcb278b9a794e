package lower

import (
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/object"
)

// LowerExits turns verdicts into what the target wants in its exit register.
func LowerExits(f *ssa.Func, t *target.Target, typ object.Type) {
	if t.Exit.Kind != target.ExitCode {
		return
	}
	codes, other := t.Exit.Codes(typ == object.TC)
	n := len(f.Blocks)
	for b := range n {
		blk := f.B(ssa.BlockID(b))
		if blk.Dead || blk.Term.Kind != ssa.Exit {
			continue
		}
		lowerExit(f, ssa.BlockID(b), codes, other, uint32(t.Exit.Shift))
	}
}

func lowerExit(f *ssa.Func, b ssa.BlockID, codes []uint8, other uint8, shift uint32) {
	verdict, slot := f.B(b).Term.X, f.B(b).Term.Slot
	code := func(c uint8) ssa.ID { return f.Const(uint32(c) << shift) }
	if v, ok := f.IsConst(verdict); ok {
		c := other
		if uint64(v) < uint64(len(codes)) {
			c = codes[v]
		}
		f.B(b).Term.X = code(c)
		return
	}
	inside := b
	if f.UMax(verdict) >= uint32(len(codes)) {
		// Verdicts beyond the table share one code.
		beyond := f.NewBlock()
		inside = f.NewBlock()
		f.B(beyond).Term = ssa.Term{Kind: ssa.Exit, Slot: slot, X: code(other)}
		f.B(b).Term = ssa.Term{
			Kind: ssa.Branch, Cond: ssa.UGE, Slot: slot, X: verdict, Y: f.Const(uint32(len(codes))),
			Succs: []ssa.Edge{{To: inside}, {To: beyond}},
		}
	}
	m := ssa.Maker{F: f, Block: inside, Slot: slot}
	// A table of up to four codes fits a word; eight codes take one word for
	// the action and one for the counter nibbles.
	var r ssa.ID
	if len(codes) <= 4 {
		var table uint32
		for k, c := range codes {
			table |= uint32(c) << (8 * k)
		}
		r = m.And(m.Op(ssa.ShrV, 0, f.Const(table), m.Shift(ssa.Shl, verdict, 3)), 0xff)
	} else {
		var action, counter uint32
		for k, c := range codes {
			action |= uint32(c&15) << (4 * k)
			counter |= uint32(c>>4) << (4 * k)
		}
		at := m.Shift(ssa.Shl, verdict, 2)
		lo := m.And(m.Op(ssa.ShrV, 0, f.Const(action), at), 15)
		hi := m.And(m.Op(ssa.ShrV, 0, f.Const(counter), at), 15)
		r = m.Op(ssa.Or, 0, lo, m.Shift(ssa.Shl, hi, 4))
	}
	f.B(inside).Term = ssa.Term{Kind: ssa.Exit, Slot: slot, X: m.Shift(ssa.Shl, r, shift)}
}
