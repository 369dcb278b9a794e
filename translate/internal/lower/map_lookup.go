package lower

import (
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/microcode"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/object"
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
	if c.own && c.ID == bpf.HelperMapLookupElem {
		s.Near = c.place().Near
	}
	key, err := c.Behind(2, int(m.KeySize))
	if err != nil {
		return err
	}
	args = append(args, c.passed(&s, m, key, nil)...)
	if c.pointed(&s) {
		args = append(args, c.StackBase())
	}
	c.returns(c.AddCall(s, args))
	return nil
}

// passed says in the call how many words of a key and a value it takes where, and
// returns them in this order. A key that is too long for its place comes in front of
// the value.
func (c *Call) passed(s *ssa.CallSite, m *object.Map, key, value []ssa.ID) []ssa.ID {
	s.Key, s.Value = len(key), len(value)
	if near := microcode.Of(m.Type).NearKey; c.T.Direct() && near != 0 && m.KeySize > near {
		s.Key, s.Value = 0, len(key)+len(value)
		if tail := m.KeySize % 4; tail != 0 {
			key = slices.Clone(key)
			key[len(key)-1] = c.And(key[len(key)-1], 1<<(8*tail)-1)
		}
	}
	return slices.Concat(key, value)
}

// pointed says in the call whether the stack base is needed to reach key or
// value.
func (c *Call) pointed(s *ssa.CallSite) bool {
	k, stack := &c.T.Calls, c.T.Entry.StackIndex
	s.Base = s.Key > 0 && k.Key.Index != stack || s.Value > 0 && k.Value.Index != stack
	return s.Base
}
