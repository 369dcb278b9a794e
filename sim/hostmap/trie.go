package hostmap

import (
	"bytes"
	"encoding/binary"

	"github.com/skipsw/skipsw/internal/plain"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
)

// trieTable is a trie of prefixes in memory that the program's own code walks.
type trieTable struct {
	maplayout.LPM
	mem     []byte // the region
	lo      uint64 // what a stored pointer to its first byte is
	entries uint32 // most entries
	upTo    uint32 // the notes before this one are of nodes that a grace period frees
}

var _ = register(maplayout.KindLPM, func(info *image.Map, l maplayout.Layout) table {
	return &trieTable{LPM: l.(maplayout.LPM), lo: low(info), entries: info.MaxEntries}
})

// Places in a region and in a node.
const (
	trieRoot   = uint64(maplayout.LPMRoot)
	trieFree   = uint64(maplayout.LPMFree)
	trieZero   = uint64(maplayout.LPMZero)
	trieOne    = uint64(maplayout.LPMOne)
	trieLength = uint64(maplayout.LPMLength)
	trieAddr   = uint64(maplayout.LPMAddr)
	trieTurns  = uint64(maplayout.LPMTurns)
	trieUsed   = uint64(maplayout.LPMUsed)
	trieGone   = uint64(maplayout.LPMGone)
	trieKept   = uint64(maplayout.LPMKept)
	trieLen    = maplayout.LPMLengthSize
)

// way returns the place in node n of the pointer for a bit.
func way(n, bit uint64) uint64 { return n + trieZero + bit*(trieOne-trieZero) }

func (t *trieTable) word(off uint64) uint32 { return binary.LittleEndian.Uint32(t.mem[off:]) }

func (t *trieTable) set(off uint64, v uint32) { binary.LittleEndian.PutUint32(t.mem[off:], v) }

// node returns the offset of the node that the pointer at link means.
func (t *trieTable) node(link uint64) (uint64, bool) {
	p := t.word(link)
	n := uint64(p) - t.lo
	return n, p != 0 && n >= t.First && n < t.Size() && (n-t.First)%uint64(t.Stride) == 0
}

// point makes the pointer at link mean node n.
func (t *trieTable) point(link, n uint64) { t.set(link, uint32(t.lo+n)) }

// count adds to the number of entries.
func (t *trieTable) count(n int) { t.set(trieUsed, t.word(trieUsed)+uint32(n)) }

func (t *trieTable) lock() maplayout.Offset { return maplayout.LPMLock }

func (t *trieTable) length(n uint64) uint32 { return t.word(n + trieLength) }

func (t *trieTable) key(n uint64) []byte { return t.mem[n+uint64(t.Key):][:t.KeySize-trieLen] }

// other returns the place in a node of the pointer that link is not.
func other(n, link uint64) uint64 { return way(n, 0) + way(n, 1) - link }

// split returns a key's prefix length and bytes, and whether the length is
// possible.
func (t *trieTable) split(key []byte) (uint32, []byte, bool) {
	n := binary.LittleEndian.Uint32(key)
	return n, key[trieLen:], n <= 8*(t.KeySize-trieLen)
}

// bitAt returns bit i of a key, the most significant bit of a byte first.
func bitAt(key []byte, i uint32) uint64 { return uint64(key[i/8]>>(7-i%8)) & 1 }

// common returns how many of the first n bits of two keys agree.
func common(a, b []byte, n uint32) uint32 {
	for i := range n {
		if bitAt(a, i) != bitAt(b, i) {
			return i
		}
	}
	return n
}

func (t *trieTable) reset(memory []byte) {
	t.mem = memory
	for i := int64(t.Nodes) - 1; i >= 0; i-- {
		t.free(t.Node(uint32(i)))
	}
	first := uint32(t.lo + t.Note(0))
	t.set(trieGone, first)
	t.set(trieKept, first)
	t.upTo = first
}

