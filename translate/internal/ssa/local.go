package ssa

import (
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/verify"
)

// Stack bytes are values where each access knows its place, or one of a few. The
// others lie in local memory: areas, one a frame, that follow each other as the
// calls do. An area has all words of its frame from the first to the last that an
// instruction reaches at an address that only a run knows.

// maxChoice bounds the places among which one access to bytes that are values
// chooses.
const maxChoice = 8

// area is the words of a frame that are in local memory.
type area struct{ lo, hi int32 }

func (a *area) words() int {
	if a == nil {
		return 0
	}
	return int(a.hi - a.lo)
}

func (a *area) has(w int32) bool { return a != nil && a.lo <= w && w < a.hi }

// overlaps reports whether the bytes lo..hi-1 below the frame pointer meet it.
func (a *area) overlaps(lo, hi int) bool {
	return a != nil && int32(512+lo) < 4*a.hi && 4*a.lo < int32(512+hi)
}

// findAreas decides which bytes of which frame lie in local memory, by the number
// of the frame's chain of calls.
func (b *Builder) findAreas() {
	type access struct {
		use   verify.StackUse
		chain int
	}
	// Accesses through a register at an instruction that choose, or of a helper: one
	// that meets an area lies in it as a whole, where its bytes are counted at run
	// time.
	var open [][]access
	take := func(a access) {
		x := b.areas[a.chain]
		if x == nil {
			x = &area{lo: 128}
			b.areas[a.chain] = x
		}
		// Whole double words, so that both words of one are reached by one address.
		x.lo, x.hi = min(x.lo, int32(512+a.use.Lo)/8*2), max(x.hi, int32(512+a.use.Hi+7)/8*2)
	}
	b.Prog.EachStackUse(func(slot, reg int, chains []int, uses []verify.StackUse) {
		var list []access
		far := len(uses) > 1
		for k, u := range uses {
			list = append(list, access{u, chains[k]})
			far = far || u.Sized || b.copiesFrame(slot) || !b.chooses(slot, &u)
		}
		switch {
		case far:
			for _, a := range list {
				take(a)
			}
		case len(uses[0].Places) != 1 || b.Prog.Source().Insns[slot].IsCall():
			open = append(open, list)
		}
	})
	for again := true; again; {
		again = false
		rest := open[:0]
		for _, list := range open {
			if a := list[0]; b.areas[a.chain].overlaps(a.use.Lo, a.use.Hi) {
				take(a)
				again = true
			} else {
				rest = append(rest, list)
			}
		}
		open = rest
	}
}

// copiesFrame reports whether an instruction calls a helper that copies bytes of a
// frame which may have two parts: they are copied one piece after the other.
func (b *Builder) copiesFrame(slot int) bool {
	in := b.Prog.Source().Insns[slot]
	return b.Fragments() && slices.ContainsFunc(frameCopiers, in.IsCallOf)
}

var frameCopiers = []bpf.HelperID{
	bpf.HelperXDPLoadBytes, bpf.HelperXDPStoreBytes, bpf.HelperSkbLoadBytes, bpf.HelperSkbLoadBytesRelative, bpf.HelperSkbStoreBytes,
}

// chooses reports whether an access means one of so few places that it can
// choose among them.
func (b *Builder) chooses(slot int, u *verify.StackUse) bool {
	if u.Places != nil {
		return len(u.Places) <= maxChoice
	}
	n := 1
	if in := b.Prog.Source().Insns[slot]; !in.IsCall() {
		n = in.Bytes() // direct accesses are aligned
	}
	return (u.Hi-u.Lo)/n <= maxChoice
}

// stackUses returns what this instruction accesses in the stack through register
// r, with the calls that are being built.
func (b *Builder) stackUses(r int) []verify.StackUse {
	if b.chains[b.frame] < 0 {
		return nil
	}
	return b.Prog.StackUses(b.chains[b.frame], b.pc, r)
}

// inAreas reports whether accesses go to areas of their frames.
func (b *Builder) inAreas(uses []verify.StackUse) bool {
	for k := range uses {
		if !b.area(uses[k].Frame).overlaps(uses[k].Lo, uses[k].Hi) {
			return false
		}
	}
	return true
}

// InLocal reports whether the bytes behind the stack pointer in register r are in
// local memory at an address that a run knows, for LoadLocal and StoreLocal.
func (b *Builder) InLocal(r int) bool {
	uses := b.stackUses(r)
	return b.Fact(r).Kind == verify.PtrStack && len(uses) > 0 && b.inAreas(uses)
}

// LoadLocal reads n bytes, 1, 2 or 4, at a place in the stack that the pointer in
// register r points to, in local memory; the place is the low word of a pointer.
func (b *Builder) LoadLocal(r int, place ID, n int) ID {
	return b.localBytes(b.local(place, b.stackUses(r), 0), n, 1)[0]
}

// StoreLocal writes n bytes, 1 or 4, to such a place.
func (b *Builder) StoreLocal(r int, place ID, n int, v ID) {
	b.setLocalBytes(b.local(place, b.stackUses(r), 0), n, 1, []ID{v})
}

// area returns the area of an active frame, nil if it has none.
func (b *Builder) area(frame int) *area { return b.areas[b.chains[frame]] }

// enterFrame places the area of a function that is called, behind those of its
// callers, and clears what may be read before it is written.
func (b *Builder) enterFrame(chain, fn int) {
	b.chains = append(b.chains[:b.frame], chain)
	base := 0
	if b.frame > 0 {
		base = b.bases[b.frame-1] + b.area(b.frame-1).words()
	}
	b.bases = append(b.bases[:b.frame], base)
	a := b.area(b.frame)
	if a == nil {
		return
	}
	b.F.LocalWords = max(b.F.LocalWords, base+a.words())
	start := b.Prog.Source().Funcs[fn].Start
	for w := a.lo; w < a.hi; w++ {
		for at := 4 * w; at < 4*w+4; at++ {
			if b.Prog.StackLive(start, int(at)-512) {
				b.setStackWord(b.frame, w, b.Const(0))
				break
			}
		}
	}
}

