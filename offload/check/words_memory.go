package check

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/verify"
)

// memory counts loads and stores.
func (c *counter) memory(slot int, in bpf.Insn) {
	n := &c.insns[slot]
	size := in.Bytes()
	load := in.Class() == bpf.ClassLDX
	switch {
	case in.IsAtomic():
		c.counterWords(n, in, size)
	case load && c.gathers[slot].bytes != 0:
		c.words(copyWords(in, n, c.gathers[slot]))
	case n.ptr.Kind == verify.PtrCtx && load:
		c.words(2)
	case n.ptr.Kind == verify.PtrCtx: // queue selection
		c.words(5)
	case n.ptr.Kind == verify.PtrStack:
		c.stackWords(slot, in, load)
	case load:
		if n.ptr.Kind == verify.PtrMapValue {
			c.words(offset(int(in.Off)))
			if in.Off != 0 {
				c.words(2)
			}
			c.words(1 + wordsOfBytes(size))
		} else {
			c.packetLoad(slot, in, size)
		}
		if size < 8 {
			c.upper(slot)
		}
	default:
		c.words(wordsOfBytes(size) + offset(int(in.Off)) + 1)
	}
}

// wordsOfBytes returns the registers that hold some bytes.
func wordsOfBytes(n int) int { return (n + wordBytes - 1) / wordBytes }

// packetLoad counts a load from the packet, by itself or out of the bytes that
// were read for several loads.
func (c *counter) packetLoad(slot int, in bpf.Insn, size int) {
	r := c.caches[slot]
	if r.end == 0 {
		c.words(offset(int(in.Off)) + 1 + wordsOfBytes(size))
		return
	}
	if r.first {
		c.words(offset(r.start) + 1)
		if r.end-r.start > 32 {
			c.words(1)
		}
	}
	off := (int(in.Off) - r.start) % wordBytes
	switch {
	case off == 0:
		c.words(wordsOfBytes(size))
	case size <= wordBytes-off:
		c.words(1)
	case size <= wordBytes:
		c.words(2)
	default:
		c.words(4)
	}
}

// counterWords counts an atomic addition: the command takes numbers of 16 bits,
// larger ones go through a register.
func (c *counter) counterWords(n *insnNote, in bpf.Insn, size int) {
	c.words(operand(uint32(in.Off)))
	if in.Off != 0 {
		c.words(2)
	}
	if n.addSmall {
		c.words(3)
	}
	if n.addLarge {
		c.words(1 + size/wordBytes)
	}
	if n.addSmall && n.addLarge {
		c.words(5)
	}
}

// The stack's words that instructions reach: lowBytes from the frame's start, and
// windowBytes from a pointer of their own; byteFields of them in parts.
const (
	lowBytes    = 64
	windowBytes = 32
	byteFields  = 8
)

// stackWords counts an access to the stack, which is a few words at a time.
func (c *counter) stackWords(slot int, in bpf.Insn, isLoad bool) {
	n := &c.insns[slot]
	size := in.Bytes()
	off := c.frame4(funcAt(c.funcs, slot)) + int(in.Off) + place(n.ptr)
	pointer, step := true, false
	switch {
	case n.notConst || n.callers:
		c.words(operand(uint32(int32(in.Off))) + 1)
		step = true
	case off+size <= lowBytes:
		pointer = false
	case off/windowBytes == (off+size-1)/windowBytes:
		c.words(operand(uint32(off/windowBytes*windowBytes)) + 1)
		off %= windowBytes
	default:
		c.words(operand(uint32(off/wordBytes*wordBytes)) + 1)
		step = true
	}
	narrow := isLoad && size < 8
	if pointer {
		c.words(1 + 3) // what clears the upper half takes the place of a wait
	} else if narrow {
		c.upper(slot)
	}
	reg, done, first, was := 0, 0, true, -1
	for left := size; left > 0; {
		part := min(left, wordBytes-done)
		if step {
			off %= wordBytes
		}
		part = min(part, wordBytes-(off%wordBytes+wordBytes)%wordBytes)
		last := part == left
		c.words(stackPart(isLoad, off, part, first, reg != was, last, step))
		was, first = reg, false
		if done += part; done >= wordBytes {
			done -= wordBytes
			reg++
		}
		left -= part
		off += part
	}
}

// stackPart counts a part of an access within a word of the stack.
func stackPart(isLoad bool, off, size int, first, newReg, last, step bool) int {
	if size == wordBytes {
		return 1
	}
	far := off/wordBytes >= byteFields
	advance := step && newReg && !last
	n := 1
	if isLoad {
		if far && (first || !newReg) {
			n++
		}
		if advance {
			n++
		}
		return n
	}
	if far && (first || last) {
		n++
	}
	if newReg || last {
		if far {
			n++
		}
		if advance {
			n++
		}
	}
	return n
}

// gather is a run of loads and stores that became one copy.
type gather struct {
	bytes      int // negative where it runs downwards
	load, sto  int // offsets of the run's first byte
	descending bool
}

// longestGather is the most that one copy moves.
const longestGather = 128

// pair returns the load at a slot and the store behind it, if they copy.
func (c *counter) pair(slot int) (ld, st bpf.Insn, ok bool) {
	if slot+1 >= len(c.p.Insns) {
		return ld, st, false
	}
	ld, st = c.p.Insns[slot], c.p.Insns[slot+1]
	from, to := c.insns[slot].ptr.Kind, c.insns[slot+1].ptr.Kind
	ok = ld.Class() == bpf.ClassLDX && ld.Mode() == bpf.ModeMEM && st.Class() == bpf.ClassSTX && st.Mode() == bpf.ModeMEM &&
		(from == verify.PtrPacket || from == verify.PtrMapValue) && to == verify.PtrPacket &&
		ld.Size() == st.Size() && ld.Dst == st.Src && !c.target[slot+1]
	return ld, st, ok
}

