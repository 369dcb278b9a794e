package regalloc

import (
	"fmt"
	"math/bits"
)

// bundle is one instruction with those glued to it, while it is allocated.
// All moves it needs go before its first instruction.
type bundle struct {
	lo, hi  int32
	lock    RegSet  // registers that the bundle reads
	lockS   slotSet // slots that it reads
	kill    RegSet  // registers that it loses or writes at fixed places
	fixed   RegSet  // registers that fixed operands are read from
	passing []Loc   // registers busy for the bundle only
	inner   []inner // reads of values that the bundle itself defines
}

// inner is an operand whose place follows from a definition in the bundle.
type inner struct {
	op  int32 // the operand that reads
	def int32 // the operand that defines
	f   File  // the file it is read from
}

// fail makes the error for an instruction of the bundle.
func (a *Allocator) fail(i int32, format string, args ...any) error {
	return fmt.Errorf("regalloc: instruction %d: %s", i, fmt.Sprintf(format, args...))
}

// bundle allocates instructions lo..hi-1.
func (a *Allocator) bundle(lo, hi int32) error {
	c, u := &a.code, &a.bun
	u.lo, u.hi = lo, hi
	u.lock, u.kill, u.fixed, u.lockS = RegSet{}, RegSet{}, RegSet{}, slotSet{}
	u.passing, u.inner = u.passing[:0], u.inner[:0]
	a.st.lo, a.st.hi = lo, hi
	first := int32(len(a.res.moves))
	plain := true
	for i := lo; i < hi; i++ {
		if s := c.clobber[i]; s != nil {
			if i+1 < hi {
				return a.fail(i, "not supported: it loses registers, but the next is glued to it")
			}
			for f := range s {
				u.kill[f] |= s[f]
			}
			plain = false
		}
		ops := c.instOps(i)
		for k := range ops {
			if o := &ops[k]; o.Flags&Fixed != 0 {
				plain = false
				if o.Flags&Def != 0 {
					u.kill.add(o.Loc)
				} else {
					u.fixed.add(o.Loc)
				}
			}
		}
	}
	a.st.strict = u.kill
	if !plain {
		if err := a.useFixed(); err != nil {
			return err
		}
		if err := a.saveLost(); err != nil {
			return err
		}
	}
	for i := lo; i < hi; i++ {
		if err := a.useFree(i); err != nil {
			return err
		}
	}
	if len(a.out.group) > 0 {
		if err := a.useOut(plain); err != nil {
			return err
		}
	}
	if err := a.define(); err != nil {
		return err
	}
	for _, l := range u.passing {
		a.st.freed(l.File, int(l.Num))
	}
	for k := c.opStart[lo]; k < c.opStart[hi]; k++ {
		if v := c.ops[k].V; v != NoVReg {
			a.next[v] = a.live.after[k]
		}
	}
	for k := c.opStart[lo]; k < c.opStart[hi]; k++ {
		if v := c.ops[k].V; v != NoVReg && a.next[v] == never {
			a.st.release(v)
		}
	}
	if !plain {
		for f := A; f <= B; f++ {
			for m := u.kill[f]; m != 0; m &= m - 1 {
				a.st.clean[f][bits.TrailingZeros64(m)] = hi
			}
		}
	}
	a.res.before[lo] = span{first, int32(len(a.res.moves))}
	return nil
}

// survives tells that v is used after the bundle.
func (a *Allocator) survives(v VReg) bool {
	if a.next[v] != a.bun.lo {
		return a.next[v] != never
	}
	c := &a.code
	for k := c.opStart[a.bun.hi] - 1; k >= c.opStart[a.bun.lo]; k-- {
		if c.ops[k].V == v {
			return a.live.after[k] != never
		}
	}
	return true
}

