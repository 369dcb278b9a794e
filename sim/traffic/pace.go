package traffic

import (
	"fmt"
	"math/bits"
)

// Second is a second in picoseconds, the unit of time here: a bit at 40 Gb/s
// takes 25 of them.
const Second = 1_000_000_000_000

// The rates in bits a second and the bursts that a Pace takes: at the highest
// rate, a bit takes a picosecond.
const (
	MinRate  = 1000
	MaxRate  = Second
	MaxBurst = 1 << 16
)

// MulDiv returns a * b / c, rounded down. It is for results that fit: of times
// up to 2^64 picoseconds, 213 days.
func MulDiv(a, b, c uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	if hi >= c {
		panic(fmt.Sprintf("BUG: %d * %d / %d does not fit", a, b, c))
	}
	q, _ := bits.Div64(hi, lo, c)
	return q
}

// Pace says when the frames of a port may begin, so that they come at an
// average rate: preamble and gap count. Frames come in bursts, which begin when
// the rate has room for what was before.
type Pace struct {
	rate  uint64 // bits a second
	burst int

	bits  uint64 // begun so far
	place int    // in the burst
	start uint64 // of the burst
}

// NewPace makes a pace of a rate in bits a second with bursts of so many
// frames, 1 for none.
func NewPace(rate uint64, burst int) (*Pace, error) {
	if rate < MinRate || rate > MaxRate {
		return nil, fmt.Errorf("traffic: a rate of %d bits a second; it must be %d to %d", rate, MinRate, uint64(MaxRate))
	}
	if burst < 1 || burst > MaxBurst {
		return nil, fmt.Errorf("traffic: bursts of %d frames; a burst has 1 to %d", burst, MaxBurst)
	}
	return &Pace{rate: rate, burst: burst}, nil
}

// Next returns the time in picoseconds before which the next frame does not
// begin, for the bytes that it takes on the wire, preamble and gap included.
func (p *Pace) Next(bytes int) uint64 {
	if p.place == 0 {
		p.start = MulDiv(p.bits, Second, p.rate)
	}
	p.place = (p.place + 1) % p.burst
	p.bits += 8 * uint64(bytes)
	return p.start
}

// Longest returns the longest time in picoseconds from one frame to the next
// when frames have up to so many bytes in memory.
func (p *Pace) Longest(length int) uint64 {
	all := 8 * uint64(Preamble+Wire(length)+Gap)
	return MulDiv(all*uint64(p.burst), Second, p.rate)
}