// free puts a node on the free list.
func (t *trieTable) free(n uint64) {
	t.set(n+trieAddr, 0)
	t.set(n+trieLength, t.word(trieFree))
	t.point(trieFree, n)
}

// release notes a node that nothing leads to any more. Programs may stand on it, and go
// on as in the trie that was.
func (t *trieTable) release(n uint64) {
	if at, ok := t.note(t.word(trieGone)); ok {
		t.set(at, uint32(t.lo+n))
		t.set(trieGone, t.after(at))
	}
}

// note returns the offset of a note. A place that a program has spoilt is none.
func (t *trieTable) note(p uint32) (uint64, bool) {
	at := uint64(p) - t.lo
	return at, at >= t.Note(0) && at < t.Note(t.Nodes) && at%4 == 0
}

// after returns the place of the note after the one at an offset.
func (t *trieTable) after(at uint64) uint32 {
	if at += 4; at == t.Note(t.Nodes) {
		at = t.Note(0)
	}
	return uint32(t.lo + at)
}

// left, mark, settle and marked implement leaver.
func (t *trieTable) left() bool { return t.word(trieKept) != t.word(trieGone) }

func (t *trieTable) mark() { t.upTo = t.word(trieGone) }

func (t *trieTable) settle() bool {
	if t.word(uint64(maplayout.LPMLock)) != 0 {
		return false
	}
	for range t.Nodes {
		at, ok := t.note(t.word(trieKept))
		if !ok || t.word(trieKept) == t.upTo {
			break
		}
		if n, ok := t.node(at); ok {
			t.free(n)
		}
		t.set(trieKept, t.after(at))
	}
	return true
}

func (t *trieTable) marked(c *plain.Codec) { c.Value(&t.upTo) }

// take makes a node of a free one.
func (t *trieTable) take(length uint32, key []byte, real bool) (uint64, bool) {
	n, ok := t.node(trieFree)
	if !ok {
		return 0, false
	}
	t.set(trieFree, t.word(n+trieLength))
	turns := t.word(n + trieTurns)
	clear(t.mem[n : n+uint64(t.Stride)])
	if t.KeySize > maplayout.LPMNearKey {
		t.set(n+trieTurns, turns+2)
	}
	t.fill(n, length, key, real)
	return n, true
}

// fill writes what a node says about its prefix.
func (t *trieTable) fill(n uint64, length uint32, key []byte, real bool) {
	t.set(n+trieLength, length)
	if real {
		t.point(n+trieAddr, n+uint64(t.Value))
	}
	copy(t.key(n), key)
	room := 4 * t.KeyWords()
	mask := t.mem[n+uint64(t.Mask()):][:room]
	next := t.mem[n+uint64(t.Bit()):][:room]
	clear(mask)
	clear(next)
	for i := range length {
		mask[i/8] |= 0x80 >> (i % 8)
	}
	if length < 8*uint32(len(key)) {
		next[length/8] = 0x80 >> (length % 8)
	}
}

// find returns the value of the longest prefix of key.
func (t *trieTable) find(key []byte) (uint64, bool) {
	length, data, ok := t.split(key)
	best, found := uint64(0), false
	link := uint64(trieRoot)
	for range t.Nodes {
		n, there := t.node(link)
		if !ok || !there || t.length(n) > length || common(t.key(n), data, t.length(n)) < t.length(n) {
			break
		}
		if t.word(n+trieAddr) != 0 {
			best, found = n+uint64(t.Value), true
		}
		if t.length(n) == 8*(t.KeySize-trieLen) {
			break
		}
		link = way(n, bitAt(data, t.length(n)))
	}
	return best, found
}

