package lower

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

var (
	_ = register(&Helper{ID: bpf.HelperMapLookupElem, Map: 1, OnMap: lookupArray, Routine: byKey, Together: sameKey})
	_ = register(&Helper{ID: bpf.HelperMapDeleteElem, Map: 1, OnMap: deleteArray, Routine: byKey, Together: sameKey})
)

// byKey calls a routine that takes a key.
func byKey(c *Call) error {
	m := c.Map
	if m == nil {
		m = c.Several[0]
	}
	s, args := c.site()
	key, err := c.Behind(2, int(m.KeySize))
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
