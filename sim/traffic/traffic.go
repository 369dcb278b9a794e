package traffic

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"

	"github.com/skipsw/skipsw/internal/unsupported"
)

// Bytes of a frame on the wire.
const (
	FCS      = 4    // frame check sequence, IEEE 802.3
	MinFrame = 64   // with it
	MaxFrame = 9216 // the longest that the drivers of such cards allow
	Preamble = 8    // preamble and start delimiter, in front of each frame
	Gap      = 12   // the least between two
)

// Wire returns the bytes that a frame has on the wire, with its check sequence
// and what pads it up to the least size, for its bytes in memory.
func Wire(length int) int { return max(length+FCS, MinFrame) }

// Packet is a frame to come: all that its bytes depend on.
type Packet struct {
	Length int    // bytes that a program sees
	Index  uint32 // the flow, or the place in the list
}

// Source is a finite stream of frames.
type Source interface {
	// Next fills in the next frame; false means that there is none.
	Next(p *Packet) bool
	// Frame returns the bytes of a frame that Next gave, until the next call.
	Frame(p *Packet) []byte
	// Packets is how many Next gives in all.
	Packets() uint64
	// Longest is the most bytes of a frame that a program sees.
	Longest() int
}

// Flows is a Source that tells flows apart.
type Flows interface {
	// Flow returns a number that frames of one flow share.
	Flow(p *Packet) uint32
}

// Cut is a Source with frames of which bytes are missing.
type Cut interface {
	// CutFrames returns how many of the frames given so far were cut.
	CutFrames() uint64
}

// Spec describes generated frames.
type Spec struct {
	Sizes []Size // in turn, in the proportion of their weights
	Flows int    // different addresses and ports
	// Zipf is the exponent by which the first flows are more frequent; 0 makes
	// all equally so.
	Zipf     float64
	Protocol Protocol
	To       netip.AddrPort // destination, IPv4
	Seed     uint64
	Packets  uint64
}

// DefaultSpec is a million of the shortest frames of one UDP flow.
func DefaultSpec() Spec {
	return Spec{
		Sizes: []Size{{Bytes: MinFrame, Weight: 1}}, Flows: 1, Protocol: UDP, Seed: 1, Packets: 1_000_000,
		To: netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 1}), 53),
	}
}

// MaxFlows is the number of source addresses that generated flows have: those
// of 10.0.0.0/8.
const MaxFlows = 1 << 24

func (s *Spec) check() error {
	if len(s.Sizes) == 0 {
		return errors.New("no frame size is given")
	}
	for _, z := range s.Sizes {
		if z.Bytes < MinFrame || z.Bytes > MaxFrame {
			return fmt.Errorf("frames of %d bytes; Ethernet has %d to %d with the check sequence", z.Bytes, MinFrame, MaxFrame)
		}
		if z.Weight < 1 {
			return fmt.Errorf("frames of %d bytes have weight %d; it must be at least 1", z.Bytes, z.Weight)
		}
	}
	if s.Flows < 1 || s.Flows > MaxFlows {
		return fmt.Errorf("%d flows; there can be 1 to %d", s.Flows, MaxFlows)
	}
	if s.Zipf != 0 && !(s.Zipf > 1 && s.Zipf <= 100) {
		return unsupported.New(fmt.Sprintf("a Zipf exponent of %v", s.Zipf), "the generator takes those above 1 up to 100, and 0 for flows that are equally frequent")
	}
	if !s.To.Addr().Is4() {
		return unsupported.New(fmt.Sprintf("destination %s", s.To.Addr()), "generated frames are IPv4; a capture file can have any")
	}
	if s.Protocol != UDP && s.Protocol != TCP {
		return unsupported.New(fmt.Sprintf("protocol %d", s.Protocol), "generated frames are UDP or TCP; a capture file can have any")
	}
	return nil
}

// generator is a Source made from a Spec.
type generator struct {
	spec    Spec
	left    uint64
	sizes   turns
	random  *rand.Rand
	zipf    *rand.Zipf
	builder builder
	longest int
}

// New returns a Source of generated frames.
func New(s Spec) (Source, error) {
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("traffic: %w", err)
	}
	g := &generator{spec: s, left: s.Packets, sizes: newTurns(s.Sizes), random: rand.New(rand.NewPCG(s.Seed, 0))}
	if s.Zipf != 0 {
		g.zipf = rand.NewZipf(g.random, s.Zipf, 1, uint64(s.Flows-1))
	}
	for _, z := range s.Sizes {
		g.longest = max(g.longest, z.Bytes-FCS)
	}
	g.builder = newBuilder(&s, g.longest)
	return g, nil
}

// Next implements Source.
func (g *generator) Next(p *Packet) bool {
	if g.left == 0 {
		return false
	}
	g.left--
	p.Length = g.sizes.next() - FCS
	switch {
	case g.spec.Flows == 1:
		p.Index = 0
	case g.zipf != nil:
		p.Index = uint32(g.zipf.Uint64())
	default:
		p.Index = g.random.Uint32N(uint32(g.spec.Flows))
	}
	return true
}

// Frame implements Source.
func (g *generator) Frame(p *Packet) []byte { return g.builder.frame(p) }

// Flow implements Flows.
func (g *generator) Flow(p *Packet) uint32 { return p.Index }

// Packets implements Source.
func (g *generator) Packets() uint64 { return g.spec.Packets }

// Longest implements Source.
func (g *generator) Longest() int { return g.longest }
