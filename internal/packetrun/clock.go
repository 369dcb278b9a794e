package packetrun

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/skipsw/skipsw/sim"
)

// Clock is what programs tell the time by.
type Clock struct {
	kind clockKind
	ns   uint64
}

type clockKind uint8

const (
	clockAny     clockKind = iota // capture where it has stamps, else cycles
	clockCapture                  // a packet comes at its stamp
	clockCycles                   // packets follow each other
	clockFixed                    // all packets at ns, where the clock stands still
)

// ParseClock reads "capture", "cycles" or "fixed:NS". The empty word takes the
// capture's stamps where there are some.
func ParseClock(s string) (Clock, error) {
	switch s {
	case "":
		return Clock{}, nil
	case "capture":
		return Clock{kind: clockCapture}, nil
	case "cycles":
		return Clock{kind: clockCycles}, nil
	}
	number, ok := strings.CutPrefix(s, "fixed:")
	ns, err := strconv.ParseUint(number, 10, 63)
	if !ok || err != nil {
		return Clock{}, fmt.Errorf("clock %q, must be capture, cycles, or fixed: and a number of nanoseconds below %d", s, uint64(math.MaxInt64))
	}
	return Clock{clockFixed, ns}, nil
}

// Start sets the machine's time for the first packet. It returns what sets it
// for each.
func (c Clock) Start(m *sim.Machine) (before func(stamp time.Time) error, err error) {
	kind := c.kind
	switch {
	case kind == clockAny && m.HasClock():
		kind = clockCapture // packets without stamps follow each other
	case kind == clockAny:
	case !m.HasClock() || kind == clockFixed:
		err = m.SetTime(c.ns, kind == clockFixed)
	}
	if kind != clockCapture {
		return func(time.Time) error { return nil }, err
	}
	return func(stamp time.Time) error {
		// Packets of one stamp follow each other, as those do that come too late.
		if ns := nanoseconds(stamp); ns > m.Time() {
			return m.SetTime(ns, false)
		}
		return nil
	}, err
}

// nanoseconds returns a stamp since 1970, 0 for those that 63 bits do not hold.
func nanoseconds(t time.Time) uint64 {
	if s := t.Unix(); s < 0 || s >= math.MaxInt64/int64(time.Second) {
		return 0
	}
	return uint64(t.UnixNano())
}
