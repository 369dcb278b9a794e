package number

import (
	"math"
	"math/bits"
)

// limits are the ends that growing ranges take.
var limits = [...]uint64{
	0, math.MaxUint8, math.MaxUint16, math.MaxInt32, math.MaxUint32, math.MaxInt64, math.MaxUint64,
}

// Widened returns a number that holds s and now, with ranges that grow to the
// next of few limits: a sequence of wider and wider numbers ends soon.
func (s *Scalar) Widened(now *Scalar) Scalar {
	if now.Within(s) {
		return *s
	}
	if s.Broken() || now.Broken() {
		return Unknown()
	}
	w := Unknown()
	// Of the known bits those stay that tell the alignment.
	differ := s.Bits.Mask | now.Bits.Mask | (s.Bits.Value ^ now.Bits.Value)
	low := uint64(1)<<min(3, bits.TrailingZeros64(differ)) - 1
	w.Bits = Tnum{Value: s.Bits.Value & low, Mask: ^low}
	if w.UMin = s.UMin; now.UMin < s.UMin {
		w.UMin = 0
	}
	if w.UMax = s.UMax; now.UMax > s.UMax {
		w.UMax = nextLimit(now.UMax)
	}
	if w.SMin = s.SMin; now.SMin < s.SMin {
		if w.SMin = math.MinInt64; now.SMin >= 0 {
			w.SMin = 0
		}
	}
	if w.SMax = s.SMax; now.SMax > s.SMax {
		if w.SMax = math.MaxInt64; now.SMax >= 0 {
			w.SMax = int64(min(nextLimit(uint64(now.SMax)), math.MaxInt64))
		}
	}
	w.Sync()
	return w
}

func nextLimit(v uint64) uint64 {
	for _, l := range limits {
		if v <= l {
			return l
		}
	}
	return math.MaxUint64
}
