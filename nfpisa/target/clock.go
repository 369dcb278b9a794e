package target

import (
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/nfpisa"
)

// Clock is what programs tell the time by: the timestamp counters of all cores,
// which count in step and which the host sets to its own monotonic time when a
// program is attached.
type Clock struct {
	// MHz is the rate of the cores, in cycles a microsecond.
	MHz int `json:"mhz"`
}

// ClockHelpers are the helpers that need the clock, by name.
var ClockHelpers = []string{"ktime_get_ns", "ktime_get_boot_ns", "ktime_get_coarse_ns"}

// Tick returns the nanoseconds of a count of the timestamp.
func (c *Clock) Tick() uint32 { return uint32(nfpisa.TimestampTick * 1000 / c.MHz) }

// Cycles returns the cycles of whole counts of the timestamp that fit into a time
// in nanoseconds.
func (c *Clock) Cycles(ns uint64) uint64 {
	return ns / uint64(c.Tick()) * nfpisa.TimestampTick
}

// clock checks the clock, and that nothing needs one that is not there.
func (c *checker) clock() {
	t := c.t
	if t.Clock != nil {
		c.within("clock.mhz", t.Clock.MHz, 1, nfpisa.TimestampTick*1000)
	}
	used := slices.ContainsFunc(ClockHelpers, t.HasHelper)
	if used && t.Clock == nil || !used && t.Clock != nil {
		c.fail("clock and one of %s come together", fmt.Sprintf("helpers.%v", ClockHelpers))
	}
}

// clockHonoured refuses rates at which a count is no whole number of
// nanoseconds.
func (c *checker) clockHonoured() {
	if k := c.t.Clock; k != nil && nfpisa.TimestampTick*1000%k.MHz != 0 {
		c.refuse("clock.mhz", k.MHz, fmt.Sprintf("a divisor of %d", nfpisa.TimestampTick*1000),
			"the compiler takes a whole number of nanoseconds for a count of the timestamp")
	}
}
