package nic

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/traffic"
	"github.com/skipsw/skipsw/translate"
)

// witness is all that can be seen of a run: the result, each frame that left and
// when, and all maps in the end.
type witness struct {
	frames []string
	result string
	maps   string
}

// watched returns a card that tells a witness what leaves.
func (s *scene) watched(t testing.TB, w *witness) *Card {
	spec := s.spec
	spec.Leave = func(d Departure) {
		h := fnv.New64a()
		_, _ = h.Write(d.Frame)
		w.frames = append(w.frames, fmt.Sprint(d.In, d.Place, d.Out, d.Time, h.Sum64()))
	}
	card, err := New(s.img, spec)
	require.NoError(t, err)
	return card
}

func (w *witness) ends(t testing.TB, tr *Traffic) {
	res, err := tr.Run(t.Context())
	require.NoError(t, err)
	b, err := json.Marshal(res)
	require.NoError(t, err)
	w.result = string(b) + fmt.Sprint(res.FirstFault)
	for _, m := range tr.run.card.System().Maps() {
		for _, e := range m.Entries() {
			w.maps += fmt.Sprintf("%x:%x ", e.Key, e.Value)
		}
	}
}

func stateScenes(t testing.TB) map[string]*scene {
	frames, err := pcap.ReadFile("../../testdata/pcap/l4_balance.pcap")
	require.NoError(t, err)
	small := func(img *image.Image, change func(*scene)) *scene {
		return newScene(img, func(s *scene) {
			s.traffic.Packets, s.spec.Cores = 2000, 12
			if change != nil {
				change(s)
			}
		})
	}
	faulty := verdict(t, "xdp", 1)
	faulty.Words = faulty.Words[:1]
	use := translate.FileOptions{}
	use.PlaceByUse = true
	placed, err := translate.File("../../testdata/bpf/sampler.o", use)
	require.NoError(t, err)
	pieces, err := translate.File("../../testdata/bpf/odd/frags.o", translate.FileOptions{Program: "copy_xdp"})
	require.NoError(t, err)
	return map[string]*scene{
		"memories": small(placed, nil),
		"long": small(pieces, func(s *scene) {
			s.traffic.Packets, s.traffic.Sizes = 600, []traffic.Size{{Bytes: 64, Weight: 1}, {Bytes: traffic.MaxFrame, Weight: 2}}
		}),
		"balancer":  small(sample(t, "l4_balance", "skipsw"), func(s *scene) { s.frames = frames }),
		"kernel's":  small(balancer(t), func(s *scene) { s.frames = flows(124, 100) }),
		"flows":     small(sample(t, "flow_track", "skipsw"), func(s *scene) { s.traffic.Sizes = traffic.IMIX(); s.spec.Order = OrderPort }),
		"records":   small(sample(t, "ring_filter", "skipsw"), nil),
		"events":    small(sample(t, "event_sample", "agilio"), nil),
		"faults":    small(faulty, nil),
		"zipf":      small(sample(t, "count_by_proto", "skipsw"), func(s *scene) { s.traffic.Zipf = 1.2; s.spec.HostQueue = 3 }),
		"one queue": small(sample(t, "tc_classify", "skipsw"), func(s *scene) { s.spec.HostRate = 1_000_000_000 }),
	}
}

// TestCheckpoint leaves runs at several moments and goes on with them on other cards:
// everything that can be seen is the same, to the byte and the picosecond.
func TestCheckpoint(t *testing.T) {
	for name, s := range stateScenes(t) {
		t.Run(name, func(t *testing.T) {
			var want witness
			tr, err := s.watched(t, &want).Start(s.inputs(t))
			require.NoError(t, err)
			want.ends(t, tr)
			require.NotEmpty(t, want.result)

			var got witness
			tr, err = s.watched(t, &got).Start(s.inputs(t))
			require.NoError(t, err)
			for _, until := range []uint64{1, 5000, 40_001, 300_000} {
				tr.Step(until)
				var b bytes.Buffer
				require.NoError(t, tr.Save(&b))
				saved := b.Bytes()
				tr, err = s.watched(t, &got).Resume(bytes.NewReader(saved), s.inputs(t))
				require.NoError(t, err)
				var again bytes.Buffer
				require.NoError(t, tr.Save(&again))
				require.True(t, bytes.Equal(saved, again.Bytes()), "what was read is what was written")
			}
			got.ends(t, tr)
			require.Equal(t, want, got)
		})
	}
}

// TestCheckpointRefused tests that a checkpoint goes with its card alone, and that a
// broken one is an error.
func TestCheckpointRefused(t *testing.T) {
	s := stateScenes(t)["flows"]
	var w witness
	tr, err := s.watched(t, &w).Start(s.inputs(t))
	require.NoError(t, err)
	tr.Step(20_000)
	var b bytes.Buffer
	require.NoError(t, tr.Save(&b))
	for name, tt := range map[string]struct {
		change func(s *scene)
		want   string
	}{
		"cores":   {func(s *scene) { s.spec.Cores-- }, "the card's Spec is"},
		"order":   {func(s *scene) { s.spec.Order = OrderFlow }, "the card's Spec is"},
		"latency": {func(s *scene) { s.spec.Machine.SwapSlots++ }, "image and Spec is"},
		"memory": {func(s *scene) {
			s.spec.Machine.Memories = map[string]sim.Latency{"ctm": {Read: 1, Write: 1, Atomic: 1}}
		}, "image and Spec is"},
		"image":    {func(s *scene) { s.img = sample(t, "l4_balance", "skipsw") }, "image and Spec is"},
		"no input": {func(s *scene) { s.traffic.Packets = 10 }, "the input of port 0 has 10 frames, and had"},
	} {
		t.Run(name, func(t *testing.T) {
			other := *s
			tt.change(&other)
			_, err := other.watched(t, &w).Resume(bytes.NewReader(b.Bytes()), other.inputs(t))
			require.ErrorContains(t, err, tt.want)
		})
	}
	for _, n := range []int{0, 1, 100, b.Len() / 2, b.Len() - 1} {
		_, err := s.watched(t, &w).Resume(bytes.NewReader(b.Bytes()[:n]), s.inputs(t))
		require.ErrorContains(t, err, "damaged, or cut short")
	}
}
