package regalloc

import (
	"errors"
	"fmt"
)

// Allocator allocates registers. The zero value is ready; one that is used
// again does not allocate memory for functions no larger than before. It is not
// safe for concurrent use.
type Allocator struct {
	m    *Machine
	code code
	live liveness
	bank banks
	hint hints
	out  outGroups
	st   state
	bun  bundle
	flow flow
	next []int32 // by value: position of the next use
	wide widening
	sink sinking

	noIn   []int32 // by value: since this pass not in In at a loop's head; 0 allowed
	pass   int32   // passes over the function, one unless noIn had to be extended
	failed bool    // there must be another pass
	moved  bool    // all words for Out are moved there, none defined there
	res    Result
}

// Allocate finds places for all values of f on machine m. The error names the
// instruction or block whose constraints cannot be met, or the rule of Function
// that f breaks. The result is valid until the next call.
func (a *Allocator) Allocate(f Function, m *Machine) (*Result, error) {
	if m.Slots < 0 || m.Slots > MaxSlots {
		return nil, fmt.Errorf("regalloc: the machine has %d spill slots, want 0..%d", m.Slots, MaxSlots)
	}
	a.m = m
	c := &a.code
	if err := c.load(f); err != nil {
		return nil, err
	}
	if err := a.live.find(c); err != nil {
		return nil, err
	}
	a.live.measure(c)
	a.noIn = grow(a.noIn, c.nv)
	a.moved = false
	for a.pass = 1; ; a.pass++ {
		a.bank.advise(c)
		a.hint.collect(c, &a.live)
		a.out.plan(c, a.moved)
		a.sink.collect(c)
		a.res.begin(c)
		a.failed = false
		err := a.scan()
		if err == nil {
			err = a.joinEdges()
		}
		if (errors.Is(err, errOutFull) || errors.Is(err, errOutTaken)) && !a.moved {
			a.moved, a.failed = true, true
		} else if err != nil {
			return nil, err
		}
		if !a.failed {
			break
		}
	}
	a.sink.remove(c)
	a.res.finish(a)
	return &a.res, nil
}

// What can be wrong with the Out registers when values are defined there, and
// may be right when they are moved there: they are too fragmented for a block, or
// a fixed one waits for a later instruction.
var (
	errOutFull  = error(noBlock{errors.New("not enough consecutive Out registers are free")})
	errOutTaken = errors.New("it is kept for a value that is defined there")
)

// ErrBlock is what errors.Is finds in the error of a function in which an
// instruction needs more consecutive registers at a time than can be had.
var ErrBlock = errors.New("regalloc: not enough consecutive registers")

// noBlock is an error that is an ErrBlock.
type noBlock struct{ error }

// Is implements errors.Is.
func (noBlock) Is(target error) bool { return target == ErrBlock }

// ErrSlots is what errors.Is finds in the error of a function that would have an
// allocation on a machine with more spill slots, as far as is known.
var ErrSlots = errors.New("regalloc: not enough spill slots")

// noSlot is an error that is an ErrSlots.
type noSlot struct{ error }

// Is reports whether the error is meant.
func (noSlot) Is(target error) bool { return target == ErrSlots }

// scan walks the blocks and their instructions in order.
func (a *Allocator) scan() error {
	c := &a.code
	a.st.reset(c.nv)
	a.flow.reset(c, &a.live)
	a.next = grow(a.next, c.nv)
	a.wide.reset(c.nv)
	for b := int32(0); b < int32(c.nb); b++ {
		a.st.enter(c.lo[b])
		if err := a.enter(b); err != nil {
			return err
		}
		for i := c.lo[b]; i < c.hi[b]; {
			if c.removed[i] {
				i++
				continue
			}
			end := i + 1
			for end < c.hi[b] && c.flags[end]&Glued != 0 {
				end++
			}
			if err := a.bundle(i, end); err != nil {
				return err
			}
			i = end
		}
		a.leave(b)
	}
	return nil
}
