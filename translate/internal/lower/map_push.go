package lower

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

var _ = register(&Helper{ID: bpf.HelperMapPushElem, Map: 1, Routine: push})

// push calls the routine that puts a value into a map without keys.
func push(c *Call) error { return withValue(c, narrowFlags(c, 3)) }

// withValue calls a routine that takes flags and the value behind R2.
func withValue(c *Call, flags ssa.ID) error {
	s, args := c.site()
	value, err := c.Behind(2, int(c.Map.ValueSize))
	if err != nil {
		return err
	}
	high := c.Const(0)
	if c.Inner {
		high, args = args[1], nil
	}
	s.Pairs, s.Value = []uint8{uint8(c.T.Calls.Flags)}, len(value)
	args = append(append(args, flags, high), value...)
	if c.pointed(&s) {
		args = append(args, c.StackBase())
	}
	c.returns(c.AddCall(s, args))
	return nil
}
