package opt

import (
	"slices"

	"github.com/skipsw/skipsw/translate/internal/pass"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// maxPending is the number of bytes that stores are held back for at most. It
// bounds the registers that wait for them.
const maxPending = 64

// pending holds stores of one block back, byte by byte, so that neighbours can
// be written by one command.
type pending struct {
	space ssa.Space
	aux   int32
	base  [2]ssa.ID
	bytes map[int32]byteSource
	slot  int32

	run    *pass.Run
	stores []int32 // slots of the stores, kept for remarks
}

// run is a stretch of bytes without a gap.
type run struct{ lo, n int32 }

// add takes a store in, and first writes what it may not be held back with.
func (p *pending) add(m *ssa.Maker, v *ssa.Value) {
	a := access(v)
	if len(p.bytes) > 0 && (p.base != a.base || p.space != v.Space || p.aux != v.Aux || len(p.bytes)+int(a.n) > maxPending) {
		p.crowdedBy(v.Slot, a, v.Space)
		p.flush(m)
	}
	if p.bytes == nil {
		p.bytes = map[int32]byteSource{}
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
		p.bytes[a.lo+k] = byteOf(m.F, val, uint8(from))
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

// Limits of write commands in bytes: without and with length override.
const (
	writeBytes     = 8
	writeBytesLong = 32
	writeWordsLong = 64
)

// flush writes the held bytes.
func (p *pending) flush(m *ssa.Maker) {
	if len(p.bytes) == 0 {
		return
	}
	slot := m.Slot
	m.Slot = p.slot
	p.remarkMerged()
	for _, r := range p.runs() {
		for r.n > 0 {
			n := r.n
			switch {
			case n > writeWordsLong:
				n = writeWordsLong
			case n%4 != 0 && n > writeBytesLong:
				n &^= 3
			}
			p.write(m, run{r.lo, n})
			r.lo, r.n = r.lo+n, r.n-n
		}
	}
	m.Slot = slot
	clear(p.bytes)
}

// write makes the command for one stretch, in the byte order that takes the
// fewer instructions.
func (p *pending) write(m *ssa.Maker, r run) {
	n := int(r.n+3) / 4
	words := [2][][4]byteSource{}
	cost := [2]int{}
	for order := range 2 {
		for k := range n {
			var w [4]byteSource
			for j := range int32(4) {
				b, ok := p.bytes[r.lo+int32(4*k)+j]
				if !ok || int32(4*k)+j >= r.n {
					b = byteSource{any: true}
				}
				if order == int(ssa.Big) {
					w[3-j] = b
				} else {
					w[j] = b
				}
			}
			words[order] = append(words[order], w)
			cost[order] += assembleCost(w)
		}
	}
	order := ssa.Little
	if cost[ssa.Big] < cost[ssa.Little] {
		order = ssa.Big
	}
	args := []ssa.ID{p.base[0]}
	if p.space == ssa.MapValue {
		args = append(args, p.base[1])
	}
	for _, w := range words[order] {
		args = append(args, assemble(m, w))
	}
	m.Add(ssa.Value{Op: ssa.Write, Space: p.space, Aux: p.aux, Order: order, Size: uint8(r.n), Imm: uint32(r.lo), Args: args})
}
