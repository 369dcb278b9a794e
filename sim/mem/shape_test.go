package mem

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/plain"
)

var slow = Latency{Read: 100, Write: 90, Atomic: 120, PerWord: 1, Busy: 10}

// shaped returns a memory of a shape, and what issues a command of 8 bytes and
// returns when its signal comes.
func shaped(shape Shape, cfg Config) (*System, func(source uint16, op Op, at, cycle uint64) uint64) {
	cfg.Units = []Unit{{Name: "emem", Latency: slow, Shape: shape}}
	s := New(cfg)
	r := &Region{Name: "r", Base: 1 << 20, Size: 1 << 20, Data: make([]byte, 1<<20)}
	s.Map.Add(r)
	return s, func(source uint16, op Op, at, cycle uint64) uint64 {
		q := Command{Op: op, Bytes: 8, Address: r.Base + at, Offset: at, Region: r, Arrival: cycle, Ticket: Ticket{Source: source}}
		return s.Do(&q, make([]uint64, 2), make([]uint64, 2)) - cycle
	}
}

// TestBanks shows that commands wait for their own bank alone, atomic ones for its
// engine.
func TestBanks(t *testing.T) {
	s, do := shaped(Shape{Banks: 4, Interleave: 64, AtomicBusy: 30}, Config{})
	require.EqualValues(t, 100, do(0, Read, 0, 0))
	require.EqualValues(t, 110, do(0, Read, 56, 0), "the same bank")
	require.EqualValues(t, 100, do(0, Read, 64, 0), "the next one")
	require.EqualValues(t, 120, do(0, Read, 256, 0), "the first one again")
	require.EqualValues(t, 120, do(0, Add, 8, 0), "its engine is free")
	require.EqualValues(t, 150, do(0, Add, 16, 0))
	require.EqualValues(t, 120, do(0, Add, 72, 0))
	busy := map[string]uint64{}
	for i, n := range s.Busy(nil) {
		if n > 0 {
			busy[s.Parts()[i].Name(s.Units())] = n
		}
	}
	require.Equal(t, map[string]uint64{
		"external memory, bank 0": 30, "external memory, bank 1": 10,
		"external memory atomics, bank 0": 60, "external memory atomics, bank 1": 30,
	}, busy)
}

// TestIslands shows units of islands and the bus out of each.
func TestIslands(t *testing.T) {
	cfg := Config{IslandSources: 2, Sources: 5}
	s, do := shaped(Shape{PerIsland: true}, cfg)
	require.EqualValues(t, 100, do(0, Read, 0, 0))
	require.EqualValues(t, 110, do(1, Read, 0, 0))
	require.EqualValues(t, 100, do(2, Read, 0, 0))
	require.EqualValues(t, 100, do(4, Read, 0, 0))
	require.Equal(t, "external memory of island 2", s.Parts()[2].Name(s.Units()))
	require.Len(t, s.Parts(), 3+3, "and a bus each")

	_, do = shaped(Shape{Banks: 64, Interleave: 8, Bus: 40}, cfg)
	require.EqualValues(t, 100, do(0, Read, 0, 0))
	require.EqualValues(t, 140, do(1, Read, 8, 0), "the bus is taken")
	require.EqualValues(t, 100, do(2, Read, 16, 0), "another island's is not")
}

// TestCache shows lines that come and go, DRAM pages, banks and the channel.
func TestCache(t *testing.T) {
	shape := Shape{Banks: 64, Interleave: 64, Cache: Cache{
		Lines: 4, Ways: 2, LineBytes: 64, Miss: 200, PageMiss: 50, Fill: 5, DRAMBanks: 2, PageBytes: 1024, PageBusy: 40,
	}}
	s, do := shaped(shape, Config{})
	now := uint64(0)
	read := func(at uint64) uint64 { now += 1000; return do(0, Read, at, now) }
	require.EqualValues(t, 350, read(0), "from a closed page")
	require.EqualValues(t, 100, read(8), "there")
	require.EqualValues(t, 300, read(128), "from an open page; the same set")
	require.EqualValues(t, 100, read(0))
	require.EqualValues(t, 300, read(256), "throws out 128, which was used longest ago")
	require.EqualValues(t, 100, read(0))
	require.EqualValues(t, 300, read(128))
	hits, misses := s.Lines(0)
	require.Equal(t, []uint64{3, 4}, []uint64{hits, misses})

	// Four at once: the second waits for the channel, the third for its bank of
	// DRAM, too.
	s.Reset()
	require.EqualValues(t, 350, do(0, Read, 0, 0))
	require.EqualValues(t, 305, do(0, Read, 64, 0))
	require.EqualValues(t, 390, do(0, Read, 4096, 0), "another page of the same bank")
	require.EqualValues(t, 365, do(0, Read, 1024, 0), "a page of the other one")

	// A changed line goes back.
	s.Reset()
	do(0, Write, 0, 0)
	before := s.Busy(nil)
	do(0, Read, 128, 1000)
	do(0, Read, 256, 2000)
	after := s.Busy(nil)
	dram := len(after) - 2
	require.Equal(t, PartDRAM, s.Parts()[dram].Kind)
	require.EqualValues(t, 15, after[dram]-before[dram], "two lines come and one goes")

	_, do = shaped(Shape{Cache: Cache{Lines: 4, Ways: 2, LineBytes: 8, Miss: 200, Fill: 5, DRAMBanks: 1, PageBytes: 1024}}, Config{})
	require.EqualValues(t, 305, do(0, Read, 4, 0), "two lines, the second behind the first")
}

