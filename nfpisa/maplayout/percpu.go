package maplayout

import "fmt"

// Copies are the values of a per-CPU map for one key, which lie one behind the other in
// the place of a value: that of CPU i is i x Step bytes behind the first. A map that is not
// per CPU has none.
type Copies struct {
	CPUs uint32 // how many, 0 for maps that are not per CPU
	Step uint32 // bytes; a power of two, or the sum or difference of two
}

// Numbers of a layout with copies.
const (
	ParamCPUs = "cpus"
	ParamStep = "cpu_step"
)

// copies returns the copies of a map's values.
func (s Shape) copies() Copies {
	if s.CPUs == 0 {
		return Copies{}
	}
	return Copies{CPUs: s.CPUs, Step: quickStride(up(s.ValueSize))}
}

// room returns the bytes that the values for one key take, a multiple of Align.
func (c Copies) room(valueSize uint32) uint32 {
	if c.CPUs == 0 {
		return up(valueSize)
	}
	return c.CPUs * c.Step
}

// Bytes returns the bytes of the copies, 0 if there are none.
func (c Copies) Bytes() uint32 { return c.CPUs * c.Step }

// param adds the copies to the numbers of a layout.
func (c Copies) param(params map[string]uint64) map[string]uint64 {
	if c.CPUs == 0 {
		return params
	}
	if params == nil {
		params = map[string]uint64{}
	}
	params[ParamCPUs], params[ParamStep] = uint64(c.CPUs), uint64(c.Step)
	return params
}

// maxRoom is the most bytes that the values for one key may take.
const maxRoom = 1 << 30

// parseCopies takes the copies from the numbers of a layout.
func parseCopies(k Kind, s Shape, params map[string]uint64) (Copies, error) {
	cpus, step := params[ParamCPUs], params[ParamStep]
	if cpus == 0 && step == 0 {
		return Copies{}, nil
	}
	if cpus == 0 || step < uint64(up(s.ValueSize)) || step%Align != 0 || step > maxRoom || cpus > maxRoom/step {
		return Copies{}, fmt.Errorf("layout %s with values of %d bytes for %d CPUs, %d bytes apart", k, s.ValueSize, cpus, step)
	}
	return Copies{CPUs: uint32(cpus), Step: uint32(step)}, nil
}

// quickStride rounds a multiple of Align up to one that is a power of two or the sum or
// difference of two of them, by which a number is quickly multiplied.
func quickStride(n uint32) uint32 {
	for ; ; n += Align {
		if _, _, _, ok := PowersOf(n); ok {
			return n
		}
	}
}

// PowersOf splits a number into 2^a, or 2^a + sign x 2^b.
func PowersOf(n uint32) (a, b, sign int, ok bool) {
	for a = range 32 {
		if n == 1<<a {
			return a, 0, 0, true
		}
		for b = range a {
			switch n {
			case 1<<a + 1<<b:
				return a, b, 1, true
			case 1<<a - 1<<b:
				return a, b, -1, true
			}
		}
	}
	return 0, 0, 0, false
}
