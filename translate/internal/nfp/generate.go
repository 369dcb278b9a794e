package nfp

import (
	"errors"
	"fmt"
	"strings"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/regalloc"
	"github.com/skipsw/skipsw/translate/internal/pass"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// The stages of Generate.
var (
	selecting  = pass.Info{Name: "select", Doc: "select instructions on virtual registers", Required: true}
	allocating = pass.Info{Name: "allocate", Doc: "find registers, banks and spill slots", Required: true}
	placing    = pass.Info{Name: "layout", Doc: "place blocks one after the other", Required: true}
	stubs      = pass.Info{Name: "share-stubs", Doc: "let ways between blocks that move the same be one", Inside: "layout"}
	spreading  = pass.Info{Name: "spread-writes", Doc: "give writes that follow each other transfer registers of their own"}
	posting    = pass.Info{Name: "post-writes", Doc: "do not wait for a write that a later command of its memory answers for"}
	filling    = pass.Info{Name: "fill-commands", Doc: "move instructions into defer slots of memory commands"}
	branching  = pass.Info{Name: "fill-branches", Doc: "move instructions and commands from further away into defer slots of branches"}
	joining    = pass.Info{Name: "fill-from-join", Doc: "move instructions from where two ways meet into defer slots of the branch before"}
	waiting    = pass.Info{Name: "wait-and-branch", Doc: "let a wait for a command and the branch behind it be one"}
	leaving    = pass.Info{Name: "leave-at-once", Doc: "let branches to an end of the program with a verdict of its own be that end"}
	deferring  = pass.Info{Name: "fill-slots", Doc: "move instructions into defer slots of branches", EveryLevel: true}
)

// Stages returns the passes of Generate in order.
func Stages() []pass.Info {
	return []pass.Info{selecting, allocating, placing, stubs, spreading, posting, filling, deferring, branching, joining, waiting, leaving}
}

// Wants is what Generate has to know beside a function.
type Wants struct {
	// Check has the allocation proven right; a wrong one panics.
	Check bool
	// Nested says that another program may go on where this one ends.
	Nested bool
	// Regions are the numbers of the regions that the program's maps are in; none says
	// that all are in the first.
	Regions []uint8
}

// Generate makes the code of a function.
func Generate(f *ssa.Func, t *target.Target, run *pass.Run, wants Wants) (*Output, error) {
	code, err := &Code{}, error(nil)
	do := func(p *pass.Info, show fmt.Stringer, stage func()) {
		if err == nil {
			run.Do(p, show, func() bool { stage(); return err == nil })
		}
	}
	out := &Output{}
	change := func(p *pass.Info, stage func() bool) {
		if err == nil {
			run.Do(p, out, stage)
		}
	}
	var alloc regalloc.Allocator
	var res *regalloc.Result
	list := listing{&code, &res}
	do(&selecting, list, func() { code, err = selectCode(f, t, wants, false) })
	do(&allocating, list, func() { res, err = code.allocate(t, &alloc, wants.Check) })
	if errors.Is(err, regalloc.ErrSlots) {
		err = nil
		do(&selecting, list, func() { code, err = selectCode(f, t, wants, true) })
		do(&allocating, list, func() { res, err = code.allocate(t, &alloc, wants.Check) })
	}
	do(&placing, out, func() { code.place(t, res, out, run.On(stubs.Name)); out.Returns = f.Returns })
	change(&spreading, func() bool { return out.spread(t.Registers.XferOut) })
	change(&posting, func() bool { return out.post(t, t.Exit.Writes == target.WritesWorker && !wants.Nested, run) })
	change(&filling, func() bool { return out.fillCommands(t) })
	do(&deferring, out, func() { out.fillDefer() })
	change(&branching, func() bool { return out.fillBranches(t) })
	change(&joining, func() bool { return out.fillFromJoin(t) })
	change(&waiting, out.waitAndBranch)
	change(&leaving, func() bool { return out.leaveAtOnce(t) })
	if err == nil && run.Remarking() {
		out.remark(run)
	}
	return out, err
}

// place lays the code out; share says whether stubs that do the same are one.
func (c *Code) place(t *target.Target, res *regalloc.Result, out *Output, share bool) {
	l := &layout{emitter: &emitter{c: c, t: t, res: res}, starts: make([]int, len(c.blocks)), share: share}
	l.run()
	words := c.argWords + res.Slots()
	if n := res.Slots(); n > 0 {
		words = max(words, 1+c.far.word(regalloc.Loc{File: regalloc.Slot, Num: uint8(n - 1)}))
	}
	*out = Output{Words: l.out, Starts: l.starts, Stats: res.Stats(), StackBytes: 4 * max(words, c.farWords)}
	for _, k := range l.frames {
		out.Keeps = up(out.StackBytes, stackAlign)
		l.out[k].I.Imm = uint32(out.Keeps)
	}
}

// String lists the instructions, blocks by number.
func (o *Output) String() string {
	var sb strings.Builder
	blocks := map[int][]int{}
	for b, at := range o.Starts {
		blocks[at] = append(blocks[at], b)
	}
	for k := range o.Words {
		for _, b := range blocks[k] {
			fmt.Fprintf(&sb, "b%d:\n", b)
		}
		w := &o.Words[k]
		fmt.Fprintf(&sb, "  %s", w.I)
		if w.Block >= 0 {
			fmt.Fprintf(&sb, " ; to b%d", w.Block)
		}
		sb.WriteByte('\n')
	}
	return sb.String()
}
