package nfp

import "time"

// Faults are what a card does wrong on demand. The zero value is a card in
// order.
type Faults struct {
	// RefuseUpdate is the bits of a vNIC's update word that the card refuses.
	RefuseUpdate uint32
	// DelayUpdate is how late the card answers an update.
	DelayUpdate time.Duration
	// The next replies to map messages that are lost, that have a wrong tag, or
	// that end behind the header.
	LoseReplies, WrongTags, CutReplies int
	// DelayReplies is how late each reply comes.
	DelayReplies time.Duration
}

// Bits of Faults.RefuseUpdate.
const (
	UpdateGeneral = updateGeneral
	UpdateRings   = updateRing
	UpdateProgram = updateBPF
)

// SetFaults changes what the card does wrong.
func (c *Card) SetFaults(f Faults) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = f
}

// SendEvents sends a perf event to the host n times.
func (c *Card) SendEvents(e Event, n int) {
	c.Do(func(Firmware) {
		c.mu.Lock()
		defer c.mu.Unlock()
		for range n {
			c.event(e)
		}
	})
}
