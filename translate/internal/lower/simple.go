package lower

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// Helpers that are a word.
var (
	_ = register(&Helper{ID: bpf.HelperGetPrandomU32, Inline: word(func(c *Call) ssa.ID { return c.Add(ssa.Value{Op: ssa.Random}) })})
	_ = register(&Helper{ID: bpf.HelperGetSMPProcessorID, Inline: word(cpu)})
	_ = register(&Helper{ID: bpf.HelperGetNUMANodeID, Inline: word(zero)})
	_ = register(&Helper{ID: bpf.HelperXDPGetBuffLen, Inline: word(func(c *Call) ssa.ID {
		return c.FrameLength()
	})})
)

func zero(c *Call) ssa.ID { return c.Const(0) }

// cpu returns the number of the CPU: 0 where the card counts as one.
func cpu(c *Call) ssa.ID {
	if p := c.Env.Machine.CPU; p != nil {
		return c.Part(p)
	}
	return c.Const(0)
}

// word makes a helper whose result is a number of 32 bits.
func word(make func(c *Call) ssa.ID) func(c *Call) error {
	return func(c *Call) error {
		c.SetReg(0, make(c), c.Const(0))
		return nil
	}
}
