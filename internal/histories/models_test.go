package histories

import (
	"time"

	"github.com/anishathalye/porcupine"
)

// model is what a map is, one operation after the other.
type model = porcupine.Model

// step makes the Step of a model from one that gets the operation with what came
// of it.
func step[S any](f func(s S, o *operation) (bool, S)) func(state, input, output any) (bool, any) {
	return func(state, input, _ any) (bool, any) {
		o := input.(*operation)
		return f(state.(S), o)
	}
}

// byKey parts a history by keys, which do not know of each other.
func byKey(h []porcupine.Operation) [][]porcupine.Operation {
	at := map[uint32]int{}
	var out [][]porcupine.Operation
	for _, o := range h {
		key := o.Input.(*operation).key
		k, ok := at[key]
		if !ok {
			k = len(out)
			at[key] = k
			out = append(out, nil)
		}
		out[k] = append(out[k], o)
	}
	return out
}

// entry is what a hash map has for a key.
type entry struct {
	there bool
	value uint64
}

const (
	errNoEnt = -2
	errAgain = -11
	errExist = -17
	err2Big  = -7
)

// hashStep is a hash map's entry of a key. Any value may be seen by a lookup that
// is unsure of it.
func hashStep(e entry, o *operation) (bool, entry) {
	switch o.kind {
	case look:
		if o.status == 0 {
			return !e.there, e
		}
		return e.there && (o.out == e.value || o.unsure), e
	case walk, list:
		return o.status == 1, e // see complete
	case remove:
		if o.status == errNoEnt {
			return !e.there, e
		}
		return o.status == 0 && e.there, entry{}
	case take:
		if o.status == errNoEnt {
			return !e.there, e
		}
		return o.status == 0 && e.there && o.out == e.value, entry{}
	}
	switch {
	case o.kind == putNew && e.there:
		return o.status == errExist, e
	case o.kind == putOld && !e.there:
		return o.status == errNoEnt, e
	}
	return o.status == 0, entry{true, o.value}
}

var hashModel = model{Partition: byKey, Init: func() any { return entry{} }, Step: step(hashStep)}

// evictingModel is a hash map's entry of a key that may be thrown out at any time: an
// operation may meet none.
var evictingModel = porcupine.NondeterministicModel{
	Partition: byKey,
	Init:      func() []any { return []any{entry{}} },
	Step: func(state, input, _ any) (out []any) {
		o := input.(*operation)
		for _, e := range []entry{state.(entry), {}} {
			if ok, next := hashStep(e, o); ok {
				out = append(out, next)
			}
		}
		return out
	},
}

// cellModel is a word of an array.
var cellModel = model{Partition: byKey, Init: func() any { return uint64(0) }, Step: step(func(v uint64, o *operation) (bool, uint64) {
	switch o.kind {
	case look:
		return o.status == 1 && o.out == v, v
	case add:
		return o.status == 1 && o.out == v, v + o.value
	case exchange:
		return o.status == 1 && o.out == v, o.value
	}
	return o.status == 1, o.value
})}

// prefixes are those that the host puts into a trie; addresses those that programs
// look up.
var (
	prefixes  = []struct{ length, address uint32 }{{0, 0}, {8, 10 << 24}, {16, 10<<24 | 1<<16}, {24, 10<<24 | 1<<16 | 2<<8}, {32, 10<<24 | 1<<16 | 2<<8 | 3}, {9, 10<<24 | 128<<16}}
	addresses = []uint32{10<<24 | 1<<16 | 2<<8 | 3, 10<<24 | 1<<16 | 2<<8 | 9, 10<<24 | 1<<16 | 9, 10<<24 | 200<<16, 11 << 24}
)

func covers(length, prefix, address uint32) bool {
	return length == 0 || (prefix^address)>>(32-length) == 0
}

type trie [6]entry

var trieModel = model{Init: func() any { return trie{} }, Step: step(func(t trie, o *operation) (bool, trie) {
	switch o.kind {
	case look:
		if o.unsure {
			return o.status == 0 || o.status == 1, t
		}
		best := -1
		for k, p := range prefixes {
			if t[k].there && covers(p.length, p.address, addresses[o.key]) && (best < 0 || p.length > prefixes[best].length) {
				best = k
			}
		}
		if best < 0 {
			return o.status == 0, t
		}
		// The value is read later than it is found.
		return o.status == 1 && int(o.out&0xff) == best, t
	}
	ok, e := hashStep(t[o.key], o)
	t[o.key] = e
	return ok, t
})}

// bloomModel is a value of a Bloom filter with room: it is there from when it was put in.
var bloomModel = model{Partition: byKey, Init: func() any { return false }, Step: step(func(there bool, o *operation) (bool, bool) {
	if o.kind == put {
		return o.status == 0, true
	}
	return (o.status == 0) == there && (o.status == 0 || o.status == errNoEnt), there
})}

// ring is a queue or stack of at most 4 values, the oldest first.
type ring struct {
	n int
	v [4]uint64
}

func (r ring) without(k int) ring {
	copy(r.v[k:], r.v[k+1:])
	r.n--
	r.v[r.n] = 0
	return r
}

func ringModel(stack bool) model {
	return model{Init: func() any { return ring{} }, Step: step(func(r ring, o *operation) (bool, ring) {
		next := 0
		if stack {
			next = r.n - 1
		}
		switch o.kind {
		case look, remove, take:
			if r.n == 0 {
				return o.status == errNoEnt, r
			}
			ok := o.status == 0 && o.out == r.v[next]
			if o.kind == look {
				return ok, r
			}
			return ok, r.without(next)
		}
		if r.n == len(r.v) {
			if o.kind == put {
				return o.status == err2Big, r
			}
			r = r.without(0)
		}
		r.v[r.n] = o.value
		r.n++
		return o.status == 0, r
	})}
}

// records counts the records that were reserved and taken.
type records struct{ reserved, taken uint64 }

// recordsModel is a ring buffer in the order of reservations, which is that of the
// host; records have their numbers in it. A host finds nothing while the next record, or
// one that will be discarded, is still written.
var recordsModel = model{Init: func() any { return records{} }, Step: step(func(q records, o *operation) (bool, records) {
	switch {
	case o.kind == take && o.status != 0:
		return o.status == errAgain && (q.taken == q.reserved || o.value&(1<<q.taken|discarding) != 0), q
	case o.kind == take:
		return o.out == q.taken && q.taken < q.reserved, records{q.reserved, q.taken + 1}
	case o.status != 0:
		return o.status == 1 && o.kind == putOld, q
	}
	return o.out == q.reserved, records{q.reserved + 1, q.taken}
})}

// fits reports whether a history is one of a map.
func fits(m model, h []operation) bool {
	ops := make([]porcupine.Operation, len(h))
	for k := range h {
		ops[k] = porcupine.Operation{ClientId: h[k].who, Input: &h[k], Call: h[k].call, Return: h[k].ret}
	}
	return porcupine.CheckOperationsTimeout(m, ops, 20*time.Second) == porcupine.Ok
}
