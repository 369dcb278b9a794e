package ssa

import "github.com/skipsw/skipsw/translate/verify"

// inRecord refuses memory of a helper that is not a reserved record of one ring
// buffer. Records lie in the memory of their map, one word after the other as the
// program has them.
func (b *Builder) inRecord(fact *verify.Reg) error {
	if fact.Map < 0 {
		return b.Unsupported("an access to "+kindNames[fact.Kind], "only records of one ring buffer are memory of a card")
	}
	return nil
}

// loadRecord loads from a reserved record.
func (b *Builder) loadRecord(lo ID, fact *verify.Reg, off int32, n int) (pair, error) {
	if err := b.inRecord(fact); err != nil {
		return pair{}, err
	}
	v := Value{Op: Load, Space: MapValue, Aux: int32(fact.Map), Exact: !b.Prog.Proven()}
	return b.loadWords(v, []ID{lo, b.Const(b.Env.Machine.MapHigh)}, uint32(off), n), nil
}
