package verify

import (
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/platform"
	"github.com/skipsw/skipsw/translate/object"
)

// code is a program whose shape was checked: every opcode is known, every
// jump lands on an instruction of its own function, everything is reachable.
type code struct {
	p     *object.Program
	typ   *platform.Program
	insns []bpf.Insn
	fn    []int32 // function of each slot
	flags []insnFlags
	funcs []object.Func
	// uses and defs are the registers that an instruction reads and writes,
	// live those that may be read at it or later before they are written.
	uses, defs, live []bpf.RegSet
	ways             ways
}

type insnFlags uint8

const (
	second     insnFlags = 1 << iota // second slot of a 64-bit immediate load
	prunePoint                       // paths meet or part here
	forced                           // a state is always kept here
	invalid                          // fields that the opcode does not have; refused when walked
)

func (c *code) end(f int) int {
	if f+1 < len(c.funcs) {
		return c.funcs[f+1].Start
	}
	return len(c.insns)
}

// inspect checks the shape of a program.
func inspect(p *object.Program) (*code, *Error) {
	n := len(p.Insns)
	if n == 0 {
		return nil, refuse(Malformed, "the program is empty")
	}
	if n > platform.MaxSlots {
		return nil, refuse(Malformed, "the program has %d instruction slots, the limit is %d", n, platform.MaxSlots)
	}
	c := &code{
		p: p, typ: programType(p.Type), insns: p.Insns, fn: make([]int32, n), flags: make([]insnFlags, n), funcs: functions(p),
		uses: make([]bpf.RegSet, n), defs: make([]bpf.RegSet, n), live: make([]bpf.RegSet, n),
	}
	for k, f := range c.funcs {
		if k == 0 && f.Start != 0 || k > 0 && f.Start <= c.funcs[k-1].Start || f.Start >= n {
			return nil, refuse(Malformed, "function %q starts at slot %d, which is out of order or beyond the end", f.Name, f.Start)
		}
		for i := f.Start; i < c.end(k); i++ {
			c.fn[i] = int32(k)
		}
	}
	for i := 0; i < n; i++ {
		in := p.Insns[i]
		if why := in.Invalid(); why != "" {
			if !in.Known() || in.Class() == bpf.ClassLDX && in.Imm != 0 {
				return nil, refuse(Malformed, "%s", why).at(i)
			}
			c.flags[i] |= invalid
		}
		if in.IsKfuncCall() && in.Off != 0 {
			return nil, refuse(Malformed, "call of a function of kernel module %d, which the program does not name", in.Off).at(i)
		}
		if in.IsKfuncCall() && !in.Kfunc().Known() {
			return nil, unsupportedf("call of kernel function %d, because a network card has no kernel to call", in.Imm).at(i)
		}
		if in.Wide() {
			if i+1 >= n || p.Insns[i+1].Op != 0 || p.Insns[i+1].Dst != 0 || p.Insns[i+1].Src != 0 || p.Insns[i+1].Off != 0 {
				return nil, refuse(Malformed, "a 64-bit immediate load lacks its second half").at(i)
			}
			if c.fn[i] != c.fn[i+1] {
				return nil, refuse(Malformed, "a function starts in the middle of a 64-bit immediate load").at(i)
			}
			if err := c.wide(i); err != nil {
				return nil, err.at(i)
			}
			i++
			c.flags[i] |= second
		}
	}
	if err := c.jumps(); err != nil {
		return nil, err
	}
	if err := c.reach(); err != nil {
		return nil, err
	}
	if err := c.depths(); err != nil {
		return nil, err
	}
	c.ways = newWays(c.insns)
	c.liveness()
	return c, nil
}

// functions returns the program's functions in order: those that it lists and
// those that it calls.
func functions(p *object.Program) []object.Func {
	fs := slices.Clone(p.Funcs)
	has := map[int]bool{}
	for _, f := range fs {
		has[f.Start] = true
	}
	if !has[0] {
		has[0] = true
		fs = append(fs, object.Func{Name: p.Name})
	}
	for _, t := range bpf.FuncStarts(p.Insns) {
		if !has[t] {
			fs = append(fs, object.Func{Name: fmt.Sprintf("func_%d", t), Start: t})
		}
	}
	slices.SortFunc(fs, func(a, b object.Func) int { return a.Start - b.Start })
	return fs
}

