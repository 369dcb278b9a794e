package nic

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/traffic"
	"github.com/skipsw/skipsw/translate"
)

// TestFragments sends frames of 9,216 bytes and short ones through a program that
// takes those in several pieces: all of them leave, at the length that they had.
func TestFragments(t *testing.T) {
	o := translate.FileOptions{Program: "copy_xdp"}
	img, err := translate.File("../../testdata/bpf/odd/frags.o", o)
	require.NoError(t, err)
	var sizes [2]*Result
	for i, long := range []int{traffic.MaxFrame, 8000} {
		res := newScene(img, func(s *scene) {
			s.spec.Cores, s.traffic.Packets = 10, 400
			s.traffic.Sizes = []traffic.Size{{Bytes: 64, Weight: 1}, {Bytes: long, Weight: 1}}
		}).run(t)
		require.Nil(t, res.FirstFault)
		requireConserved(t, res)
		require.Equal(t, res.Packets.In, res.Packets.Sent+sumDrops(res))
		sizes[i] = res
	}
	require.Greater(t, sizes[0].Latency.P99, sizes[1].Latency.P99)
}

// sumDrops adds up what was dropped.
func sumDrops(r *Result) (n uint64) {
	for _, d := range r.Drops {
		n += d
	}
	return n
}

// TestFragmentsRefused tells a program that takes frames in one piece how to take
// them in several.
func TestFragmentsRefused(t *testing.T) {
	img := sample(t, "pass", "skipsw")
	card, err := New(img, DefaultSpec())
	require.NoError(t, err)
	require.Equal(t, 7744, card.System().MaxFrame(0))
	err = card.takes(newScene(img, func(s *scene) { s.traffic.Sizes = []traffic.Size{{Bytes: traffic.MaxFrame, Weight: 1}} }).inputs(t))
	require.ErrorContains(t, err, sim.HowFragments)
}
