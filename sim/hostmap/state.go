package hostmap

import "github.com/skipsw/skipsw/internal/plain"

// State goes over what changes of a map besides the memory that it is in.
func (m *Map) State(c *plain.Codec) {
	if t, ok := m.table.(*trieTable); ok {
		c.Value(&t.used)
	}
}
