package sim

import (
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim/core"
	"github.com/skipsw/skipsw/sim/mem"
)

// rest is where packets go on that a buffer has no room for.
type rest struct {
	unit mem.UnitID
	base uint64
	size int // bytes of a packet
}

// rest returns where the packets of an image go on, nil if nowhere.
func (m *Memory) rest(img *image.Image) (*rest, error) {
	f := img.Target.Packet.Fragments
	if f == nil {
		return nil, nil
	}
	unit, err := m.unit(f.Memory)
	if err != nil {
		return nil, err
	}
	return &rest{unit, f.Base, f.Size}, nil
}

// of returns the memory of a core's contexts, none of which has bytes before it is
// used.
func (r *rest) of(id int, p *target.Packet) (out [core.Contexts]*mem.Region) {
	if r == nil {
		return out
	}
	for i := range out {
		number := uint64(id*core.Contexts + i + 1)
		out[i] = &mem.Region{Name: "packet behind its buffer", Unit: r.unit, Base: r.base + number<<p.NumberLow, Size: uint64(r.size)}
	}
	return out
}
