package lower

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// Helpers that are a word.
var (
	_ = register(&Helper{ID: bpf.HelperGetPrandomU32, Inline: word(func(c *Call) ssa.ID { return c.Add(ssa.Value{Op: ssa.Random}) })})
	// The card counts as one processor.
	_ = register(&Helper{ID: bpf.HelperGetSMPProcessorID, Inline: word(zero)})
	_ = register(&Helper{ID: bpf.HelperGetNUMANodeID, Inline: word(zero)})
	_ = register(&Helper{ID: bpf.HelperXDPGetBuffLen, Inline: word(func(c *Call) ssa.ID {
		return c.FrameLength()
	})})
)

func zero(c *Call) ssa.ID { return c.Const(0) }

// word makes a helper whose result is a number of 32 bits.
func word(make func(c *Call) ssa.ID) func(c *Call) error {
	return func(c *Call) error {
		c.SetReg(0, make(c), c.Const(0))
		return nil
	}
}