// descend follows key to the node with its prefix, or to where such a node
// belongs. It returns the pointer there, the node if there is one, how many
// bits agree with it, and the pointer to the node before.
func (t *trieTable) descend(length uint32, data []byte) (link, n uint64, there bool, same uint32, before uint64) {
	link, before = trieRoot, trieRoot
	for range t.Nodes {
		if n, there = t.node(link); !there {
			return link, 0, false, 0, before
		}
		nl := t.length(n)
		same = common(t.key(n), data, min(nl, length))
		if same != nl || nl == length {
			return link, n, true, same, before
		}
		before, link = link, way(n, bitAt(data, nl))
	}
	return link, 0, false, 0, before
}

// exact returns the value of a prefix itself.
func (t *trieTable) exact(key []byte) (uint64, bool) {
	length, data, ok := t.split(key)
	if !ok {
		return 0, false
	}
	_, n, there, same, _ := t.descend(length, data)
	if !there || t.length(n) != length || same != length || t.word(n+trieAddr) == 0 {
		return 0, false
	}
	return n + uint64(t.Value), true
}

// rekey keeps the bits of a key behind its prefix, as the kernel does, which puts a
// new node in the place of the old one.
func (t *trieTable) rekey(value uint64, key []byte) {
	copy(t.key(value-uint64(t.Value)), key[trieLen:])
}

func (t *trieTable) insert(key []byte) (uint64, bpf.Errno) {
	length, data, ok := t.split(key)
	if !ok {
		return 0, bpf.EINVAL
	}
	if t.word(trieUsed) >= t.entries {
		return 0, bpf.ENOSPC
	}
	link, n, there, same, _ := t.descend(length, data)
	if there && t.length(n) == length && same == length {
		t.fill(n, length, data, true)
		t.count(1)
		return n + uint64(t.Value), 0
	}
	leaf, ok := t.take(length, data, true)
	if !ok {
		return 0, bpf.ENOMEM
	}
	switch {
	case !there:
		t.point(link, leaf)
	case same == length:
		t.point(way(leaf, bitAt(t.key(n), same)), n)
		t.point(link, leaf)
	default:
		fork, ok := t.take(same, t.key(n), false)
		if !ok {
			t.free(leaf)
			return 0, bpf.ENOMEM
		}
		t.point(way(fork, bitAt(data, same)), leaf)
		t.point(way(fork, bitAt(t.key(n), same)), n)
		t.point(link, fork)
	}
	t.count(1)
	return leaf + uint64(t.Value), 0
}

func (t *trieTable) remove(key []byte) bpf.Errno {
	length, data, ok := t.split(key)
	if !ok {
		return bpf.EINVAL
	}
	if _, ok := t.exact(key); !ok {
		return bpf.ENOENT
	}
	link, n, _, _, before := t.descend(length, data)
	t.count(-1)
	left, right := t.word(way(n, 0)), t.word(way(n, 1))
	switch parent, ok := t.node(before); {
	case left != 0 && right != 0:
		t.set(n+trieAddr, 0)
	case left == 0 && right == 0 && ok && link != trieRoot && t.word(parent+trieAddr) == 0:
		// The fork above has one way left: that way takes its place.
		t.set(before, t.word(other(parent, link)))
		t.release(n)
		t.release(parent)
	default:
		t.set(link, left|right)
		t.release(n)
	}
	return 0
}

func (t *trieTable) each(f func([]byte, uint64)) {
	left := t.Nodes
	t.below(trieRoot, &left, f)
}

// below calls f for the entries under a pointer; left, the nodes that there can
// still be, bounds a trie that a program has spoilt.
func (t *trieTable) below(link uint64, left *uint32, f func([]byte, uint64)) {
	n, ok := t.node(link)
	if !ok || *left == 0 {
		return
	}
	*left--
	if t.word(n+trieAddr) != 0 {
		k := binary.LittleEndian.AppendUint32(nil, t.length(n))
		f(append(k, bytes.Clone(t.key(n))...), n+uint64(t.Value))
	}
	t.below(way(n, 0), left, f)
	t.below(way(n, 1), left, f)
}
