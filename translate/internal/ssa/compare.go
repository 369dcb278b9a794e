package ssa

import (
	"fmt"
	"math"

	"github.com/skipsw/skipsw/translate/verify"
)

// A compare-and-exchange is a read, a comparison and a write: the atomic engine has
// no command that is all three (its compare-and-write commands write what they
// compare with). So it is made under a lock, one of the map, and all who write
// bytes that some program compares take that lock, too; who only reads does not.
// Nobody waits for anything but memory while it has the lock, so that it may be taken
// under any other.

// heldBit is the bit of a lock's word that is set while it is held.
const heldBit = 1

// Acquire waits for the lock at an address of map k, -1 for one of several. Each try
// gives up the core. What is read behind it is not read before: an atomic operation
// parts what is known of values before and behind it.
func (b *Builder) Acquire(k int, at, high ID) {
	one := b.Const(heldBit)
	b.Until(func() Compare {
		old := b.Add(Value{Op: AtomicOr, Space: MapValue, Aux: int32(k), Size: 4, Args: []ID{at, high, one}})
		return Compare{Cond: NTS, XL: b.Add(Value{Op: Word, Args: []ID{old}}), YL: one}
	})
}

// Release gives the lock at an address back. All writes before have gone to memory
// before it: where memory takes commands in order behind one another, elsewhere
// each of them was waited for.
func (b *Builder) Release(k int, at, high ID) {
	b.Add(Value{Op: AtomicClr, Space: MapValue, Aux: int32(k), Size: 4, Args: []ID{at, high, b.Const(heldBit)}})
}

// anywhere is the bytes of an access at an offset that is not known.
var anywhere = Span{math.MinInt64 / 2, math.MaxInt64 / 2}

// bytesAt returns the bytes of a value that an access may reach.
func bytesAt(fact *verify.Reg, off int32, n int) Span {
	if !fact.OffKnown {
		return anywhere
	}
	at := int64(fact.Off) + int64(off)
	return Span{at, at + int64(n)}
}

// meets reports whether spans share a byte.
func (s Span) meets(o Span) bool { return s.Lo < o.Hi && o.Lo < s.Hi }

// compares reports whether some program compares bytes of a span.
func (p *MapPlace) compares(s Span) bool {
	for _, c := range p.Compared {
		if c.meets(s) {
			return true
		}
	}
	return false
}

// lockKnown reports whether each map that a pointer may belong to has a lock for
// what is compared: inner maps have none.
func (b *Builder) lockKnown(fact *verify.Reg) bool {
	for k, m := range b.Prog.Source().Maps {
		if fact.MayBe(k) && (fact.Inner || m.Inner != nil) {
			return false
		}
	}
	return true
}

// alone makes a write to bytes of a map value at lo plus off, under the lock of
// compared words where some program compares them. It returns what body returns.
func (b *Builder) alone(fact *verify.Reg, lo ID, off int32, bytes Span, body func() ([]ID, error)) ([]ID, error) {
	var maps []int
	plain := false
	for k := range b.Env.Maps {
		if !fact.MayBe(k) {
			continue
		}
		if b.Env.Maps[k].compares(bytes) {
			maps = append(maps, k)
		} else {
			plain = true
		}
	}
	switch {
	case len(maps) == 0:
		return body()
	case fact.Inner:
		return nil, b.Unsupported("a write to values of inner maps that are compared and exchanged", "which map's lock is to be taken is not known")
	case !b.Prog.Proven():
		return nil, b.Unsupported(fmt.Sprintf("a write that is not proven, to values of map %s that are compared and exchanged", b.Prog.Source().Maps[maps[0]].Name),
			"where it writes under the lock has to be known")
	}
	return b.aloneIn(maps, plain, b.AddConst(lo, uint32(off)), body)
}

// aloneIn is alone for one of several maps, or with plain one of others that need no
// lock, by the address that is written.
func (b *Builder) aloneIn(maps []int, plain bool, at ID, body func() ([]ID, error)) (words []ID, err error) {
	p, high := &b.Env.Maps[maps[0]], b.Const(b.Env.Machine.MapHigh)
	under := func() []ID {
		lock := b.Const(uint32(p.CompareLock))
		b.Acquire(maps[0], lock, high)
		w, wrong := body()
		if wrong != nil {
			err = wrong
		}
		b.Release(maps[0], lock, high)
		return w
	}
	if len(maps) == 1 && !plain {
		words = under()
		return words, err
	}
	words = b.Choose(Compare{Cond: ULT, XL: b.AddConst(at, -uint32(p.Base)), YL: b.Const(uint32(p.Size))}, under, func() []ID {
		rest := body
		if len(maps) > 1 {
			rest = func() ([]ID, error) { return b.aloneIn(maps[1:], plain, at, body) }
		}
		w, wrong := rest()
		if wrong != nil {
			err = wrong
		}
		return w
	})
	return words, err
}
