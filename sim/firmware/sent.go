package firmware

import "github.com/skipsw/skipsw/sim/hostmap"

// sent is the events of a context's packet.
type sent struct {
	events []Event
	bytes  []byte
}

func (s *sent) clear() { s.events, s.bytes = s.events[:0], s.bytes[:0] }

// copy returns a copy of b that lasts until clear.
func (s *sent) copy(b []byte) []byte {
	from := len(s.bytes)
	s.bytes = append(s.bytes, b...)
	return s.bytes[from:len(s.bytes):len(s.bytes)]
}

// add notes a record of the queue of a map.
func (s *sent) add(id uint32, r *hostmap.Record) {
	s.events = append(s.events, Event{Map: id, Data: s.copy(r.Data), Packet: s.copy(r.Packet)})
}
