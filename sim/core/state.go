package core

import (
	"github.com/skipsw/skipsw/internal/plain"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim/mem"
)

// State goes over all that changes of a core, packet buffers among it. The codec
// knows what stands for regions of memory. A core that reads takes its work from
// w, in the middle of it.
func (c *Core) State(p *plain.Codec, w Work) {
	p.Value(&c.shared, &c.schedule)
	for i := range c.ctx {
		x := &c.ctx[i]
		p.Value(&x.state, &x.access, &x.deferred, &x.buf.Data)
		if x.rest != nil {
			p.Value(&x.rest.Data)
		}
		c.code.FaultState(p, &x.fault)
	}
	if p.Reading() {
		c.work, c.asks, c.recent, c.alone = w, Intake{}, nil, false
		if a, ok := w.(Asking); ok {
			c.asks = a.Asks()
		}
	}
}

// Buffers returns the packet buffers of the contexts, and where their packets go on.
func (c *Core) Buffers() (out []*mem.Region) {
	for i := range c.ctx {
		out = append(out, c.ctx[i].buf)
		if r := c.ctx[i].rest; r != nil {
			out = append(out, r)
		}
	}
	return out
}

// FaultState goes over a fault, which may be none. Its line is the image's.
func (cd *Code) FaultState(p *plain.Codec, f **Fault) {
	plain.Pointers(p, func(*image.Line) uint64 { return 0 }, func(uint64) (*image.Line, error) { return nil, nil })
	some := *f != nil
	if p.Value(&some); !some {
		*f = nil
		return
	}
	var v Fault
	if *f != nil {
		v = **f
	}
	v.Line = nil
	p.Value(&v)
	if p.Reading() {
		if v.Word >= 0 {
			v.Line = cd.img.LineOf(v.Word)
		}
		*f = &v
	}
}
