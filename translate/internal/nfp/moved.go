package nfp

import "github.com/skipsw/skipsw/translate/internal/ssa"

// packetMoves says what of the packet vector may be other than at the program's
// begin, so that what puts the first values back has to write them.
type packetMoves struct{ ptr, length bool }

func (m *packetMoves) add(n packetMoves) { m.ptr, m.length = m.ptr || n.ptr, m.length || n.length }

// moves returns what a value changes of the packet vector.
func (s *selector) moves(v *ssa.Value) packetMoves {
	switch {
	case v.Op == ssa.SetPkt:
		return packetMoves{ptr: s.f.V(v.Args[0]).Op != ssa.PktPtr, length: s.f.V(v.Args[1]).Op != ssa.PktLen}
	case v.Op == ssa.Call && s.f.Site(v).Program:
		return packetMoves{true, true}
	}
	return packetMoves{}
}

// followMoves fills before: for each SetPkt what some way to it has changed.
func (s *selector) followMoves() {
	s.before = map[ssa.ID]packetMoves{}
	in := make([]packetMoves, len(s.f.Blocks))
	for changed := true; changed; {
		changed = false
		for _, b := range s.order {
			now := in[b]
			for _, id := range s.f.B(b).Values {
				v := s.f.V(id)
				if v.Op == ssa.SetPkt {
					s.before[id] = now
				}
				now.add(s.moves(v))
			}
			for _, e := range s.f.B(b).Term.Succs {
				was := in[e.To]
				in[e.To].add(now)
				changed = changed || in[e.To] != was
			}
		}
	}
}
