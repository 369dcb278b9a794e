package lower

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/verify"
)

var _ = register(&Helper{ID: bpf.HelperPerfEventOutput, Map: 2, Routine: event, Together: anyMaps})

// event calls the firmware's routine that sends data to the host.
func event(c *Call) error {
	e := c.T.Event
	number, _ := c.Reg(2)
	flo, fhi := c.Reg(3)
	plo, phi := c.Reg(4)
	size, _ := c.Reg(5)
	zero := c.Const(0)
	s := ssa.CallSite{Helper: c.ID, Map: -1, Pairs: []uint8{uint8(e.Map), uint8(e.Flags), uint8(e.Data), uint8(e.Size)}}
	var data []ssa.ID
	switch c.Fact(4).Kind {
	case verify.PtrStack:
		n, ok := c.F.IsConst(size)
		if !ok {
			return c.Unsupported("event data of a size known at run time only", "stack bytes are kept in registers")
		}
		words, err := c.Behind(4, int(n))
		if err != nil {
			return err
		}
		s.Kind, plo, phi, data = e.Stack, c.StackBase(), zero, words
	case verify.PtrMapValue:
		s.Kind = e.MapValue
	default:
		return c.Unsupported("event data that is neither on the stack nor in a map value", "the firmware takes no other")
	}
	s.Data = len(data)
	c.returns(c.AddCall(s, append([]ssa.ID{number, zero, flo, fhi, plo, phi, size, zero}, data...)))
	return nil
}
