package debug

import (
	"errors"
	"fmt"
)

// Unit is how far a step goes.
type Unit uint8

// The units.
const (
	Word   Unit = iota
	Insn        // to the first word of another eBPF instruction
	Line        // to the first word of another C line
	Packet      // to the end of the packet, or that of the next one
)

// unitOf identifies the line or instruction of a word; ok is false for words of
// routines and those that belong to none, which steps pass by.
func (s *Session) unitOf(u Unit, word int) (id string, ok bool) {
	img := s.o.Image
	if word < 0 {
		return "end", true
	}
	l := img.LineOf(word)
	owner, symbol := Owner(img, word)
	if l == nil || symbol != "" {
		return "", false
	}
	if u == Insn {
		return fmt.Sprintf("%s\x00%d", owner, l.Insn), l.Insn >= 0
	}
	return fmt.Sprintf("%s\x00%s\x00%d", owner, l.File, l.LineNo), l.LineNo > 0
}

// Step goes on by a unit, and stops before that at a breakpoint, a fault, or the end
// of the packet.
func (s *Session) Step(u Unit) error {
	from, _ := s.unitOf(u, s.p.last.word)
	start := s.At()
	s.Reason, s.Hit = "step", nil
	return s.settle(s.advance(func(e *event) bool {
		if s.stops(e) {
			return true
		}
		switch {
		case e.at.Done || u == Word:
			return true
		case u == Packet:
			return false
		case e.at.Packet != start.Packet:
			return true
		}
		id, ok := s.unitOf(u, e.word)
		return ok && id != from
	}))
}

// Continue goes on to the next breakpoint or fault.
func (s *Session) Continue() error {
	s.Reason, s.Hit = "breakpoint", nil
	return s.settle(s.advance(s.stops))
}

// stops reports whether a breakpoint or a fault stops an event, and notes which.
func (s *Session) stops(e *event) bool {
	if s.Hit = s.hits(e); len(s.Hit) > 0 {
		for _, b := range s.Hit {
			b.Hits++
		}
		s.Reason = "breakpoint"
		return true
	}
	if e.at.Done && e.result.Fault != nil {
		s.Reason = "fault"
		return true
	}
	return false
}

// settle notes that the run is at its end.
func (s *Session) settle(err error) error {
	if errors.Is(err, ErrEnd) {
		s.Reason = "end"
	}
	return err
}

// Back goes back by a unit: to where the line or instruction before began, or to
// the word before. From the beginning of a packet it goes to the end of the one
// before.
func (s *Session) Back(u Unit) error {
	at := s.At()
	if at.Step == 0 && !at.Done || u == Packet && !at.Done {
		if at.Packet == 0 {
			if at.Step == 0 {
				return fmt.Errorf("this is the beginning: %w", ErrEnd)
			}
			return s.back(Pos{})
		}
		if u == Packet && at.Step > 0 {
			return s.back(Pos{Packet: at.Packet})
		}
		return s.back(Pos{Packet: at.Packet - 1, Step: never, Done: true})
	}
	switch {
	case u == Packet:
		return s.back(Pos{Packet: at.Packet})
	case u == Word:
		return s.back(Pos{Packet: at.Packet, Step: at.Step - 1})
	}
	return s.back(Pos{Packet: at.Packet, Step: s.backTo(u)})
}

// never is a number of words that no packet executes: the place of its end.
const never = 1 << 40

// backTo returns where in the packet the unit began that was executed before the
// one at hand.
func (s *Session) backTo(u Unit) int {
	trace := s.p.trace
	here, _ := s.unitOf(u, s.p.last.word)
	k := len(trace) - 1
	// What belongs to the unit at hand, and to none, is passed by.
	for ; k > 0; k-- {
		if id, ok := s.unitOf(u, int(trace[k])); ok && id != here {
			break
		}
	}
	want, _ := s.unitOf(u, int(trace[k]))
	first := k
	for ; k >= 0; k-- {
		id, ok := s.unitOf(u, int(trace[k]))
		if ok && id != want {
			break
		}
		if ok {
			first = k
		}
	}
	return first
}

func (s *Session) back(to Pos) error {
	if to.Step == never {
		// The end of a packet is found by running to it.
		if err := s.restart(to.Packet); err != nil {
			return err
		}
		s.Reason, s.Hit = "step", nil
		return s.advance(func(e *event) bool { return e.at.Packet == to.Packet && e.at.Done })
	}
	err := s.Goto(to)
	s.Reason = "step"
	return err
}

// Reverse goes back to the last breakpoint or fault before the place, or to the
// beginning.
func (s *Session) Reverse() error {
	found, any := Pos{}, false
	var which []*Break
	// Stretches between checkpoints, the last one first.
	for until, first := s.At(), never; !any && first > 0; until = (Pos{Packet: first}) {
		at := until.Packet
		if until.Step == 0 && !until.Done {
			at-- // what comes before its first word
		}
		first = s.points.before(max(0, at)).packet
		if err := s.restart(first); err != nil {
			return err
		}
		err := s.advance(func(e *event) bool {
			if !e.at.Before(until) {
				return true
			}
			if hit := s.hits(e); len(hit) > 0 || e.at.Done && e.result.Fault != nil {
				found, any, which = e.at, true, hit
			}
			return false
		})
		if err != nil {
			return err
		}
	}
	if err := s.Goto(found); err != nil {
		return err
	}
	s.Reason, s.Hit = "entry", which
	switch {
	case len(which) > 0:
		s.Reason = "breakpoint"
	case any:
		s.Reason = "fault"
	}
	return nil
}
