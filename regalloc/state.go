package regalloc

import "math/bits"

// place says where one value is at one point: at most one register a file and
// one slot, each as number + 1, 0 for none.
type place struct {
	reg  [Slot]uint8
	slot uint16
}

func (p place) in(f File) (int, bool) {
	if f == Slot {
		return int(p.slot) - 1, p.slot != 0
	}
	return int(p.reg[f]) - 1, p.reg[f] != 0
}

func (p place) has(l Loc) bool {
	if l.File == Both {
		return p.has(Loc{A, l.Num}) && p.has(Loc{B, l.Num})
	}
	n, ok := p.in(l.File)
	return ok && n == int(l.Num)
}

func (p *place) set(l Loc) {
	if l.File == Slot {
		p.slot = uint16(l.Num) + 1
	} else {
		p.reg[l.File] = l.Num + 1
	}
}

func (p *place) unset(f File) {
	if f == Slot {
		p.slot = 0
	} else {
		p.reg[f] = 0
	}
}

// count returns the number of places.
func (p place) count() int {
	n := 0
	for f := A; f <= Slot; f++ {
		if _, ok := p.in(f); ok {
			n++
		}
	}
	return n
}

// slotSet is a set of slots.
type slotSet [4]uint64

func (s *slotSet) add(n int)      { s[n>>6] |= 1 << (n & 63) }
func (s *slotSet) remove(n int)   { s[n>>6] &^= 1 << (n & 63) }
func (s *slotSet) has(n int) bool { return s[n>>6]>>(n&63)&1 != 0 }

// lowestFree returns the lowest number below limit that is in neither set.
func (s *slotSet) lowestFree(t *slotSet, limit int) (int, bool) {
	for w := range s {
		if m := ^(s[w] | t[w]); m != 0 {
			n := w<<6 + bits.TrailingZeros64(m)
			return n, n < limit
		}
	}
	return 0, false
}

// state is what the registers hold at the current point of the scan.
type state struct {
	places []place // by value
	occ    [Slot][64]VReg
	busy   RegSet // registers that hold something, or pass something on
	slots  slotSet
	// spareOut are Out registers with copies that may be given up.
	spareOut uint64

	held    []VReg  // values that have a place
	heldPos []int32 // by value: 1 + index in held

	// clean is, for each register of the banks, the first instruction in whose
	// writes, and after which, it could have been written and would still hold
	// that now.
	clean  [B + 1][64]int32
	lo, hi int32  // the bundle being allocated
	strict RegSet // registers that it writes or loses
}

// freed notes that register n of f holds nothing any more.
func (s *state) freed(f File, n int) {
	s.busy[f] &^= 1 << n
	if f == Out {
		s.spareOut &^= 1 << n
	}
	if f <= B {
		s.clean[f][n] = s.lo
		if s.hi > s.lo+1 || s.strict[f]>>n&1 != 0 {
			s.clean[f][n] = s.hi
		}
	}
}

func (s *state) reset(nv int) {
	s.places, s.heldPos = grow(s.places, nv), grow(s.heldPos, nv)
	s.held = s.held[:0]
	s.busy, s.slots, s.spareOut = RegSet{}, slotSet{}, 0
}

// clear forgets all places.
func (s *state) clear() {
	for _, v := range s.held {
		s.places[v], s.heldPos[v] = place{}, 0
	}
	s.held = s.held[:0]
	s.busy, s.slots, s.spareOut = RegSet{}, slotSet{}, 0
}

// enter starts a block whose first instruction is lo.
func (s *state) enter(lo int32) {
	for f := A; f <= B; f++ {
		for n := range s.clean[f] {
			s.clean[f][n] = lo
		}
	}
}

// put notes that v is in l too; l is free, and v has no place in the file yet.
func (s *state) put(v VReg, l Loc) {
	if l.File == Both {
		s.put(v, Loc{A, l.Num})
		s.put(v, Loc{B, l.Num})
		return
	}
	if _, ok := s.places[v].in(l.File); ok {
		panic("BUG: value put twice in a file")
	}
	if s.heldPos[v] == 0 {
		s.held = append(s.held, v)
		s.heldPos[v] = int32(len(s.held))
	}
	s.places[v].set(l)
	if l.File == Slot {
		s.slots.add(int(l.Num))
		return
	}
	s.busy[l.File] |= 1 << l.Num
	s.occ[l.File][l.Num] = v
}

// drop forgets v's place in f, if it has one.
func (s *state) drop(v VReg, f File) {
	n, ok := s.places[v].in(f)
	if !ok {
		return
	}
	s.places[v].unset(f)
	if f == Slot {
		s.slots.remove(n)
	} else {
		s.freed(f, n)
	}
	if s.places[v] == (place{}) {
		p := s.heldPos[v]
		last := s.held[len(s.held)-1]
		s.held[p-1], s.heldPos[last] = last, p
		s.held = s.held[:len(s.held)-1]
		s.heldPos[v] = 0
	}
}

// release forgets all places of v.
func (s *state) release(v VReg) {
	for f := A; f <= Slot; f++ {
		s.drop(v, f)
	}
}

// detach leaves v's register in f busy, but belonging to nobody.
func (s *state) detach(v VReg, f File) {
	n, _ := s.places[v].in(f)
	s.drop(v, f)
	s.busy[f] |= 1 << n
	s.occ[f][n] = NoVReg
}
