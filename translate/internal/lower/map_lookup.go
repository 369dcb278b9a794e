package lower

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

var (
	_ = register(&Helper{ID: bpf.HelperMapLookupElem, Map: 1, OnMap: lookupArray, Routine: byKey})
	_ = register(&Helper{ID: bpf.HelperMapDeleteElem, Map: 1, OnMap: deleteArray, Routine: byKey})
)

// byKey calls a routine that takes a key.
func byKey(c *Call) error {
	size := 0
	if c.Map != nil {
		size = int(c.Map.KeySize)
	} else {
		for _, other := range c.Prog.Source().Maps {
			if size != 0 && size != int(other.KeySize) {
				return c.Unsupported("a call with one of several maps", "their keys differ in size")
			}
			size = int(other.KeySize)
		}
	}
	s, args := c.site()
	key, err := c.Behind(2, size)
	if err != nil {
		return err
	}
	s.Key = len(key)
	args = append(args, key...)
	if c.pointed(&s) {
		args = append(args, c.StackBase())
	}
	c.returns(c.AddCall(s, args))
	return nil
}

// pointed says in the call whether the stack base is needed to reach key or
// value.
func (c *Call) pointed(s *ssa.CallSite) bool {
	k, stack := &c.T.Calls, c.T.Entry.StackIndex
	s.Base = s.Key > 0 && k.Key.Index != stack || s.Value > 0 && k.Value.Index != stack
	return s.Base
}
