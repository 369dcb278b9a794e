package mem

import "fmt"

// PartKind is what a part of a memory is.
type PartKind uint8

// The kinds.
const (
	PartBank   PartKind = iota // a bank, for reads and writes
	PartEngine                 // a bank's atomic engine
	PartDRAM                   // the channel to a unit's DRAM
	PartBus                    // the bus out of an island, of no unit
)

// Part is something in the memory that serves one command after another.
type Part struct {
	Kind PartKind
	Unit UnitID
	// Island has the part, if units are of islands and for a bus; else -1.
	Island int
	// Bank is the number of the bank, if there are several; else -1.
	Bank int
}

// longNames are those that a reader may not know.
var longNames = map[string]string{
	"ctm": "cluster target memory", "cls": "cluster scratch", "imem": "internal memory", "emem": "external memory",
}

// LongName returns the name of a memory in words.
func LongName(memory string) string {
	if n, ok := longNames[memory]; ok {
		return n
	}
	return "memory " + memory
}

// Name returns the part in words: "external memory atomics, bank 3".
func (p Part) Name(units []Unit) string {
	if p.Kind == PartBus {
		return fmt.Sprintf("command bus of island %d", p.Island)
	}
	out := LongName(units[p.Unit].Name)
	switch p.Kind {
	case PartEngine:
		out += " atomics"
	case PartDRAM:
		out += " DRAM"
	}
	if p.Island >= 0 {
		out += fmt.Sprintf(" of island %d", p.Island)
	}
	if p.Bank >= 0 {
		out += fmt.Sprintf(", bank %d", p.Bank)
	}
	return out
}

// Parts returns all parts: the servers of each unit in order, then the DRAMs, then the
// buses.
func (s *System) Parts() (out []Part) {
	for u := range s.cfg.Units {
		shape := &s.cfg.Units[u].Shape
		kinds, islands := 1, 1
		if shape.AtomicBusy != 0 {
			kinds = 2
		}
		if shape.PerIsland {
			islands = s.cfg.islands()
		}
		for i := range islands {
			for k := range kinds {
				for b := range shape.banks() {
					p := Part{Kind: PartKind(k), Unit: UnitID(u), Island: i, Bank: b}
					if !shape.PerIsland {
						p.Island = -1
					}
					if shape.banks() == 1 {
						p.Bank = -1
					}
					out = append(out, p)
				}
			}
		}
	}
	for u := range s.cfg.Units {
		if s.cfg.Units[u].Shape.Cache.Lines != 0 {
			out = append(out, Part{Kind: PartDRAM, Unit: UnitID(u), Island: -1, Bank: -1})
		}
	}
	for i := range s.buses {
		out = append(out, Part{Kind: PartBus, Island: i, Bank: -1})
	}
	return out
}

// Busy appends the cycles for which each of Parts was busy to a list.
func (s *System) Busy(out []uint64) []uint64 {
	first := len(out)
	out = s.BusyShared(out)
	s.AddOwnBusy(out[first:], Key{Cycle: ^uint64(0)})
	return out
}

// BusyShared is Busy with zeros for units that each island has for itself.
func (s *System) BusyShared(out []uint64) []uint64 {
	for u := range s.state {
		for i := range s.state[u].Servers {
			n := uint64(0)
			if !s.own[u] {
				n = s.state[u].Servers[i].Busy
			}
			out = append(out, n)
		}
	}
	for u := range s.state {
		if s.cfg.Units[u].Shape.Cache.Lines != 0 {
			out = append(out, s.state[u].Cache.Used)
		}
	}
	for i := range s.buses {
		out = append(out, s.buses[i].Busy)
	}
	return out
}

// AddOwnBusy adds what BusyShared leaves out, of commands that came before a moment,
// which is no more than two windows ago.
func (s *System) AddOwnBusy(parts []uint64, before Key) {
	for u := range s.state {
		if s.own[u] {
			for i := range s.state[u].Servers {
				parts[s.state[u].parts+i] += s.state[u].Servers[i].Busy
			}
		}
	}
	for k := range s.islands {
		for _, log := range [...][]taken{s.islands[k].old, s.islands[k].log} {
			for _, t := range log {
				if !t.at.Before(before) {
					parts[t.part] -= t.n
				}
			}
		}
	}
}

// Lines returns how many lines commands have found in a unit's cache, and how many
// came from DRAM.
func (s *System) Lines(unit UnitID) (hits, misses uint64) {
	c := &s.state[unit].Cache
	return c.Hits, c.Misses
}
