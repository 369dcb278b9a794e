package ssa

import (
	"github.com/skipsw/skipsw/translate/verify"
)

// A register may hold a pointer to a map value on some paths and one to the stack
// or the packet on others, or one to the packet and one to the stack. The run tells
// the first from the others by the high word, which is that of the maps' memory or
// zero, and the next to it where a pointer leads back by an instruction's offset;
// packets from the stack by bits that every pointer to a packet has.

// leastMapHigh is the least high word of maps by which that can be told, and
// leastPacket the least low word of packets: stack addresses are below.
const (
	leastMapHigh = 4
	leastPacket  = 1 << 24
)

// kinds are two kinds of pointers that meet in a register.
type kinds struct{ far, near verify.Kind }

// meeting returns the kinds of pointers that meet in a register of different
// kinds, if the compiler can tell them apart.
func (b *Builder) meeting(fact *verify.Reg) (kinds, bool) {
	m := &b.Env.Machine
	if fact.Kind != verify.Mixed || !b.Prog.Proven() {
		return kinds{}, false
	}
	for _, k := range []kinds{{verify.PtrMapValue, verify.PtrStack}, {verify.PtrMapValue, verify.PtrPacket}, {verify.PtrPacket, verify.PtrStack}} {
		told := m.Direct && m.MapHigh >= leastMapHigh
		if k.far == verify.PtrPacket {
			told = m.PointerSet >= 2*leastPacket
		}
		if told && fact.Meets(k.far, k.near) {
			return k, true
		}
	}
	return kinds{}, false
}

// wherever makes one way for each of two kinds of pointers in a register; the words
// of both meet.
func (b *Builder) wherever(r int, k kinds, make func(verify.Kind) ([]ID, error)) ([]ID, error) {
	lo, hi := b.Reg(r)
	var failed error
	way := func(k verify.Kind) []ID {
		words, err := make(k)
		if failed == nil {
			failed = err
		}
		return words
	}
	isFar := Compare{Cond: UGT, XL: b.AddConst(hi, 1), YL: b.Const(leastMapHigh - 2)}
	if k.far == verify.PtrPacket {
		isFar = Compare{Cond: UGE, XL: lo, YL: b.Const(leastPacket)}
	}
	size := 0
	out := b.Choose(isFar, func() []ID { return b.padded(way(k.far), size) }, func() []ID {
		words := way(k.near) // made before the other
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
func (b *Builder) loadMixed(r int, meet kinds, off int32, n int) (pair, error) {
	lo, hi := b.Reg(r)
	words, err := b.wherever(r, meet, func(k verify.Kind) ([]ID, error) {
		var p pair
		var err error
		switch k {
		case verify.PtrMapValue:
			p, err = b.loadMap(lo, hi, b.Fact(r), off, n)
		case verify.PtrPacket:
			p = b.loadWords(Value{Op: Load, Space: Packet}, []ID{lo}, uint32(off), n)
		default:
			p, err = b.loadStack(r, off, n)
		}
		return []ID{p.lo, p.hi}, err
	})
	if err != nil {
		return pair{}, err
	}
	return pair{words[0], words[1]}, nil
}

// storeMixed stores through a pointer of different kinds.
func (b *Builder) storeMixed(r int, meet kinds, off int32, n int, v pair) error {
	lo, hi := b.Reg(r)
	var vars []variable
	if meet.near == verify.PtrStack {
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
	words, err := b.wherever(r, meet, func(k verify.Kind) ([]ID, error) {
		switch k {
		case verify.PtrMapValue:
			return old, b.storeMap(lo, hi, b.Fact(r), off, n, v)
		case verify.PtrPacket:
			b.storeWords(Value{Op: Store, Space: Packet}, []ID{lo}, uint32(off), n, v)
			return old, nil
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

// beyond reports whether n bytes behind a stack pointer are never inside the stack.
func (b *Builder) beyond(r, n int) bool {
	_, places, err := b.stackPlaces(r, 0, n)
	for _, at := range places {
		if at >= 0 && int(at)+n <= 512 {
			return false
		}
	}
	return err == nil && len(places) > 0
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
