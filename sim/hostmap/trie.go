package hostmap

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/translate/bpf"
)

// trieTable is the layout "lpm_trie": prefixes in memory that the program's
// own code walks. docs/map-layouts.md describes it. A key is a prefix length
// and the bytes it counts.
type trieTable struct {
	mem     []byte // the region
	lo      uint64 // low word of the address of the first byte
	nodes   uint32
	first   uint64 // offset of node 0 in the region
	stride  uint64
	value   uint64 // offset of the value in a node
	entries uint32 // most entries
	used    uint32
	keySize uint32
}

// Offsets in a region and in a node.
const (
	trieRoot   = 0
	trieFree   = 4
	trieMin    = 8  // least offset of node 0
	trieLength = 8  // node: prefix length in bits
	trieAddr   = 12 // node: value's address, 0 for a node that only branches
	trieKey    = 16 // node: key bytes, mask of the prefix, mask of the next bit
	trieLen    = 4  // bytes of a key's prefix length
)

// newTrieTable checks the numbers of a layout.
func newTrieTable(info *image.Map) (*trieTable, error) {
	t := &trieTable{
		nodes: uint32(info.Params["nodes"]), first: info.Params["first"],
		stride: uint64(info.Stride), value: info.Params["value"], entries: info.MaxEntries, keySize: info.KeySize,
	}
	switch {
	case info.KeySize <= trieLen:
		return nil, fmt.Errorf("layout lpm_trie with keys of %d bytes", info.KeySize)
	case info.Params["nodes"] < 2*uint64(info.MaxEntries) || info.Params["nodes"] > maxMemory/8:
		return nil, fmt.Errorf("layout lpm_trie with %d nodes for %d entries", info.Params["nodes"], info.MaxEntries)
	case t.first < trieMin || t.first&7 != 0 || t.first > maxMemory:
		return nil, fmt.Errorf("layout lpm_trie with nodes at offset %d", t.first)
	case t.value < trieKey+3*t.keyRoom() || t.value&7 != 0 || t.value+uint64(info.ValueSize+3)&^3 > t.stride || t.stride&7 != 0:
		return nil, fmt.Errorf("layout lpm_trie with a value of %d bytes at offset %d of nodes of %d bytes", info.ValueSize, t.value, t.stride)
	}
	return t, nil
}

// keyRoom is the size of key bytes, padded to words.
func (t *trieTable) keyRoom() uint64 { return uint64(t.keySize-trieLen+3) &^ 3 }

func (t *trieTable) size() uint64 { return t.first + t.stride*uint64(t.nodes) }

func (t *trieTable) word(off uint64) uint32 { return binary.LittleEndian.Uint32(t.mem[off:]) }

func (t *trieTable) set(off uint64, v uint32) { binary.LittleEndian.PutUint32(t.mem[off:], v) }

// node returns the offset of the node that the pointer at link means.
func (t *trieTable) node(link uint64) (uint64, bool) {
	p := t.word(link)
	n := uint64(p) - t.lo
	return n, p != 0 && n >= t.first && n < t.size() && (n-t.first)%t.stride == 0
}

// point makes the pointer at link mean node n.
func (t *trieTable) point(link, n uint64) { t.set(link, uint32(t.lo+n)) }

func (t *trieTable) length(n uint64) uint32 { return t.word(n + trieLength) }

func (t *trieTable) key(n uint64) []byte { return t.mem[n+trieKey:][:t.keySize-trieLen] }

