package nic

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/traffic"
	"github.com/skipsw/skipsw/translate/bpf"
)

// watcher sees that frames of a flow leave in order, and each at most once.
type watcher struct {
	t       testing.TB
	last    map[string]uint64
	left    uint64
	overall int // frames that left behind one that came in later
	newest  map[int]uint64
}

// sees looks at a frame that leaves: its flow is its source address and port.
func (w *watcher) sees(d Departure) {
	flow := fmt.Sprint(d.In, d.Frame[26:30], d.Frame[34:36])
	require.Greater(w.t, d.Place, w.last[flow], "flow %s", flow)
	w.last[flow] = d.Place
	if d.Place < w.newest[d.In] {
		w.overall++
	}
	w.newest[d.In] = max(w.newest[d.In], d.Place)
	w.left++
}

// TestOverload asks each part of the card for more than it can do: all frames are
// accounted for, those of a flow leave in order, and nothing hangs.
func TestOverload(t *testing.T) {
	tx, pass := verdict(t, "xdp", uint32(bpf.XDPTX)), verdict(t, "xdp", uint32(bpf.XDPPass))
	slow := map[string]sim.Latency{"emem": {Read: 200, Write: 180, Atomic: 200, PerWord: 2, Busy: 400}}
	for _, tt := range []struct {
		name       string
		scene      *scene
		drops      []string
		bottleneck string
	}{
		{"two ports into one", newScene(tx, func(s *scene) { s.spec.Egress = []int{0, 0} }), []string{DropEgress}, "egress of port 0"},
		{"buffers exhausted", newScene(tx, func(s *scene) {
			s.spec.Cores, s.spec.Buffers, s.spec.Machine.Worker.Busy = 5, 20, 2000
		}), []string{DropBuffer}, "5 worker cores"},
		{"memory saturated", newScene(sample(t, "count_by_proto", "skipsw"), func(s *scene) {
			s.spec.HostRate, s.spec.Machine.Memories = 200_000_000_000, slow
			s.traffic.Packets = 8000
			s.spec.Machine.Shapes = map[string]sim.Shape{"ctm": {PerIsland: true}, "emem": {Banks: 8, Interleave: 64, AtomicBusy: 200}}
		}), []string{DropBuffer}, "external memory atomics, bank 5, 100 % busy"},
		{"bus saturated", newScene(sample(t, "count_by_proto", "skipsw"), func(s *scene) {
			s.spec.HostRate = 200_000_000_000
			shape := s.spec.Machine.Shapes["emem"]
			shape.Bus = 200
			s.spec.Machine.Shapes["emem"] = shape
			s.traffic.Packets = 8000
		}), []string{DropBuffer}, "command bus of island"},
		{"host stalled", newScene(pass, func(s *scene) { s.spec.HostRate, s.spec.HostQueue = 1_000_000, 8 }), []string{DropHost}, "way to the host"},
		{"all at once", newScene(sample(t, "flow_track", "skipsw"), func(s *scene) {
			s.spec.Cores, s.spec.Buffers, s.spec.HostQueue, s.spec.EgressQueue = 8, 32, 3, 3
			s.spec.HostRate, s.spec.Machine.Memories = 2_000_000_000, slow
			s.spec.Egress = []int{1, 1}
			s.traffic.Packets = 8000
		}), nil, ""},
	} {
		for _, order := range []Order{OrderFlow, OrderPort, OrderNone} {
			t.Run(fmt.Sprint(tt.name, " ", order), func(t *testing.T) {
				s := *tt.scene
				s.spec.Order = order
				w := &watcher{t: t, last: map[string]uint64{}, newest: map[int]uint64{}}
				if order != OrderNone {
					s.spec.Leave = w.sees
				}
				card, err := New(s.img, s.spec)
				require.NoError(t, err)
				res, err := card.Run(t.Context(), s.inputs(t))
				require.NoError(t, err)
				requireConserved(t, res)
				require.Equal(t, s.traffic.Packets*uint64(s.spec.Ports), res.Packets.In)
				require.Zero(t, res.Packets.InFlight)
				if tt.drops != nil {
					require.Equal(t, tt.drops, drops(res))
				}
				require.Contains(t, res.Bottleneck, tt.bottleneck)
				if order != OrderNone {
					require.Equal(t, res.Packets.Sent+res.Packets.Host, w.left)
					require.EqualValues(t, w.overall, res.Packets.Reordered)
				}
				if order == OrderPort {
					require.Zero(t, res.Packets.Reordered)
				}
			})
		}
	}
}

// TestOrder runs a program whose packets take very different times: without an
// order frames overtake those of their own flow.
func TestOrder(t *testing.T) {
	img := sample(t, "l4_balance", "skipsw")
	overtaken := 0
	last := map[string]uint64{}
	s := newScene(img, func(s *scene) {
		s.traffic.Packets, s.traffic.Flows = 5000, 50
		s.spec.Order = OrderNone
		s.spec.Leave = func(d Departure) {
			flow := fmt.Sprint(d.In, d.Frame[26:30], d.Frame[34:36])
			if d.Place < last[flow] {
				overtaken++
			}
			last[flow] = max(last[flow], d.Place)
		}
	})
	card, err := New(s.img, s.spec)
	require.NoError(t, err)
	_, err = card.Run(t.Context(), s.inputs(t))
	require.NoError(t, err)
	require.Positive(t, overtaken)

	s.spec.Order = OrderFlow
	w := &watcher{t: t, last: map[string]uint64{}, newest: map[int]uint64{}}
	s.spec.Leave = w.sees
	card, err = New(s.img, s.spec)
	require.NoError(t, err)
	_, err = card.Run(t.Context(), s.inputs(t))
	require.NoError(t, err)
	require.Positive(t, w.left)
}

// TestLongFrames sends the longest frames that a packet buffer takes, and cut ones
// at their original length.
func TestLongFrames(t *testing.T) {
	s := newScene(sample(t, "l2_swap_tx", "skipsw"), nil)
	card, err := New(s.img, s.spec)
	require.NoError(t, err)
	room := card.System().MaxPacket()
	s.traffic.Sizes, s.traffic.Packets = []traffic.Size{{Bytes: room + traffic.FCS, Weight: 1}}, 2000
	res := s.run(t)
	require.Empty(t, drops(res))
	require.InEpsilon(t, 2*40e3/float64(8*(room+24)), res.Mpps, 0.02, "line rate")

	whole := make([]byte, 60)
	binary.BigEndian.PutUint16(whole[12:], 0x88b5)
	cut := pcap.Packet{Data: whole, Length: 1000}
	source, err := traffic.FromCutCapture([]pcap.Packet{{Data: whole, Length: 60}, cut}, 100)
	require.NoError(t, err)
	pace, err := traffic.NewPace(s.rate, 1)
	require.NoError(t, err)
	lengths := map[int]int{}
	s.spec.Ports, s.spec.Leave = 1, func(d Departure) { lengths[len(d.Frame)]++ }
	card, err = New(s.img, s.spec)
	require.NoError(t, err)
	res, err = card.Run(t.Context(), []Input{{Source: source, Pace: pace}})
	require.NoError(t, err)
	require.EqualValues(t, 50, res.Packets.Cut)
	require.Equal(t, map[int]int{60: 50, 1000: 50}, lengths)
}