// TestShapeCheck tests what makes no unit.
func TestShapeCheck(t *testing.T) {
	good := Cache{Lines: 8, Ways: 2, LineBytes: 64, DRAMBanks: 1, PageBytes: 64}
	for name, tt := range map[string]struct {
		shape Shape
		want  string
	}{
		"zero":       {Shape{}, ""},
		"cache":      {Shape{Cache: good}, ""},
		"banks":      {Shape{Banks: 65}, "65 banks; there can be 0 to 64"},
		"negative":   {Shape{Banks: -1}, "-1 banks"},
		"interleave": {Shape{Banks: 2}, "0 bytes of a bank side by side"},
		"ways":       {Shape{Cache: Cache{Lines: 8, LineBytes: 64, DRAMBanks: 1, PageBytes: 64}}, "0 ways"},
		"sets":       {Shape{Cache: Cache{Lines: 8, Ways: 3, LineBytes: 64, DRAMBanks: 1, PageBytes: 64}}, "8 lines of cache in 3 ways"},
		"line":       {Shape{Cache: Cache{Lines: 8, Ways: 2, DRAMBanks: 1, PageBytes: 64}}, "0 bytes of a line"},
		"dram":       {Shape{Cache: Cache{Lines: 8, Ways: 2, LineBytes: 64, PageBytes: 64}}, "0 banks of DRAM"},
		"page":       {Shape{Cache: Cache{Lines: 8, Ways: 2, LineBytes: 64, DRAMBanks: 1}}, "0 bytes of a DRAM page"},
	} {
		t.Run(name, func(t *testing.T) {
			err := tt.shape.Check()
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.want)
		})
	}
}

// TestState shows that a memory that reads the state of another goes on as that one
// does, and that it must have the same regions.
func TestState(t *testing.T) {
	make2 := func() (*System, func(uint16, Op, uint64, uint64) uint64) {
		return shaped(Shape{Banks: 2, Interleave: 64, Cache: Cache{Lines: 4, Ways: 2, LineBytes: 64, Miss: 200, Fill: 5, DRAMBanks: 1, PageBytes: 64, PageBusy: 9}}, Config{})
	}
	a, doA := make2()
	doA(0, Write, 64, 0)
	doA(0, Read, 128, 3)
	var saved bytes.Buffer
	c := plain.NewWriter(&saved)
	a.Regions(c, nil)
	a.State(c)
	require.NoError(t, c.End())

	b, doB := make2()
	c = plain.NewReader(bytes.NewReader(saved.Bytes()))
	b.Regions(c, nil)
	b.State(c)
	require.NoError(t, c.End())
	for cycle := uint64(5); cycle < 500; cycle += 7 {
		at := cycle * 64 % 1024
		require.Equal(t, doA(0, Add, at, cycle), doB(0, Add, at, cycle))
	}
	require.Equal(t, a.Map.Find(1<<20).Data, b.Map.Find(1<<20).Data)

	other := New(Config{Units: a.Units()})
	other.Map.Add(&Region{Name: "s", Base: 1 << 20, Size: 8, Data: make([]byte, 8)})
	c = plain.NewReader(bytes.NewReader(saved.Bytes()))
	other.State(c)
	require.ErrorContains(t, c.End(), `a region of memory is "s" at 0x100000, 8 bytes here, and was "r"`)
}
