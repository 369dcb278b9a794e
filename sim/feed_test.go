package sim

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
)

// stream gives packets that come at given cycles.
type stream struct {
	t       *testing.T
	packets []Input
	from    []uint64
	now     uint64
	given   []Moment
	ended   []Moment
	faults  []FaultKind
}

func (s *stream) at(m Moment) {
	require.GreaterOrEqual(s.t, m.Cycle, s.now, "calls come in the order of time")
	s.now = m.Cycle
}

func (s *stream) Next(m Moment, in *Input) (uint64, bool) {
	s.at(m)
	k := len(s.given)
	if k == len(s.packets) {
		return 0, false
	}
	s.given = append(s.given, m)
	*in = s.packets[k]
	return s.from[k], true
}

func (s *stream) Done(m Moment, res *Result) {
	s.at(m)
	s.ended = append(s.ended, m)
	kind := FaultNone
	if res.Fault != nil {
		kind = res.Fault.Kind
	}
	s.faults = append(s.faults, kind)
}

// TestFeed shows when contexts take packets that come in time: they pay for
// being busy when they ask, and wait once the packet is there.
func TestFeed(t *testing.T) {
	sys := testSystem(t, 2, ret(nfpisa.Const(1)), func(s *Spec, _ *image.Image) { s.Worker = Routine{Busy: 10, Wait: 100} })
	long := Input{Packet: make([]byte, sys.MaxPacket()+1)}
	for range 2 {
		f := &stream{t: t, packets: []Input{{}, {}, long, {}}, from: []uint64{0, 1000, 1001, 1002}}
		require.NoError(t, sys.StartFeed(f))
		require.Error(t, sys.StartFeed(f), "there is work left")
		sys.Run()
		const program = 4 // two words, and a branch that nothing fills
		require.Equal(t, []Moment{{0, 0, 0}, {1, 0, 0}, {0, 1, 10}, {0, 1, 10}}, f.given)
		require.Equal(t, []Moment{{0, 1, 10}, {0, 0, 110 + program}, {1, 0, 1100 + program}, {0, 1, 1102 + program}}, f.ended)
		require.Equal(t, []FaultKind{FaultInput, FaultNone, FaultNone, FaultNone}, f.faults)
		n := sys.Throughput()
		require.EqualValues(t, []uint64{3, 1}, []uint64{n[0].Packets, n[1].Packets})
		require.EqualValues(t, []uint64{1, 0}, []uint64{n[0].Faults, n[1].Faults})
		require.NoError(t, sys.Reset())
	}
	f := &stream{t: t, packets: []Input{{}}, from: []uint64{MaxAhead + 11}}
	require.NoError(t, sys.StartFeed(f))
	require.PanicsWithValue(t, "BUG: a feed's packet comes more than MaxAhead cycles ahead", sys.Run)
}
