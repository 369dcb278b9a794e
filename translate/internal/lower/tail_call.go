package lower

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

var _ = register(&Helper{ID: bpf.HelperTailCall, Map: 2, OnMap: tailCall})

// tailCall goes on with the program in a slot, and behind the call if there is
// none. Only the low word of the index counts.
func tailCall(c *Call) error {
	index, _ := c.Reg(3)
	return c.TailCall(index, c.Map.MaxEntries, func() ssa.ID {
		lo := c.entry(index)
		return c.Add(ssa.Value{Op: ssa.Load, Space: ssa.MapValue, Size: 4, Aux: int32(c.K), Args: []ssa.ID{lo, c.Const(c.Env.Machine.MapHigh)}})
	})
}
