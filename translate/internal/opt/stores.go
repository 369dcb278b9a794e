package opt

import (
	"slices"

	"github.com/skipsw/skipsw/translate/internal/pass"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// pending holds stores of one block back, byte by byte, so that neighbours can
// be written by one command.
type pending struct {
	max   int32 // bytes of a command; twice as many are held at most
	space ssa.Space
	aux   int32
	base  [2]ssa.ID
	bytes map[int32]heldByte
	slot  int32

	run    *pass.Run
	stores []int32 // slots of the stores, kept for remarks
}

// heldByte is a byte that is to be written: where it comes from, and which byte
// of which value was stored.
type heldByte struct{ from, stored byteSource }

// run is a stretch of bytes without a gap.
type run struct{ lo, n int32 }

// add takes a store in, and first writes what it may not be held back with.
func (p *pending) add(m *ssa.Maker, v *ssa.Value) {
	a := access(v)
	if len(p.bytes) > 0 && (p.base != a.base || p.space != v.Space || p.aux != v.Aux || len(p.bytes)+int(a.n) > 2*int(p.max)) {
		p.crowdedBy(v.Slot, a, v.Space)
		p.flush(m)
	}
	p.writeFull(m)
	if p.bytes == nil {
		p.bytes = map[int32]heldByte{}
	}
	p.space, p.aux, p.base, p.slot = v.Space, v.Aux, a.base, v.Slot
	if p.run.Remarking() {
		p.stores = append(p.stores, v.Slot)
	}
	val := v.Args[len(v.Args)-1]
	for k := range a.n {
		from := k
		if v.Order == ssa.Big {
			from = a.n - 1 - k
		}
		p.bytes[a.lo+k] = heldByte{byteOf(m.F, val, uint8(from)), byteSource{id: val, k: uint8(from)}}
	}
}

// touches reports whether held bytes may be among those that a command reads.
func (p *pending) touches(space ssa.Space, a bytesOf) bool {
	if len(p.bytes) == 0 || p.space != space {
		return false
	}
	if p.base != a.base {
		return true
	}
	for k := range a.n {
		if _, ok := p.bytes[a.lo+k]; ok {
			return true
		}
	}
	return false
}

// runs returns the held bytes as stretches, in order of address.
func (p *pending) runs() []run {
	at := make([]int32, 0, len(p.bytes))
	for k := range p.bytes {
		at = append(at, k)
	}
	slices.Sort(at)
	var out []run
	for _, k := range at {
		if n := len(out); n > 0 && out[n-1].lo+out[n-1].n == k {
			out[n-1].n++
			continue
		}
		out = append(out, run{k, 1})
	}
	return out
}

// writeBytesLong is the number of bytes that a command writes at most if they are
// not whole words.
const writeBytesLong = 32

// flush writes the held bytes.
func (p *pending) flush(m *ssa.Maker) {
	if len(p.bytes) == 0 {
		return
	}
	slot := m.Slot
	m.Slot = p.slot
	p.remarkMerged()
	for _, r := range p.runs() {
		p.writeRun(m, r)
	}
	m.Slot = slot
	clear(p.bytes)
}

// writeFull writes the held bytes that fill a command: nothing is won by holding
// them back any longer.
func (p *pending) writeFull(m *ssa.Maker) {
	if len(p.bytes) < int(p.max) {
		return
	}
	for _, r := range p.runs() {
		if r.n < p.max {
			continue
		}
		slot := m.Slot
		m.Slot = p.slot
		p.writeRun(m, r)
		m.Slot = slot
		for k := range r.n {
			delete(p.bytes, r.lo+k)
		}
	}
}

// writeRun makes the commands for one stretch.
func (p *pending) writeRun(m *ssa.Maker, r run) {
	for r.n > 0 {
		n := r.n
		switch {
		case n > p.max:
			n = p.max
		case n%4 != 0 && n > writeBytesLong:
			n &^= 3
		}
		p.write(m, run{r.lo, n})
		r.lo, r.n = r.lo+n, r.n-n
	}
}

// write makes the command for one stretch, in the byte order that takes the
// fewer instructions.
func (p *pending) write(m *ssa.Maker, r run) {
	n := int(r.n+3) / 4
	words := [2][][4]byteSource{}
	cost := [2]int{}
	for order := range 2 {
		for k := range n {
			w := p.word(r.lo+int32(4*k), min(4, r.n-int32(4*k)), ssa.Order(order))
			words[order] = append(words[order], w)
			cost[order] += assembleCost(w)
		}
	}
	order := ssa.Little
	if cost[ssa.Big] < cost[ssa.Little] {
		order = ssa.Big
	}
	args := []ssa.ID{p.base[0]}
	if p.space != ssa.Packet {
		args = append(args, p.base[1])
	}
	for _, w := range words[order] {
		args = append(args, assemble(m, w))
	}
	m.Add(ssa.Value{Op: ssa.Write, Space: p.space, Aux: p.aux, Order: order, Size: uint8(r.n), Imm: uint32(r.lo), Args: args})
}

// word returns where the bytes of a word come from of which n are written. A
// word that was stored as a whole is that value if it has to be computed anyway.
func (p *pending) word(lo, n int32, order ssa.Order) [4]byteSource {
	var from, stored [4]byteSource
	for j := range int32(4) {
		at := j
		if order == ssa.Big {
			at = 3 - j
		}
		from[at], stored[at] = byteSource{any: true}, byteSource{any: true}
		if j < n {
			b := p.bytes[lo+j]
			from[at], stored[at] = b.from, b.stored
		}
	}
	parts, _, _ := split(stored)
	if len(parts) != 1 || assembleCost(stored) > assembleCost(from) {
		return from
	}
	for _, b := range from {
		if b.id == parts[0].id && !b.any {
			return stored
		}
	}
	return from
}