// gather finds the runs.
func (c *counter) gather() {
	c.gathers = make([]gather, len(c.p.Insns))
	head, last, count := -1, -1, 0
	end := func() {
		if count > 1 {
			g := &c.gathers[head]
			g.load, g.sto = int(c.p.Insns[head].Off), int(c.p.Insns[head+1].Off)
			if off := int(c.p.Insns[last].Off); off < g.load {
				g.load, g.sto, g.descending = off, int(c.p.Insns[last+1].Off), true
			}
			c.skipped[head+1] = true
		} else if head >= 0 {
			c.gathers[head] = gather{}
		}
	}
	for slot := 0; slot+1 < len(c.p.Insns); slot++ {
		ld, _, ok := c.pair(slot)
		if !ok || !c.chains(last, slot) || head >= 0 && (c.crosses(ld, head) || c.gathers[head].bytes >= longestGather) {
			if count == 0 {
				continue
			}
			end()
			head, last, count = -1, -1, 0
			if ok {
				head, last, count = slot, slot, 1
				c.gathers[head].bytes = ld.Bytes()
				slot++
			}
			continue
		}
		if head < 0 {
			head = slot
		} else {
			c.skipped[slot], c.skipped[slot+1] = true, true
		}
		c.gathers[head].bytes += ld.Bytes()
		last = slot
		count++
		slot++
	}
	// A run that the program ends with is left as it is by the compiler, too.
}

// chains reports whether the pair at a slot goes on with the one before.
func (c *counter) chains(last, slot int) bool {
	if last < 0 {
		return true
	}
	ld, st, pld, pst := c.p.Insns[slot], c.p.Insns[slot+1], c.p.Insns[last], c.p.Insns[last+1]
	if ld.Dst != pld.Dst || ld.Src != pld.Src || st.Dst != pst.Dst || ld.Size() != pld.Size() || c.target[slot] {
		return false
	}
	n := int16(ld.Bytes())
	return pld.Off+n == ld.Off && pst.Off+n == st.Off || ld.Off+n == pld.Off && st.Off+n == pst.Off
}

// crosses reports whether a load may read what the run has stored.
func (c *counter) crosses(ld bpf.Insn, head int) bool {
	from, to := &c.insns[head], &c.insns[head+1]
	if from.ptr.Kind != to.ptr.Kind {
		return false
	}
	if from.ptrID != to.ptrID {
		return true
	}
	headLoad := int(c.p.Insns[head].Off) + int(from.ptr.Off)
	headStore := int(c.p.Insns[head+1].Off) + int(to.ptr.Off)
	off := int(ld.Off) + int(from.ptr.Off)
	return off > headLoad && headLoad < headStore && off >= headStore || off < headLoad && headLoad > headStore && off <= headStore
}

// copyWords counts a copy.
func copyWords(in bpf.Insn, n *insnNote, g gather) int {
	size, regs := g.bytes, wordsOfBytes(g.bytes)
	words := offset(g.load) + 1 + regs + offset(g.sto)
	if n.ptr.Kind == verify.PtrMapValue && g.load != 0 {
		words += 2
	}
	if size > 32 {
		words++
	}
	aligned := size%wordBytes == 0
	switch {
	case size <= 8, size <= 32 && aligned:
		words++
	case size <= 32, aligned:
		words += 2
	case size <= 40:
		words += 1 + offset(g.sto+32) + 1
	default:
		words += 2 + offset(int(uint8(g.sto+(regs-1)*wordBytes))) + 1
	}
	return words + 2 // the last value, which may be read again
}

// cache is the packet bytes that are read at once for several loads.
type cache struct {
	start, end int
	first      bool
}

// longestCache is the most that is read at once.
const longestCache = 64

// cache finds the ranges.
func (c *counter) cache() {
	c.caches = make([]cache, len(c.p.Insns))
	node, avail := -1, false
	var now cache
	var id uint32
	var ptrOff int32
	end := func() {
		if node >= 0 {
			c.caches[node].start, c.caches[node].end = now.start, now.end
		}
	}
	for slot := 0; slot < len(c.p.Insns); slot++ {
		in := c.p.Insns[slot]
		n := &c.insns[slot]
		if c.target[slot] {
			avail = false
		}
		switch store := in.Class() == bpf.ClassSTX || in.Class() == bpf.ClassST; {
		case !n.visited || c.skipped[slot]:
			continue
		case store && !in.IsAtomic() && n.ptr.Kind == verify.PtrPacket, in.IsCall(), in.Class() == bpf.ClassLD && !in.Wide():
			avail = false
			continue
		case in.Class() != bpf.ClassLDX:
			continue
		case n.ptr.Kind != verify.PtrPacket || c.gathers[slot].bytes != 0:
			avail = false
			continue
		}
		off, to := int(in.Off), int(in.Off)+in.Bytes()
		if avail && n.ptrID == id && n.ptr.Off == ptrOff {
			if lo, hi := min(now.start, off), max(now.end, to); hi-lo <= longestCache {
				now.start, now.end = lo, hi
				continue
			}
		}
		avail = true
		end()
		node, id, ptrOff = slot, n.ptrID, n.ptr.Off
		c.caches[slot].first = true
		now = cache{start: off, end: to}
	}
	end()
	for slot, in := range c.p.Insns {
		n := &c.insns[slot]
		if n.visited && !c.skipped[slot] && in.Class() == bpf.ClassLDX && n.ptr.Kind == verify.PtrPacket && c.gathers[slot].bytes == 0 {
			if c.caches[slot].first {
				now = c.caches[slot]
			}
			c.caches[slot].start, c.caches[slot].end = now.start, now.end
		}
	}
}