// split returns a key's prefix length and bytes, and whether the length is
// possible.
func (t *trieTable) split(key []byte) (uint32, []byte, bool) {
	n := binary.LittleEndian.Uint32(key)
	return n, key[trieLen:], n <= 8*(t.keySize-trieLen)
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

func (t *trieTable) settle(base uint64) { t.lo = base & (1<<32 - 1) }

func (t *trieTable) reset(memory []byte) {
	t.mem = memory
	for i := int64(t.nodes) - 1; i >= 0; i-- {
		t.release(t.first + uint64(i)*t.stride)
	}
	t.used = 0
}

// release puts a node on the free list.
func (t *trieTable) release(n uint64) {
	t.set(n, t.word(trieFree))
	t.point(trieFree, n)
}

// take makes a node of a free one.
func (t *trieTable) take(length uint32, key []byte, real bool) (uint64, bool) {
	n, ok := t.node(trieFree)
	if !ok {
		return 0, false
	}
	t.set(trieFree, t.word(n))
	clear(t.mem[n : n+t.stride])
	t.fill(n, length, key, real)
	return n, true
}

// fill writes what a node says about its prefix.
func (t *trieTable) fill(n uint64, length uint32, key []byte, real bool) {
	t.set(n+trieLength, length)
	if real {
		t.point(n+trieAddr, n+t.value)
	}
	copy(t.key(n), key)
	mask := t.mem[n+trieKey+t.keyRoom():][:t.keyRoom()]
	next := t.mem[n+trieKey+2*t.keyRoom():][:t.keyRoom()]
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
	for range t.nodes {
		n, there := t.node(link)
		if !ok || !there || t.length(n) > length || common(t.key(n), data, t.length(n)) < t.length(n) {
			break
		}
		if t.word(n+trieAddr) != 0 {
			best, found = n+t.value, true
		}
		if t.length(n) == 8*(t.keySize-trieLen) {
			break
		}
		link = n + 4*bitAt(data, t.length(n))
	}
	return best, found
}

// descend follows key to the node with its prefix, or to where such a node
// belongs. It returns the pointer there, the node if there is one, how many
// bits agree with it, and the pointer to the node before.
func (t *trieTable) descend(length uint32, data []byte) (link, n uint64, there bool, same uint32, before uint64) {
	link, before = trieRoot, trieRoot
	for range t.nodes {
		if n, there = t.node(link); !there {
			return link, 0, false, 0, before
		}
		nl := t.length(n)
		same = common(t.key(n), data, min(nl, length))
		if same != nl || nl == length {
			return link, n, true, same, before
		}
		before, link = link, n+4*bitAt(data, nl)
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
	return n + t.value, true
}

func (t *trieTable) insert(key []byte) (uint64, bpf.Errno) {
	length, data, ok := t.split(key)
	if !ok {
		return 0, bpf.EINVAL
	}
	if t.used == t.entries {
		return 0, bpf.ENOSPC
	}
	link, n, there, same, _ := t.descend(length, data)
	if there && t.length(n) == length && same == length {
		t.fill(n, length, data, true)
		t.used++
		return n + t.value, 0
	}
	leaf, ok := t.take(length, data, true)
	if !ok {
		return 0, bpf.ENOSPC
	}
	switch {
	case !there:
		t.point(link, leaf)
	case same == length:
		t.point(leaf+4*bitAt(t.key(n), same), n)
		t.point(link, leaf)
	default:
		fork, ok := t.take(same, t.key(n), false)
		if !ok {
			t.release(leaf)
			return 0, bpf.ENOSPC
		}
		t.point(fork+4*bitAt(data, same), leaf)
		t.point(fork+4*bitAt(t.key(n), same), n)
		t.point(link, fork)
	}
	t.used++
	return leaf + t.value, 0
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
	t.used--
	left, right := t.word(n), t.word(n+4)
	switch parent, ok := t.node(before); {
	case left != 0 && right != 0:
		t.set(n+trieAddr, 0)
	case left == 0 && right == 0 && ok && link != trieRoot && t.word(parent+trieAddr) == 0:
		// The fork above has one way left: that way takes its place.
		t.set(before, t.word(link^4))
		t.release(n)
		t.release(parent)
	default:
		t.set(link, left|right)
		t.release(n)
	}
	return 0
}

func (t *trieTable) each(f func([]byte, uint64)) {
	left := t.nodes
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
		f(append(k, bytes.Clone(t.key(n))...), n+t.value)
	}
	t.below(n, left, f)
	t.below(n+4, left, f)
}
