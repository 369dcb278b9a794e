package ssa

import (
	"github.com/skipsw/skipsw/translate/verify"
)

// A register may hold a pointer to a map value on some paths and one to the stack
// or the packet on others. The run tells them apart by the high word, which is
// that of the maps' memory or zero, and the next to it where a pointer leads back
// by an instruction's offset.

// leastMapHigh is the least high word of maps by which that can be told.
const leastMapHigh = 4

// besides returns the kind of pointer that meets one to a map value in a register of
// different kinds, if the compiler can tell the two apart.
func (b *Builder) besides(fact *verify.Reg) (verify.Kind, bool) {
	if fact.Kind != verify.Mixed || !b.Prog.Proven() || !b.Env.Machine.Direct || b.Env.Machine.MapHigh < leastMapHigh {
		return 0, false
	}
	for _, k := range []verify.Kind{verify.PtrStack, verify.PtrPacket} {
		if fact.Meets(verify.PtrMapValue, k) {
			return k, true
		}
	}
	return 0, false
}

// wherever makes one way for a map value and one for what else the register may
// point to; the words of both meet.
func (b *Builder) wherever(r int, inMap, elsewhere func() ([]ID, error)) ([]ID, error) {
	_, hi := b.Reg(r)
	var failed error
	way := func(f func() ([]ID, error)) func() []ID {
		return func() []ID {
			words, err := f()
			if failed == nil {
				failed = err
			}
			return words
		}
	}
	size := 0
	out := b.Choose(Compare{Cond: UGT, XL: b.AddConst(hi, 1), YL: b.Const(leastMapHigh - 2)}, func() []ID {
		return b.padded(way(inMap)(), size)
	}, func() []ID {
		words := way(elsewhere)() // made before the other
		size = len(words)
		return words
	})
	return out, failed
}

// padded returns as many words as were asked for: a way that failed has none.
func (b *Builder) padded(words []ID, n int) []ID {
	for len(words) < n {
		words = append(words, b.Const(0))
	}
	return words[:n]
}

// loadMixed loads through a pointer of different kinds.
func (b *Builder) loadMixed(r int, off int32, n int) (pair, error) {
	lo, hi := b.Reg(r)
	fact := b.Fact(r)
	kind, _ := b.besides(fact)
	both := func(p pair, err error) ([]ID, error) { return []ID{p.lo, p.hi}, err }
	words, err := b.wherever(r, func() ([]ID, error) { return both(b.loadMap(lo, hi, fact, off, n)) }, func() ([]ID, error) {
		if kind == verify.PtrPacket {
			return both(b.loadWords(Value{Op: Load, Space: Packet}, []ID{lo}, uint32(off), n), nil)
		}
		return both(b.loadStack(r, off, n))
	})
	if err != nil {
		return pair{}, err
	}
	return pair{words[0], words[1]}, nil
}

// storeMixed stores through a pointer of different kinds.
func (b *Builder) storeMixed(r int, off int32, n int, v pair) error {
	lo, hi := b.Reg(r)
	fact := b.Fact(r)
	kind, _ := b.besides(fact)
	var vars []variable
	if kind == verify.PtrStack {
		var err error
		if vars, err = b.stackVars(r, off, n); err != nil {
			return err
		}
	}
	held := func() []ID {
		out := []ID{}
		for _, w := range vars {
			out = append(out, b.read(w))
		}
		return out
	}
	old := held()
	words, err := b.wherever(r, func() ([]ID, error) { return old, b.storeMap(lo, hi, fact, off, n, v) }, func() ([]ID, error) {
		if kind == verify.PtrPacket {
			b.storeWords(Value{Op: Store, Space: Packet}, []ID{lo}, uint32(off), n, v)
			return nil, nil
		}
		err := b.storeStack(r, off, n, v)
		return held(), err
	})
	if err != nil {
		return err
	}
	for k, w := range vars {
		b.write(w, words[k])
	}
	return nil
}

// stackVars returns the variables that a store of n bytes to the stack may change.
func (b *Builder) stackVars(r int, off int32, n int) ([]variable, error) {
	frame, places, err := b.stackPlaces(r, off, n)
	if err != nil || places == nil {
		return nil, err
	}
	var out []variable
	seen := map[variable]bool{}
	for _, a := range places {
		for at := a + off; at < a+off+int32(n); at++ {
			w := stackVar(frame, at/4)
			if at >= 0 && at < 512 && !seen[w] && !b.area(frame).has(at/4) {
				seen[w] = true
				out = append(out, w)
			}
		}
	}
	return out, nil
}
