package firmware

import "github.com/skipsw/skipsw/internal/plain"

// Stateful is a model that can give its state: what it keeps between the calls
// for a packet.
type Stateful interface {
	// State goes over it.
	State(c *plain.Codec)
}

// State implements Stateful.
func (f *Skipsw) State(c *plain.Codec) {
	c.Value(&f.sent)
	for i := range f.queues {
		c.Value(&f.queues[i].given)
	}
}

// State implements Stateful.
func (f *Agilio) State(c *plain.Codec) { c.Value(&f.sent) }
