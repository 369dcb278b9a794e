package lower

import (
	"math"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/verify"
)

var _ = register(&Helper{ID: bpf.HelperPerfEventOutput, Map: 2, Routine: event, OnMap: queueEvent, Together: anyMaps})

// event calls the firmware's routine that sends data to the host.
func event(c *Call) error {
	e := c.T.Event
	number, _ := c.Reg(2)
	flo, fhi := c.Reg(3)
	plo, phi := c.Reg(4)
	size, _ := c.Reg(5)
	zero := c.Const(0)
	if !c.F.Is(flo, bpf.FCurrentCPU&math.MaxUint32) {
		return c.Unsupported("an event for another index than BPF_F_CURRENT_CPU", "which processor gets the firmware's message is not known")
	}
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
	send := func() []ssa.ID {
		call := c.AddCall(s, append([]ssa.ID{number, zero, flo, fhi, plo, phi, size, zero}, data...))
		return []ssa.ID{c.Result(call, 0), c.Result(call, 1)}
	}
	var words []ssa.ID
	if unknown := c.And(fhi, ^uint32(bpf.FCtxLenMask>>32)); c.F.Is(unknown, 0) {
		words = send()
	} else {
		words = c.Choose(ssa.Compare{Cond: ssa.EQ, XL: unknown, YL: zero}, send, func() []ssa.ID {
			return []ssa.ID{c.Errno(bpf.EINVAL), c.Const(math.MaxUint32)}
		})
	}
	c.SetReg(0, words[0], words[1])
	return nil
}