// stackWord returns a word of a frame's stack.
func (b *Builder) stackWord(frame int, w int32) ID {
	if a := b.area(frame); a.has(w) {
		return b.Add(Value{Op: LMLoad, Args: []ID{b.localWord(frame, w), b.stackBase}})
	}
	return b.read(stackVar(frame, w))
}

// setStackWord writes a word of a frame's stack.
func (b *Builder) setStackWord(frame int, w int32, v ID) {
	if a := b.area(frame); a.has(w) {
		b.Add(Value{Op: LMStore, Args: []ID{b.localWord(frame, w), b.stackBase, v}})
		return
	}
	b.write(stackVar(frame, w), v)
}

// localWord returns the address of a word in local memory.
func (b *Builder) localWord(frame int, w int32) ID {
	return b.Const(4 * uint32(int32(b.bases[frame])+w-b.area(frame).lo))
}

// local returns the address in local memory of what a stack pointer plus off
// points to.
func (b *Builder) local(lo ID, uses []verify.StackUse, off int32) ID {
	in := func(frame int) ID {
		k := int32(b.bases[frame]) - b.area(frame).lo
		return b.AddConst(lo, uint32(4*k-int32(frame<<16)-stackNumber+off))
	}
	if len(uses) == 1 {
		return in(uses[0].Frame)
	}
	// The numbers of frames lie far apart.
	is := Compare{Cond: EQ, XL: b.Shift(Shr, lo, 16), YL: b.Const(uint32(uses[0].Frame))}
	return b.Choose(is, func() []ID { return []ID{in(uses[0].Frame)} }, func() []ID { return []ID{b.local(lo, uses[1:], off)} })[0]
}

// localBytes reads n bytes at an address in local memory as words; bytes beyond n
// are zero. align is what the address is a multiple of.
func (b *Builder) localBytes(at ID, n, align int) []ID {
	load := func(k int) ID {
		if align >= 8 && k%8 == 4 {
			return b.Add(Value{Op: LMLoad, Imm: 4, Args: []ID{b.AddConst(at, uint32(k-4)), b.stackBase}})
		}
		return b.Add(Value{Op: LMLoad, Args: []ID{b.AddConst(at, uint32(k)), b.stackBase}})
	}
	var out []ID
	if align >= 4 {
		for k := 0; k < n; k += 4 {
			w := load(k)
			if n-k < 4 {
				w = b.And(w, 1<<(8*(n-k))-1)
			}
			out = append(out, w)
		}
		return out
	}
	shift := b.Shift(Shl, b.And(at, 3), 3)
	word := load(0)
	for k := 0; k < n; k += 4 {
		need := min(n-k, 4)
		x := b.Op(ShrV, 0, word, shift)
		if k+4 < n || need > align {
			// The bytes that come from the next word, of which there are none where
			// the shift is 0.
			word = load(k + 4)
			up := b.Op(Sub, 0, b.Const(31), shift)
			x = b.Op(Or, 0, x, b.Op(ShlV, 0, b.Shift(Shl, word, 1), up))
		}
		if need < 4 {
			x = b.And(x, 1<<(8*need)-1)
		}
		out = append(out, x)
	}
	return out
}

// setLocal writes n bytes, 1, 2, 4 or 8, at an address in local memory that is a
// multiple of n.
func (b *Builder) setLocal(at ID, n int, v pair) {
	store := func(imm uint32, w ID) {
		b.Add(Value{Op: LMStore, Imm: imm, Args: []ID{at, b.stackBase, w}})
	}
	if n >= 4 {
		store(0, v.lo)
		if n == 8 {
			store(4, v.hi)
		}
		return
	}
	shift := b.Shift(Shl, b.And(at, 3), 3)
	mask := uint32(1)<<(8*n) - 1
	old := b.Add(Value{Op: LMLoad, Args: []ID{at, b.stackBase}})
	bits := b.Op(ShlV, 0, b.Const(mask), shift)
	keep := b.Op(And, 0, old, b.Op(Xor, 0, bits, b.Const(^uint32(0))))
	store(0, b.Op(Or, 0, keep, b.Op(ShlV, 0, b.And(v.lo, mask), shift)))
}

// setLocalBytes writes the first n bytes of words at an address in local memory.
func (b *Builder) setLocalBytes(at ID, n, align int, words []ID) {
	if align >= 4 {
		for k, w := range words {
			if left := n - 4*k; left < 4 {
				old := b.Add(Value{Op: LMLoad, Args: []ID{b.AddConst(at, uint32(4*k)), b.stackBase}})
				w = b.Op(Insert, InsertImm(1<<left-1, 0), old, w)
			}
			b.Add(Value{Op: LMStore, Args: []ID{b.AddConst(at, uint32(4*k)), b.stackBase, w}})
		}
		return
	}
	for k := range n {
		b.setLocal(b.AddConst(at, uint32(k)), 1, pair{lo: b.Shift(Shr, words[k/4], uint32(k%4*8))})
	}
}

// alignment returns what a stack pointer plus off is a multiple of, as far as the
// proof knows: at most 8.
func alignment(fact *verify.Reg, off int32) int {
	if fact.Kind != verify.PtrStack {
		return 1
	}
	t := uint64(int64(fact.Off)+int64(off)) + fact.Bits.Value
	n := 1
	for n < 8 && (t|fact.Bits.Mask)&uint64(n) == 0 {
		n <<= 1
	}
	return n
}