// wide checks the map that a 64-bit immediate load names.
func (c *code) wide(i int) *Error {
	in := c.insns[i]
	switch in.Src {
	case 0:
		return nil
	case bpf.PseudoMapFD, bpf.PseudoMapValue:
		if in.Imm < 0 || int(in.Imm) >= len(c.p.Maps) {
			return refuse(Malformed, "load of map %d, the object has %d", in.Imm, len(c.p.Maps))
		}
		m := c.p.Maps[in.Imm]
		if in.Src == bpf.PseudoMapFD {
			if c.insns[i+1].Imm != 0 {
				return refuse(Malformed, "load of map %q with an offset", m.Name)
			}
			return nil
		}
		if row := rules.Map(m.Type); row == nil || !row.Direct {
			return refuse(Malformed, "direct access to a value of map %q, which only arrays allow", m.Name)
		}
		if m.MaxEntries != 1 {
			return unsupportedf("direct access to a value of map %q, because only arrays with one entry have a fixed address", m.Name)
		}
		if off := uint32(c.insns[i+1].Imm); off >= m.ValueSize {
			return unsafef("direct access to byte %d of map %q, whose value has %d bytes", off, m.Name, m.ValueSize)
		}
		return nil
	case bpf.PseudoFunc:
		if t := in.FuncTarget(i); t < 0 || t >= len(c.insns) {
			return refuse(Malformed, "address of slot %d, which is no instruction", t)
		}
		return nil
	}
	return refuse(Malformed, "64-bit immediate load of unknown kind %d", in.Src)
}

// jumps checks the targets of jumps and calls and the ends of functions.
func (c *code) jumps() *Error {
	for i, in := range c.insns {
		if c.flags[i]&second != 0 {
			continue
		}
		f := int(c.fn[i])
		if in.IsHelperCall() {
			if h, _ := rules.Helper(in.Helper(), c.typ); h != nil && h.CallsBack {
				c.flags[i] |= prunePoint | forced
			}
		}
		if in.IsKfunc(bpf.KfuncIterNumNext) {
			c.flags[i] |= prunePoint | forced
		}
		if in.IsFuncCall() {
			t := in.FuncTarget(i)
			if t < 0 || t >= len(c.insns) || c.flags[t]&second != 0 {
				return refuse(Malformed, "call of slot %d, which is no instruction", t).at(i)
			}
			c.flags[i] |= prunePoint
			continue
		}
		jump, cond := in.IsJump(), in.IsConditional()
		if !jump {
			continue
		}
		t := in.JumpTarget(i)
		if t < c.funcs[f].Start || t >= c.end(f) {
			return refuse(Malformed, "jump out of function %q, to slot %d", c.funcs[f].Name, t).at(i)
		}
		if c.flags[t]&second != 0 {
			return refuse(Malformed, "jump into the middle of a 64-bit immediate load").at(i)
		}
		c.flags[t] |= prunePoint
		if cond {
			c.flags[i] |= prunePoint
			if in.JumpOp() == bpf.JCond {
				c.flags[i] |= forced
			}
		}
	}
	for f := range c.funcs {
		last := c.end(f) - 1
		in := c.insns[last]
		jump, cond := in.IsJump(), in.IsConditional()
		if c.flags[last]&second != 0 || !in.IsExit() && (!jump || cond) {
			return refuse(Malformed, "function %q does not end with exit or a jump", c.funcs[f].Name).at(last)
		}
	}
	return nil
}

// reach refuses code that no way leads to.
func (c *code) reach() *Error {
	reached, _ := bpf.Reach(c.insns)
	for i := range c.insns {
		if !reached[i] && c.flags[i]&second == 0 {
			return refuse(Malformed, "the instruction is unreachable").at(i).
				hint("remove the dead code, or build with optimisation")
		}
	}
	return nil
}

// depths refuses recursion and call chains that are too long.
func (c *code) depths() *Error {
	const unseen, active = 0, -1
	depth := make([]int, len(c.funcs)) // frames below and with the function
	var visit func(f int) *Error
	visit = func(f int) *Error {
		depth[f] = active
		deepest := 0
		for i := c.funcs[f].Start; i < c.end(f); i++ {
			in := c.insns[i]
			if c.flags[i]&second != 0 || !in.IsFuncCall() && !in.IsFuncLoad() {
				continue
			}
			g := int(c.fn[in.FuncTarget(i)])
			if depth[g] == active {
				return unsafef("function %q calls itself, directly or through others", c.funcs[g].Name).at(i)
			}
			if depth[g] == unseen {
				if err := visit(g); err != nil {
					return err
				}
			}
			deepest = max(deepest, depth[g])
		}
		depth[f] = deepest + 1
		return nil
	}
	if err := visit(0); err != nil {
		return err
	}
	if depth[0] > platform.MaxFrames {
		return unsafef("a chain of %d nested calls, the limit is %d", depth[0], platform.MaxFrames)
	}
	return nil
}
