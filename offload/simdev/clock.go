package simdev

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/sim"
)

// keepTime lets the card's clock show the host's monotonic time, unless it is
// ahead: it does not go back.
func keepTime(m *sim.Machine) error {
	if !m.HasClock() {
		return nil
	}
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return fmt.Errorf("read the monotonic clock: %w", err)
	}
	if now := uint64(ts.Nano()); now > m.Time() {
		return m.SetTime(now, false)
	}
	return nil
}
