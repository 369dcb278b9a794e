package mem

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestApart serves the same commands with islands together and apart: their order in each
// unit, the cycles of their signals, and what was busy at a moment are the same.
func TestApart(t *testing.T) {
	const islands, each, window, windows = 3, 2, 40, 30
	build := func(got *[]reply) (*System, []*Region) {
		s := New(Config{IslandSources: each, Sources: islands * each, Units: []Unit{
			{Name: "own", Latency: Latency{Read: 40, Write: 45, Atomic: 50, PerWord: 1, Busy: 3}, Shape: Shape{PerIsland: true}},
			{Name: "all", Latency: Latency{Read: 100, Write: 90, Atomic: 120, PerWord: 1, Busy: 7}, Shape: Shape{Banks: 2, Interleave: 8, Bus: 1}},
		}})
		all := &Region{Name: "all", Unit: 1, Base: 0x1000, Size: 32, Data: make([]byte, 32)}
		require.Nil(t, s.Map.Add(all))
		regions := []*Region{all}
		for source := range islands * each {
			s.Connect(source, recorder{source, got})
			regions = append(regions, &Region{Name: "own", Base: uint64(source), Size: 8, Data: make([]byte, 8)})
		}
		return s, regions
	}
	var together, apart []reply
	a, regionsA := build(&together)
	b, regionsB := build(&apart)
	_, own, ok := b.CanPart()
	require.True(t, ok)
	require.EqualValues(t, window, own)
	b.Part(true)

	random := rand.New(rand.NewPCG(1, 2))
	var moment Key
	var busy []uint64
	for n := range uint64(windows) {
		from := n * window
		for source := range islands * each {
			for range random.IntN(4) {
				// Behind the end of the window, too: a context keeps its core.
				q := Command{Op: Add, Test: true, Bytes: 4, Arrival: from + random.Uint64N(window+20), Ticket: Ticket{Source: uint16(source)}}
				k := random.IntN(2) * (source + 1)
				q.Offset = uint64(4 * random.IntN(2))
				p := q
				q.Region, p.Region = regionsA[k], regionsB[k]
				q.Address, p.Address = q.Region.Base+q.Offset, q.Region.Base+q.Offset
				a.Post(&q, []uint64{1})
				b.Post(&p, []uint64{1})
			}
		}
		if n == windows/2 {
			moment = Key{from + window/2, 3}
			a.Serve(moment)
			busy = a.Busy(nil)
		}
		a.Serve(Key{Cycle: from + window})

		// What was sent a window before is served in this one, and answered in the next.
		var then []uint64
		if n > 0 {
			b.Receive(n-1, from-window)
			if n == windows/2+1 {
				b.ServeCollected(moment)
				then = b.BusyShared(nil)
			}
			b.ServeCollected(Key{Cycle: from})
		}
		for i := range islands {
			through(b, i, each, n, from+window)
		}
		if then != nil {
			b.AddOwnBusy(then, moment)
			require.Equal(t, busy, then)
		}
	}
	b.Receive(windows-1, (windows-1)*window)
	b.ServeCollected(Key{Cycle: windows * window})
	for source := range islands * each {
		b.Deliver(source, 0)
		b.Deliver(source, 1)
	}
	b.Part(false)
	a.Serve(Key{Cycle: 10_000})
	b.Serve(Key{Cycle: 10_000})
	require.NotEmpty(t, together)
	require.ElementsMatch(t, together, apart)
	require.Equal(t, a.Busy(nil), b.Busy(nil))
}

// through goes through a window on an island.
func through(s *System, island, each int, number, end uint64) {
	first, last := island*each, (island+1)*each
	for source := first; source < last; source++ {
		s.Deliver(source, number)
	}
	s.Begin(island)
	s.ServeOwn(island, first, last, end)
	s.Send(island, first, last, number, end)
}
