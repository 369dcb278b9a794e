package verify

import (
	"bytes"
)

// constString checks that a register points to a string that nobody changes, with the 0 byte at
// its end, as the kernel does (check_reg_const_str).
func (c *call) constString(n uint8) *Error {
	v, p := c.v, c.v.reg(n)
	if p.kind != PtrMapValue {
		return unsafef("%s needs a constant string in R%d, it holds %s", c.name, n, p.kind.name())
	}
	m := v.mapOf(p)
	value, ok := m.Constant()
	switch {
	case !ok || !rules.Map(m.Type).Direct:
		return unsafef("%s needs a constant string in R%d, and map %q may change", c.name, n, m.Name).
			hint("make it a string literal or a const array of the program")
	case !p.Scalar.IsConst():
		return unsafef("%s needs a constant string in R%d, and where in map %q it begins is not constant", c.name, n, m.Name)
	}
	v.origins.need(p.node)
	at := int64(p.off) + int64(p.Bits.Value)
	if err := c.memory(n, 1, false); err != nil {
		return err
	}
	if at < int64(len(value)) && bytes.IndexByte(value[at:], 0) < 0 && len(value) == int(m.ValueSize) {
		return unsafef("the string of map %q at byte %d, which %s gets in R%d, has no 0 byte at its end", m.Name, at, c.name, n)
	}
	return nil
}
