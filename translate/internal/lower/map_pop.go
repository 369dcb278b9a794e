package lower

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/microcode"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/verify"
)

var (
	_ = register(&Helper{ID: bpf.HelperMapPopElem, Map: 1, Routine: takeValue})
	_ = register(&Helper{ID: bpf.HelperMapPeekElem, Map: 1, Routine: peek})
)

// peek calls the routine that gives the next value, or tells whether there is one.
func peek(c *Call) error {
	if microcode.Of(c.Map.Type).Asked {
		return withValue(c, c.Const(0))
	}
	return takeValue(c)
}

// takeValue calls the routine that gives the next value of a queue or a stack,
// and writes it to the stack; zeros if there is none.
func takeValue(c *Call) error {
	n := int(c.Map.ValueSize)
	if c.Fact(2).Kind != verify.PtrStack {
		return c.Unsupported("a helper that copies a value to anything but the stack", "the compiler has no translation for it")
	}
	s, args := c.site()
	call := c.AddCall(s, args)
	code := c.Result(call, 0)
	var value, none []ssa.ID
	for k := range (n + 3) / 4 {
		value = append(value, c.Result(call, ssa.ResultValue+k))
		none = append(none, c.Const(0))
	}
	words := c.Choose(ssa.Compare{Cond: ssa.EQ, XL: code, YL: c.Const(0)}, func() []ssa.ID { return value }, func() []ssa.ID { return none })
	if err := c.Fill(2, n, words); err != nil {
		return err
	}
	c.SetResult(code)
	return nil
}