// spare tells that v is safe without its place in f.
func (a *Allocator) spare(v VReg, f File) bool {
	if a.code.info[v].Remat != 0 {
		return true
	}
	p := &a.st.places[v]
	if f != Slot && p.slot != 0 {
		return true
	}
	for g := A; g <= In; g++ {
		if n, ok := p.in(g); ok && g != f && a.bun.kill[g]>>n&1 == 0 {
			return true
		}
	}
	return false
}

// move emits the move of v to l from the best place it has, without noting
// that v is there.
func (a *Allocator) move(v VReg, l Loc) {
	a.res.moves = append(a.res.moves, Move{V: v, Dst: l, Src: a.source(v)})
}

// source returns the place to copy v from.
func (a *Allocator) source(v VReg) Loc {
	p := &a.st.places[v]
	for f := A; f <= In; f++ {
		if n, ok := p.in(f); ok {
			return Loc{f, uint8(n)}
		}
	}
	r := a.code.info[v].Remat
	if n, ok := p.in(Slot); ok && (r == 0 || a.slotCost(n) < int(r)) {
		return Loc{Slot, uint8(n)}
	}
	if r == 0 {
		panic(fmt.Sprintf("BUG: v%d is nowhere", v))
	}
	return Loc{File: Remat}
}

func (a *Allocator) slotCost(n int) int {
	if a.m.SlotCost == nil {
		return 1
	}
	return a.m.SlotCost(n)
}

// useFixed brings values to the fixed registers that they are read from.
func (a *Allocator) useFixed() error {
	c, u := &a.code, &a.bun
	for i := u.lo; i < u.hi; i++ {
		for k := c.opStart[i]; k < c.opStart[i+1]; k++ {
			o := &c.ops[k]
			if o.Flags&(Def|Fixed) != Fixed || o.Loc.File == Out {
				continue
			}
			if c.inBundle(o.V, u.lo) {
				return a.fail(i, "not supported: a fixed operand that reads v%d, which is defined in the same glued group", o.V)
			}
			a.res.locs[k] = o.Loc
			miss := None
			for f := A; f <= B; f++ {
				l := Loc{f, o.Loc.Num}
				if o.Loc.File != f && o.Loc.File != Both || a.st.places[o.V].has(l) {
					continue
				}
				if err := a.vacate(i, l); err != nil {
					return err
				}
				u.passing = append(u.passing, l)
				a.st.busy[f] |= 1 << l.Num
				a.st.occ[f][l.Num] = NoVReg
				if miss != None {
					f = Both
				}
				miss = f
			}
			if miss != None {
				a.move(o.V, Loc{miss, o.Loc.Num})
			}
			u.lock.add(o.Loc)
		}
	}
	return nil
}

// vacate empties register l, which a fixed operand is to be read from.
func (a *Allocator) vacate(i int32, l Loc) error {
	if a.st.busy[l.File]>>l.Num&1 == 0 {
		return nil
	}
	v := a.st.occ[l.File][l.Num]
	if v == NoVReg || a.bun.lock[l.File]>>l.Num&1 != 0 {
		return a.fail(i, "two operands are to be read from register %d of file %d", l.Num, l.File)
	}
	return a.evict(i, v, l.File)
}

// inBundle tells that v is defined by an instruction from lo on in its block.
func (c *code) inBundle(v VReg, lo int32) bool {
	return c.defOp[v] >= 0 && c.defInst[v] >= lo && c.blockOf[c.defInst[v]] == c.blockOf[lo]
}

// saveLost gives values that the bundle would destroy another place.
func (a *Allocator) saveLost() error {
	u := &a.bun
	for f := A; f <= In; f++ {
		for m := u.kill[f] & a.st.busy[f]; m != 0; m &= m - 1 {
			n := bits.TrailingZeros64(m)
			v := a.st.occ[f][n]
			if v == NoVReg || !a.survives(v) || a.spare(v, f) {
				continue
			}
			to, err := a.refuge(u.lo, v, f, true)
			if err != nil {
				return err
			}
			a.shift(v, f, to, true)
		}
	}
	return nil
}
