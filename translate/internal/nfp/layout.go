package nfp

import (
	"slices"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/regalloc"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// layout places blocks one after the other and ends them with branches.
type layout struct {
	*emitter
	starts []int // first word by block; blocks that hold edge moves follow
	// stubs are the edges with moves of their own: the moves, then a branch. With
	// share, edges that do the same have one.
	stubs []stub
	share bool
}

type stub struct {
	from, succ int
	to         int32
	slot       int32
}

func (l *layout) run() {
	for b := range l.c.blocks {
		l.starts[b] = len(l.out)
		if b == 0 {
			l.keepBase(l.slotAt(b, l.c.blocks[b].lo))
		}
		l.block(b)
	}
	for k := 0; k < len(l.stubs); k++ {
		s := l.stubs[k]
		l.starts = append(l.starts, len(l.out))
		l.moves(s.slot, l.res.OnEdge(s.from, s.succ))
		l.jump(s.slot, s.to)
	}
}

// block appends the instructions of a block, its moves and its end.
func (l *layout) block(b int) {
	blk := &l.c.blocks[b]
	l.moves(l.slotAt(b, blk.lo), l.res.AtStart(b))
	end := blk.lo
	for end < blk.hi && l.c.nodes[end].flags&regalloc.Branch == 0 {
		end++
	}
	for k := blk.lo; k < end; k++ {
		l.moves(l.c.nodes[k].slot, l.res.Before(k))
		if !l.res.Removed(k) {
			l.node(k, blk.succs)
		}
	}
	final := blk.final
	next := b + 1
	// The last branch is turned round if its successor comes next.
	if n := blk.hi - 1; n >= end && final >= 0 && blk.succs[final] != next && blk.succs[l.c.nodes[n].to] == next {
		final = l.invert(&l.c.nodes[n], final)
	}
	if end < blk.hi {
		l.moves(l.c.nodes[end].slot, l.res.Before(end))
	}
	l.moves(blk.slot, l.res.AtEnd(b))
	for k := end; k < blk.hi; k++ {
		if k > end {
			l.moves(l.c.nodes[k].slot, l.res.Before(k))
		}
		at := len(l.out)
		l.node(k, blk.succs)
		to := int(l.c.nodes[k].to)
		if len(l.res.OnEdge(b, to)) > 0 {
			l.out[at].Block = l.stub(b, to, l.c.nodes[k].slot)
		}
	}
	if final < 0 {
		return
	}
	l.moves(blk.slot, l.res.OnEdge(b, final))
	if blk.succs[final] != next {
		l.jump(blk.slot, int32(blk.succs[final]))
	}
}

// slotAt returns the eBPF slot of node k of block b, or of the block's end.
func (l *layout) slotAt(b, k int) int32 {
	if k < l.c.blocks[b].hi {
		return l.c.nodes[k].slot
	}
	return l.c.blocks[b].slot
}

// jump appends a branch to a block.
func (l *layout) jump(slot, to int32) {
	l.emit(slot, nfpisa.Br(0))
	l.out[len(l.out)-1].Block = to
}

// stub returns the block number of the moves on an edge.
func (l *layout) stub(b, succ int, slot int32) int32 {
	for k, s := range l.stubs {
		if s.from == b && s.succ == succ || l.share && l.alike(s, b, succ) {
			return int32(len(l.c.blocks) + k)
		}
	}
	l.stubs = append(l.stubs, stub{b, succ, int32(l.c.blocks[b].succs[succ]), slot})
	return int32(len(l.c.blocks) + len(l.stubs) - 1)
}

// alike reports whether an edge does what a stub does.
func (l *layout) alike(s stub, b, succ int) bool {
	if int(s.to) != l.c.blocks[b].succs[succ] {
		return false
	}
	return slices.EqualFunc(l.res.OnEdge(s.from, s.succ), l.res.OnEdge(b, succ), func(x, y regalloc.Move) bool {
		if x.Src != y.Src || x.Dst != y.Dst {
			return false
		}
		return x.Src.File != regalloc.Remat || l.c.vregs[x.V].val == l.c.vregs[y.V].val
	})
}

// opposite gives the branch that is taken when the other is not.
var opposite = map[nfpisa.Cond]nfpisa.Cond{
	nfpisa.CondEQ: nfpisa.CondNE, nfpisa.CondNE: nfpisa.CondEQ, nfpisa.CondCS: nfpisa.CondCC, nfpisa.CondCC: nfpisa.CondCS,
	nfpisa.CondGE: nfpisa.CondLT, nfpisa.CondLT: nfpisa.CondGE,
}

// invert makes a branch lead to the successor that would be reached without
// it, and returns the one that is reached without it now.
func (l *layout) invert(n *node, final int) int {
	if n.form == formBcc {
		n.cond = opposite[n.cond]
	} else {
		n.taken = !n.taken
	}
	was := int(n.to)
	n.to = int8(final)
	return was
}

// Links are the control-store addresses of what code branches to.
type Links struct {
	Start target.CodeAddr // of the code's first word
	Done  target.CodeAddr // where a packet ends
	Begin target.CodeAddr // of the program behind code that ends in ssa.Begin
	Table target.CodeAddr // of the table of programs
	// Routine gives the addresses of routines.
	Routine func(*ssa.CallSite) target.CodeAddr
}

// Link gives branches their targets.
func (o *Output) Link(l Links) {
	for k := range o.Words {
		w := &o.Words[k]
		switch {
		case w.Done:
			w.I.Target = uint16(l.Done)
		case w.Begin:
			w.I.Target = uint16(l.Begin)
		case w.Site != nil:
			w.I.Target = uint16(l.Routine(w.Site))
		case w.Back > 0:
			w.I.Imm = uint32(l.Start) + uint32(k) + uint32(w.Back)
		case w.Table:
			w.I.Imm = uint32(l.Table) - 1
		case w.Block >= 0:
			w.I.Target = uint16(l.Start) + uint16(o.Starts[w.Block])
		}
	}
}

// FallThrough takes a branch to what follows from the end of the code.
func (o *Output) FallThrough() {
	if n := len(o.Words) - 1; n >= 0 && o.Words[n].Begin {
		o.Words = o.Words[:n]
	}
}
