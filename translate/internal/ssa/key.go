package ssa

import (
	"fmt"

	"github.com/skipsw/skipsw/translate/verify"
)

// Keys of elements that a callback gets. One of a hash map lies in the entry. One of an
// array is the index, and lies nowhere: the pointer's low word is the index plus the
// pointer's offset.

// keyPlace tells whether keys behind a pointer lie in memory.
func (b *Builder) keyPlace(fact *verify.Reg) (inMemory bool, err error) {
	if fact.Map < 0 {
		return false, b.Unsupported("an access to a key of one of several maps", "which one it is of is not known")
	}
	place := &b.Env.Maps[fact.Map]
	if fact.Inner {
		place = place.Inner
	}
	return place.Hashed, nil
}

// loadKey loads from a key.
func (b *Builder) loadKey(lo, hi ID, fact *verify.Reg, off int32, n int) (pair, error) {
	inMemory, err := b.keyPlace(fact)
	switch {
	case err != nil:
		return pair{}, err
	case inMemory:
		return b.loadWords(Value{Op: Load, Space: MapValue, Aux: int32(fact.Map)}, []ID{lo, b.Const(b.Env.Machine.MapHigh)}, uint32(off), n), nil
	case !fact.OffKnown:
		return pair{}, b.Unsupported(fmt.Sprintf("a read of %d bytes of an array's key at an offset that a run tells", n), "the index is in a register")
	}
	return pair{b.piece(b.AddConst(lo, -uint32(fact.Off)), fact.Off+off, n), b.Const(0)}, nil
}
