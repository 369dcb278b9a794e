package verify

import "slices"

// maxPlaces bounds the places that a StackUse lists.
const maxPlaces = 16

// StackUse is what an instruction accesses in the stack of a frame through a
// register, over all walked paths with the same chain of calls. A pruned path
// accesses nothing else: the offsets of pointers, and the numbers that they are
// made of, are always compared.
type StackUse struct {
	Frame int // 0 for the main program
	// Lo..Hi-1 are the bytes, counted from the frame pointer.
	Lo, Hi int
	// Places are the offsets at which accesses begin, in ascending order, if each
	// path knows its own and they are few; else nil.
	Places []int
	// Sized says that a helper accesses only some of the bytes, the first ones, as
	// an argument tells.
	Sized bool
}

// chain is a function call with those around it.
type chain struct {
	parent int32 // chain of the caller, -1 for the main program's
	call   int32 // slot of the call
	frame  int
}

// useKey names the accesses through a register at an instruction.
type useKey struct {
	slot  int32
	chain int32
	reg   uint8
}

// stackUses gathers what is accessed through registers other than R10, of which
// every offset is known.
type stackUses struct {
	chains  []chain
	numbers map[chain]int32
	used    map[useKey][]StackUse
}

func (u *stackUses) begin() {
	u.chains = append(u.chains[:0], chain{parent: -1})
	u.numbers, u.used = map[chain]int32{}, map[useKey][]StackUse{}
}

// called returns the chain of a function that is called at a slot from another.
func (u *stackUses) called(from int32, call int) int32 {
	c := chain{from, int32(call), u.chains[from].frame + 1}
	n, ok := u.numbers[c]
	if !ok {
		n = int32(len(u.chains))
		u.chains = append(u.chains, c)
		u.numbers[c] = n
	}
	return n
}

// useStack notes an access to bytes lo..hi-1 of p's frame; certain says that
// these are the bytes, not bounds of them.
func (v *verifier) useStack(p *reg, base uint8, lo, hi int, certain bool) {
	if base == 10 {
		return
	}
	k := useKey{int32(v.slot), v.cur.top().chain, base}
	list := v.used[k]
	n := slices.IndexFunc(list, func(u StackUse) bool { return u.Frame == int(p.frame) })
	if n < 0 {
		u := StackUse{Frame: int(p.frame), Lo: lo, Hi: hi}
		if certain {
			u.Places = []int{lo}
		}
		v.used[k] = append(list, u)
		return
	}
	u := &list[n]
	u.Lo, u.Hi = min(u.Lo, lo), max(u.Hi, hi)
	if u.Places == nil {
		return
	}
	at, known := slices.BinarySearch(u.Places, lo)
	switch {
	case !certain || !known && len(u.Places) == maxPlaces:
		u.Places = nil
	case !known:
		u.Places = slices.Insert(u.Places, at, lo)
	}
}

// useSized notes that the helper that is called accesses only the first of the
// bytes behind the pointer in register n.
func (v *verifier) useSized(n uint8) {
	list := v.used[useKey{int32(v.slot), v.cur.top().chain, n}]
	for k := range list {
		list[k].Sized = true
	}
}

// Called returns the number of the chain of calls that the call at a slot makes
// in a function of another chain; that of the main program is 0. ok is false if
// no path makes that call.
func (p *Program) Called(from, slot int) (number int, ok bool) {
	n, ok := p.uses.numbers[chain{int32(from), int32(slot), p.uses.chains[from].frame + 1}]
	return int(n), ok
}

// StackUses returns what the instruction at slot accesses in the stack through
// register reg, not R10, in a function of a chain of calls.
func (p *Program) StackUses(chain, slot, reg int) []StackUse {
	return p.uses.used[useKey{int32(slot), int32(chain), uint8(reg)}]
}

// EachStackUse calls f for what each instruction accesses in the stack through a
// register, in no particular order; chains are those of the frames.
func (p *Program) EachStackUse(f func(slot, reg int, chains []int, uses []StackUse)) {
	for k, list := range p.uses.used {
		chains := make([]int, len(list))
		for n, u := range list {
			c := k.chain
			for p.uses.chains[c].frame > u.Frame {
				c = p.uses.chains[c].parent
			}
			chains[n] = int(c)
		}
		f(int(k.slot), int(k.reg), chains, list)
	}
}
