package mem

import "fmt"

// Shape is how a unit is built inside: what in it works side by side. The zero
// Shape is one server for everything, without a cache. Numbers are those of
// docs/timing.md.
type Shape struct {
	// PerIsland says that each island has a unit of its own.
	PerIsland bool
	// Banks take commands side by side; 0 is one. Bytes at addresses below the
	// same multiple of Interleave lie in one bank.
	Banks      int
	Interleave uint64
	// AtomicBusy is the number of cycles for which an atomic command keeps its
	// bank's atomic engine, for 8 bytes. The engine works beside the bank's
	// reads and writes. 0 is an engine that is one with them.
	AtomicBusy uint32
	// Bus is the number of cycles for which each 8 bytes of a command's data keep the
	// bus out of its island. 0 is a unit that is not behind the bus.
	Bus uint32
	// Cache lies before the unit's DRAM; without lines there is no DRAM.
	Cache Cache
}

// Cache is a cache and the DRAM behind it. A line comes from DRAM when it is
// not there, for a write, too; a changed one goes back when its place is needed.
type Cache struct {
	Lines, Ways int
	LineBytes   uint64
	// Miss is how many cycles later the signal of a command comes whose line comes
	// from an open page of DRAM, and PageMiss how many more if the page is closed.
	Miss, PageMiss uint32
	// Fill is the number of cycles for which a line keeps the DRAM channel.
	Fill uint32
	// DRAMBanks are the banks of the DRAM, each with one open page of PageBytes. One
	// that opens a page is busy for PageBusy cycles.
	DRAMBanks int
	PageBytes uint64
	PageBusy  uint32
}

// Check rejects what makes no unit.
func (s *Shape) Check() error {
	c := &s.Cache
	within := func(what string, n, low, high uint64) error {
		if n < low || n > high {
			return fmt.Errorf("%d %s; there can be %d to %d", int64(n), what, low, high)
		}
		return nil
	}
	if err := within("banks", uint64(s.Banks), 0, 64); err != nil {
		return err
	}
	if s.Banks > 1 {
		if err := within("bytes of a bank side by side", s.Interleave, 1, 1<<30); err != nil {
			return err
		}
	}
	if c.Lines == 0 {
		return nil
	}
	for _, f := range []struct {
		what    string
		n, most uint64
	}{
		{"lines of cache", uint64(c.Lines), 1 << 22},
		{"ways of a cache", uint64(c.Ways), 64},
		{"bytes of a line", c.LineBytes, 1 << 16},
		{"banks of DRAM", uint64(c.DRAMBanks), 256},
		{"bytes of a DRAM page", c.PageBytes, 1 << 30},
	} {
		if err := within(f.what, f.n, 1, f.most); err != nil {
			return err
		}
	}
	if c.Lines%c.Ways != 0 {
		return fmt.Errorf("%d lines of cache in %d ways; they fill no whole sets", c.Lines, c.Ways)
	}
	return nil
}

// banks returns the number of banks of one unit.
func (s *Shape) banks() int { return max(s.Banks, 1) }

// bank returns the bank of an address.
func (s *Shape) bank(addr uint64) int {
	if s.Banks <= 1 {
		return 0
	}
	return int(addr / s.Interleave % uint64(s.Banks))
}
