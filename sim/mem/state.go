package mem

import (
	"fmt"

	"github.com/skipsw/skipsw/internal/plain"
)

// State goes over all that changes of the memory: contents, clocks, caches, and
// commands on their way. The codec knows what stands for regions, see Regions. A
// memory that reads must be made as the one that was written, with the same regions.
func (s *System) State(c *plain.Codec) {
	for _, r := range s.Map.regions {
		c.Same("a region of memory", fmt.Sprintf("%q at %#x, %d bytes", r.Name, r.Base, r.Size))
		n := len(r.Data)
		c.Value(&r.Data)
		if len(r.Data) != n {
			c.Fail(fmt.Errorf("region %q has %d bytes, and had %d", r.Name, n, len(r.Data)))
			return
		}
	}
	c.Value(&s.state, &s.buses, &s.served)
	if c.Reading() && s.requesters != nil {
		s.calendar = newCalendar()
	}
	for i := range s.boxes {
		s.boxState(c, i)
	}
}

// boxState goes over the commands of a source that wait. One that reads has none.
func (s *System) boxState(c *plain.Codec, source int) {
	all := s.waiting(source)
	n := len(all)
	c.Value(&n)
	if c.Reading() {
		s.boxes[source] = outbox{}
	}
	b := &s.boxes[source]
	c.Value(&b.latest)
	for i := range n {
		var q queued
		if !c.Reading() {
			q = *all[i]
		}
		c.Value(&q.cmd, &q.words)
		if c.Reading() {
			b.posted = insert(b.posted, b.keep(&q.cmd, q.words[:]))
		}
	}
}

// Regions says what stands for regions: the address of their first byte, in the
// address map or among others.
func (s *System) Regions(c *plain.Codec, others []*Region) {
	plain.Pointers(c, func(r *Region) uint64 { return r.Base }, func(base uint64) (*Region, error) {
		for _, r := range others {
			if r.Base == base {
				return r, nil
			}
		}
		if r := s.Map.Find(base); r != nil {
			return r, nil
		}
		return nil, fmt.Errorf("there is no memory at address %#x", base)
	})
}
