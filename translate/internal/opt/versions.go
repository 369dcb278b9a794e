package opt

import (
	"slices"

	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// versions tells which state of a memory each access sees. Every operation that
// may change the memory makes a new version; where different versions meet a
// new one begins. Two accesses that see one version read the same bytes.
type versions struct {
	f     *ssa.Func
	space ssa.Space
	at    []int32 // by value: version that a Load or Store sees
	made  []int32 // by value: version that it makes, 0 if none
	// stores lists the Store that made a version, 0 for other versions; before
	// is the version that the store saw.
	stores []ssa.ID
	before []int32
	// ways are the versions that meet in one, which is then made by nothing else.
	ways map[int32][]int32
}

// effect is what a value does to a memory.
type effect uint8

const (
	effectNone    effect = iota
	effectStore          // writes known bytes
	effectBarrier        // may write anything, or lets transfer registers be lost
)

func effectOn(v *ssa.Value, space ssa.Space) effect {
	switch {
	case v.Op == ssa.Store && v.Space == space:
		return effectStore
	case v.Op.Atomic() && space == ssa.MapValue, v.Op == ssa.Call, v.Op == ssa.SetPkt:
		return effectBarrier
	}
	return effectNone
}

// findVersions computes the versions of one memory.
func findVersions(f *ssa.Func, space ssa.Space) *versions {
	s := &versions{f: f, space: space, at: make([]int32, len(f.Values)), stores: []ssa.ID{0}, before: []int32{0}}
	order := f.RPO()
	preds := f.Preds()
	fresh := func(store ssa.ID) int32 {
		s.stores = append(s.stores, store)
		s.before = append(s.before, 0)
		return int32(len(s.stores) - 1)
	}
	made := make([]int32, len(f.Values))
	s.made = made
	met := make([]int32, len(f.Blocks)) // by block: the version that begins there
	out := make([]int32, len(f.Blocks))
	entry := fresh(0)
	for changed := true; changed; {
		changed = false
		for _, b := range order {
			in := entry
			if b != 0 {
				in = 0
				for _, p := range preds[b] {
					switch {
					case out[p] == 0 || out[p] == in:
					case in == 0:
						in = out[p]
					default:
						if met[b] == 0 {
							met[b] = fresh(0)
						}
						in = met[b]
					}
					if in != 0 && in == met[b] {
						break
					}
				}
				if met[b] != 0 {
					in = met[b]
				}
			}
			cur := in
			for _, id := range f.B(b).Values {
				v := f.V(id)
				s.at[id] = cur
				switch effectOn(v, space) {
				case effectStore:
					if made[id] == 0 {
						made[id] = fresh(id)
					}
					s.before[made[id]] = cur
					cur = made[id]
				case effectBarrier:
					if made[id] == 0 {
						made[id] = fresh(0)
					}
					cur = made[id]
				}
			}
			if out[b] != cur {
				out[b] = cur
				changed = true
			}
		}
	}
	s.ways = map[int32][]int32{}
	for _, b := range order {
		if met[b] != 0 {
			for _, p := range preds[b] {
				s.ways[met[b]] = append(s.ways[met[b]], out[p])
			}
		}
	}
	return s
}

// bytesOf is a run of bytes relative to an address. Offsets wrap, as addresses
// do: they are compared by their differences.
type bytesOf struct {
	base [2]ssa.ID // address words
	lo   int32     // first byte
	n    int32
}

// access returns the bytes of a Load or Store.
func access(v *ssa.Value) bytesOf {
	a := bytesOf{lo: int32(v.Imm), n: int32(v.Size)}
	a.base[0] = v.Args[0]
	if v.Space != ssa.Packet {
		a.base[1] = v.Args[1]
	}
	return a
}

// overlaps reports whether two runs may share a byte.
func (a bytesOf) overlaps(b bytesOf) bool {
	at := int64(b.lo - a.lo)
	return a.base != b.base || at < int64(a.n) && -at < int64(b.n)
}

// covers reports whether all of b's bytes are a's.
func (a bytesOf) covers(b bytesOf) bool {
	return a.base == b.base && b.lo-a.lo >= 0 && b.lo-a.lo <= a.n-b.n
}

// maxMeets bounds at how many places where ways meet one looks for a pair of accesses.
const maxMeets = 32

// same reports whether the bytes that a sees at version from are still those
// of version to: only stores beside them lie between, on all ways that meet. The
// access at version to comes first on every path, so that a way round a loop
// leads back to it or to where it met the others.
func (s *versions) same(a bytesOf, from, to int32) bool {
	var seen []int32
	for work := []int32{from}; len(work) > 0; {
		at := work[len(work)-1]
		work = work[:len(work)-1]
		for at != to && s.stores[at] != 0 {
			if access(s.f.V(s.stores[at])).overlaps(a) {
				return false
			}
			at = s.before[at]
		}
		switch {
		case at == to || slices.Contains(seen, at):
		case len(s.ways[at]) == 0 || len(seen) == maxMeets:
			return false
		default:
			seen = append(seen, at)
			work = append(work, s.ways[at]...)
		}
	}
	return true
}

// source returns the store that wrote all the bytes a sees at a version, or 0.
func (s *versions) source(a bytesOf, from int32) ssa.ID {
	for {
		st := s.stores[from]
		if st == 0 {
			return 0
		}
		w := access(s.f.V(st))
		if w.covers(a) {
			return st
		}
		if w.overlaps(a) {
			return 0
		}
		from = s.before[from]
	}
}
