package simdev

import (
	"fmt"

	"github.com/skipsw/skipsw/sim"
)

// keepTime lets the card's clock show the host's monotonic time, unless it is
// ahead: it does not go back.
func keepTime(m *sim.Machine) error {
	if !m.HasClock() {
		return nil
	}
	now, err := monotonic()
	if err != nil {
		return fmt.Errorf("read the monotonic clock: %w", err)
	}
	if now > m.Time() {
		return m.SetTime(now, false)
	}
	return nil
}
