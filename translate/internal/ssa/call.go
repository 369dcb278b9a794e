package ssa

import (
	"fmt"

	"github.com/skipsw/skipsw/translate/bpf"
)

// maxFrames is the depth of calls that eBPF allows.
const maxFrames = 8

// call builds a call of a helper or of a function of the program.
func (b *Builder) call(in bpf.Insn, pc int) error {
	switch in.Callee() {
	case bpf.CallsHelper:
		if err := b.Env.Helpers.Call(b, in.Helper()); err != nil {
			return err
		}
		lo, hi := b.read(regVar(b.frame, 0, 0)), b.read(regVar(b.frame, 0, 1))
		b.narrow(pc, 0, lo, hi)
		return nil
	case bpf.CallsFunc:
		return b.expand(pc, in.FuncTarget(pc))
	case bpf.CallsKfunc:
		if in.Kfunc().Iterates() {
			return b.iterate(pc, in.Kfunc())
		}
		if err := b.Env.Helpers.Kfunc(b, in.Kfunc()); err != nil {
			return err
		}
		lo, hi := b.read(regVar(b.frame, 0, 0)), b.read(regVar(b.frame, 0, 1))
		b.narrow(pc, 0, lo, hi)
		return nil
	}
	return b.Unsupported("a call of a kernel function", "the NIC has no kernel")
}

// expand builds the called function in place of the call.
func (b *Builder) expand(pc, target int) error {
	p := b.Prog.Source()
	fn := -1
	for k := range p.Funcs {
		if p.Funcs[k].Start == target {
			fn = k
		}
	}
	if fn < 0 {
		return b.Unsupported(fmt.Sprintf("a call of instruction %d", target), "no function begins there")
	}
	for r := 1; r <= 5; r++ {
		for half := range 2 {
			b.write(regVar(b.frame+1, r, half), b.read(regVar(b.frame, r, half)))
		}
	}
	return b.inline(pc, fn)
}

// inline builds function fn here, whose arguments are in the registers of the
// next frame. Its result is in R0 behind it.
func (b *Builder) inline(pc, fn int) error {
	if b.frame+1 >= maxFrames {
		return b.Unsupported(fmt.Sprintf("calls more than %d deep", maxFrames), "eBPF has that many frames")
	}
	b.write(roundsVar(b.frame+1), b.Const(mayGotoRounds))
	p := b.Prog.Source()
	c := b.scan(p.Funcs[fn].Start, funcEnd(p, fn))
	exits := c.exits() + b.legacyLoads(c)
	if exits == 0 {
		return b.Unsupported("a function that never returns", "nothing can follow its call")
	}
	inside := b.tailCalls(c)
	if inside {
		exits++ // joinInside's
	}
	after := b.newBlock(exits)
	if len(b.returns) == 0 {
		b.returns = make([]BlockID, maxFrames)
	}
	b.returns[b.frame+1] = after
	chain := -1
	if from := b.chains[b.frame]; from >= 0 {
		if n, ok := b.Prog.Called(from, pc); ok {
			chain = n
		}
	}
	b.frame++
	b.enterFrame(chain, fn)
	err := b.function(fn)
	b.frame--
	if inside && err == nil {
		b.joinInside(after)
	}
	b.pc, b.Slot, b.Block = pc, int32(pc), after
	return err
}

// legacyLoads counts the LD_ABS and LD_IND of a function, each of which may leave it.
func (b *Builder) legacyLoads(c cfg) (n int) {
	for _, k := range c.order {
		for pc := c.Blocks[k].Start; pc < c.Blocks[k].End; pc++ {
			if b.Prog.Reached(pc) && b.Prog.Source().Insns[pc].IsLegacyLoad() {
				n++
			}
		}
	}
	return n
}

// exits counts the exit instructions of a function that the proof reached.
func (c cfg) exits() (n int) {
	for _, k := range c.order {
		if len(c.Blocks[k].Succs) == 0 {
			n++
		}
	}
	return n
}
