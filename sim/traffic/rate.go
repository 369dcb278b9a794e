package traffic

import (
	"fmt"
	"strconv"
	"strings"
)

// ParseRate reads a number of events a second: "800M", "2.5G", "64".
func ParseRate(s string) (uint64, error) {
	scale, digits := 1.0, s
	for suffix, by := range map[string]float64{"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12} {
		if d, ok := strings.CutSuffix(s, suffix); ok {
			scale, digits = by, d
		}
	}
	v, err := strconv.ParseFloat(digits, 64)
	if err != nil || !(v*scale >= 1 && v*scale <= 1e15) {
		return 0, fmt.Errorf("%q is no number like 800M or 2.5G", s)
	}
	return uint64(v*scale + 0.5), nil
}
