package trace_test

import (
	"fmt"

	"github.com/skipsw/skipsw/sim/core"
	"github.com/skipsw/skipsw/sim/trace"
)

// A profile counts what the hooks of a core report.
func ExampleProfile() {
	p := trace.NewProfile(2)
	h := p.Hooks()
	h.Switch(core.Switch{Kind: core.SwitchBegin})
	h.Step(core.Step{Word: 0, Cycle: 10})
	h.Step(core.Step{Word: 1, Cycle: 75}) // word 0 waited for memory
	h.Exit(core.Step{Word: -1, Cycle: 78})
	fmt.Println(p.Count, p.Cycles)
	// Output: [1 1] [65 3]
}
