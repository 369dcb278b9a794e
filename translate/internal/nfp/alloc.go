package nfp

import (
	"errors"
	"fmt"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/regalloc"
)

// Crowded reports an error of Generate because there are more values at a time
// than registers and words of local memory, or too few registers in a row.
func Crowded(err error) bool {
	return errors.Is(err, regalloc.ErrSlots) || errors.Is(err, regalloc.ErrBlock)
}

// Code implements regalloc.Function.
var _ regalloc.Function = (*Code)(nil)

// NumVRegs implements regalloc.Function.
func (c *Code) NumVRegs() int { return len(c.vregs) }

// VReg implements regalloc.Function.
func (c *Code) VReg(v regalloc.VReg) regalloc.VRegInfo {
	// Two instructions cannot make a constant in a transfer register, of which
	// the second would have to read the first one's half.
	if r := &c.vregs[v]; r.isConst && nfpisa.CanImmed(r.val) {
		return regalloc.VRegInfo{Remat: 1, Key: uint64(r.val) + 1}
	}
	return regalloc.VRegInfo{}
}

// NumBlocks implements regalloc.Function.
func (c *Code) NumBlocks() int { return len(c.blocks) }

// Succs implements regalloc.Function.
func (c *Code) Succs(b int) []int { return c.blocks[b].succs }

// Params implements regalloc.Function.
func (c *Code) Params(b int) []regalloc.VReg { return c.blocks[b].params }

// Args implements regalloc.Function.
func (c *Code) Args(b, s int) []regalloc.VReg { return c.blocks[b].args[s] }

// Weight implements regalloc.Function.
func (c *Code) Weight(b int) int { return c.blocks[b].weight }

// Instrs implements regalloc.Function.
func (c *Code) Instrs(b int) (lo, hi int) { return c.blocks[b].lo, c.blocks[b].hi }

// Operands implements regalloc.Function.
func (c *Code) Operands(i int) []regalloc.Operand { return c.nodes[i].ops }

// Instr implements regalloc.Function.
func (c *Code) Instr(i int) regalloc.InstrInfo {
	return regalloc.InstrInfo{Flags: c.nodes[i].flags, Clobbers: c.nodes[i].clob}
}

// machine describes the target's registers to the allocator.
func (c *Code) machine(t *target.Target) *regalloc.Machine {
	m := &regalloc.Machine{Slots: max(0, min(c.slotEnd, t.LocalMemory.Stack/4)-c.argWords)}
	m.Usable[regalloc.A], m.Usable[regalloc.B] = usable(t, nfpisa.BankA), usable(t, nfpisa.BankB)
	m.Usable[regalloc.In] = low(t.Registers.XferIn)
	m.Usable[regalloc.Out] = low(t.Registers.XferOut)
	if c.far != nil {
		c.far.limit(m, t)
	}
	return m
}

// low returns a set of the registers 0..n-1.
func low(n int) uint64 {
	if n >= 64 {
		return ^uint64(0)
	}
	return 1<<n - 1
}

// allocate finds registers.
func (c *Code) allocate(t *target.Target, a *regalloc.Allocator, check bool) (*regalloc.Result, error) {
	m := c.machine(t)
	r, err := a.Allocate(c, m)
	if err != nil {
		return nil, fmt.Errorf("register allocation: %w", err)
	}
	if check {
		if err := regalloc.Check(c, m, r); err != nil {
			panic(fmt.Sprintf("BUG: register allocation: %v", err))
		}
	}
	return r, nil
}
