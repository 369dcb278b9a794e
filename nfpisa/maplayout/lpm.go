package maplayout

import "fmt"

// LPM is a trie of prefixes that branches at single bits. A key is a prefix
// length in bits, one word, and the bytes that it counts.
//
//	region   +0       root node
//	         +4       first free node, linked through LPMLength
//	         +8       lock: not 0 while a change is made
//	         +12      number of entries
//	         +16      where the next node that is taken out is noted
//	         +20      note of the first node that was taken out and is not free yet
//	         +24      notes, a ring: low addresses of nodes, one for each node
//	         +First   nodes, at least two for each entry, Stride bytes apart
//	node     +0       node for keys whose next bit is 0
//	         +4       node for keys whose next bit is 1
//	         +8       prefix length in bits
//	         +12      value's address, 0 for a node that only branches
//	         +16      long keys: how often the node has been written, twice
//	         +Key     key bytes, then a mask of the bits within the prefix, then a
//	                  mask of the one bit behind it; each padded to words
//	         +Value   value, at a multiple of 8
type LPM struct {
	Nodes   uint32 // number of nodes
	First   uint64 // offset of node 0 in the region
	Value   Offset // of the value in a node
	Stride  uint32 // from one node to the next, in bytes
	KeySize uint32 // bytes, prefix length included
	Key     Offset // of the key in a node
}

// Offsets in the region.
const (
	LPMRoot  Offset = 0
	LPMFree  Offset = 4
	LPMLock  Offset = 8
	LPMUsed  Offset = 12
	LPMGone  Offset = 16 // low address of a note
	LPMKept  Offset = 20 // the same
	LPMNotes Offset = 24
)

// Offsets in a node.
const (
	LPMZero   Offset = 0
	LPMOne    Offset = 4
	LPMLength Offset = 8
	LPMAddr   Offset = 12
	LPMHead   Offset = 16 // what is behind the words that all nodes have
	LPMTurns  Offset = 16 // long keys
)

// LPMLengthSize is the size of a key's prefix length, in bytes.
const LPMLengthSize = 4

// LPMNearKey is the longest key, in bytes, of nodes whose words before the value one
// command fetches. Longer ones are written and compared in pieces; the word at
// LPMTurns, which is odd while they are written, tells whether the pieces are of one
// key.
const LPMNearKey = LPMLengthSize + 28

// Limits of a trie, the kernel's for keys.
const (
	LPMMaxKey     = LPMLengthSize + 256 // bytes
	LPMMaxValue   = 65536               // bytes
	LPMMaxEntries = 1 << 22
)

// A trie has nodes for those that were taken out while somebody may stand on them:
// one for each entry, within these bounds.
const (
	lpmLeastGone = 16
	lpmMostGone  = 256
)

// NewLPM lays out a trie.
func NewLPM(s Shape) LPM {
	l := LPM{Nodes: 2*s.MaxEntries + min(max(s.MaxEntries, lpmLeastGone), lpmMostGone), KeySize: s.KeySize, Key: lpmKey(s.KeySize)}
	l.First = up(l.Note(l.Nodes))
	l.Value = up(l.key(3))
	l.Stride = up(uint32(l.Value) + s.ValueSize)
	return l
}

// CheckLPM refuses a trie that cannot be walked at its place.
func CheckLPM(s Shape, base uint64) error {
	switch {
	case s.KeySize <= LPMLengthSize || s.KeySize > LPMMaxKey:
		return fmt.Errorf("longest-prefix map with keys of %d bytes; %d to %d are possible", s.KeySize, LPMLengthSize+1, LPMMaxKey)
	case s.ValueSize == 0 || s.ValueSize > LPMMaxValue:
		return fmt.Errorf("longest-prefix map with values of %d bytes; 1 to %d are possible", s.ValueSize, LPMMaxValue)
	case s.MaxEntries == 0 || s.MaxEntries > LPMMaxEntries:
		return fmt.Errorf("longest-prefix map with %d entries; 1 to %d are possible", s.MaxEntries, LPMMaxEntries)
	}
	return CheckPlace(base, NewLPM(s).Size())
}

// KindLPM names the layout in images.
const KindLPM Kind = "lpm_trie"

var _ = register(KindLPM, parser{parse: parseLPM})

// parseLPM takes any trie that programs could walk, whoever made it.
func parseLPM(s Shape, step uint32, params map[string]uint64) (Layout, error) {
	nodes, first, value := params["nodes"], params["first"], params["value"]
	if s.KeySize <= LPMLengthSize || s.KeySize > LPMMaxKey {
		return nil, fmt.Errorf("layout lpm_trie with keys of %d bytes", s.KeySize)
	}
	l := LPM{uint32(nodes), first, Offset(value), step, s.KeySize, lpmKey(s.KeySize)}
	switch {
	case nodes < 2*uint64(s.MaxEntries) || nodes > 2*LPMMaxEntries+lpmMostGone:
		return nil, fmt.Errorf("layout lpm_trie with %d nodes for %d entries", nodes, s.MaxEntries)
	case first < uint64(LPMUsed)+wordBytes || first%Align != 0 || first > 1<<32:
		return nil, fmt.Errorf("layout lpm_trie with nodes at offset %d", first)
	case value < uint64(l.key(3)) || value%Align != 0 || value > 1<<32-1 || value+room(s.ValueSize) > uint64(step) || step%Align != 0:
		return nil, fmt.Errorf("layout lpm_trie with a value of %d bytes at offset %d of nodes of %d bytes", s.ValueSize, value, step)
	}
	return l, known(KindLPM, params, "nodes", "first", "value")
}

// KeyWords returns the words of a key without its prefix length.
func (l LPM) KeyWords() int { return int(words(l.KeySize - LPMLengthSize)) }

// lpmKey returns where a node has a key of size bytes.
func lpmKey(size uint32) Offset {
	if size > LPMNearKey {
		return LPMTurns + wordBytes
	}
	return LPMHead
}

// key returns the offset in a node behind n parts of a key's size.
func (l LPM) key(n int) Offset { return l.Key + Offset(wordBytes*n*l.KeyWords()) }

// Mask returns the offset in a node of the mask of the prefix.
func (l LPM) Mask() Offset { return l.key(1) }

// Bit returns the offset in a node of the mask of the bit behind the prefix.
func (l LPM) Bit() Offset { return l.key(2) }

// Note returns the offset of note i.
func (l LPM) Note(i uint32) uint64 { return uint64(LPMNotes) + wordBytes*uint64(i) }

// Node returns the offset of node i.
func (l LPM) Node(i uint32) uint64 { return l.First + uint64(i)*uint64(l.Stride) }

// Kind implements Layout.
func (l LPM) Kind() Kind { return KindLPM }

// Size implements Layout.
func (l LPM) Size() uint64 { return l.Node(l.Nodes) }

// Step implements Layout.
func (l LPM) Step() uint32 { return l.Stride }

// Values implements Layout.
func (l LPM) Values() Values {
	return Values{First: l.First, Stride: uint64(l.Stride), Offset: uint64(l.Value)}
}

// Params implements Layout.
func (l LPM) Params() map[string]uint64 {
	return map[string]uint64{"nodes": uint64(l.Nodes), "first": l.First, "value": uint64(l.Value)}
}
