package nic

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/mem"
	"github.com/skipsw/skipsw/translate"
)

// mapsIn compiles a sample for target skipsw with its maps in another memory.
func mapsIn(t *testing.T, name, memory string, size uint64, l target.Memory) *image.Image {
	tgt := target.MustBuiltin("skipsw")
	l.InOrder = true
	tgt.Name, tgt.Memories[memory] = "test", l
	tgt.Maps.Regions = []target.Region{{Memory: memory, Base: tgt.Maps.Regions[0].Base, Size: size, Align: 64}}
	tgt.Packet.Fragments, tgt.PacketVector.Fragment = nil, nil
	o := translate.FileOptions{}
	o.Target = tgt
	img, err := translate.File("../../testdata/bpf/"+name+".o", o)
	require.NoError(t, err)
	return img
}

// TestMapsElsewhere puts maps into each memory of the card: the nearer it is, the
// sooner packets are through, and what is busy is named.
func TestMapsElsewhere(t *testing.T) {
	last := uint64(0)
	for _, tt := range []struct {
		memory string
		size   uint64
		l      target.Memory
		unit   string
	}{
		{"cls", 256 << 10, target.Memory{Read: 35, Write: 30, Atomic: 35, PerWord: 1, Busy: 1}, "cluster scratch of island "},
		{"imem", 4 << 20, target.Memory{Read: 170, Write: 160, Atomic: 170, PerWord: 2, Busy: 2}, "internal memory"},
		{"emem", 1 << 30, target.Memory{Read: 200, Write: 180, Atomic: 200, PerWord: 2, Busy: 2}, "external memory"},
	} {
		t.Run(tt.memory, func(t *testing.T) {
			res := newScene(mapsIn(t, "l4_balance", tt.memory, tt.size, tt.l), func(s *scene) {
				s.traffic.Packets, s.traffic.Flows, s.rate = 2000, 500, 400_000_000
			}).run(t)
			require.Nil(t, res.FirstFault)
			var names []string
			for _, u := range res.Units {
				if u.Map == "flows" {
					names = append(names, u.Name)
				}
			}
			require.NotEmpty(t, names)
			require.Contains(t, names[0], tt.unit)
			require.Greater(t, res.Latency.P50, last)
			last = res.Latency.P50
		})
	}
}

// TestMapsByUse has the compiler place maps: those that are only read are in each
// island's cluster scratch, others in internal memory, and packets are through sooner.
func TestMapsByUse(t *testing.T) {
	var p50 [2]uint64
	for i, byUse := range []bool{false, true} {
		o := translate.FileOptions{}
		o.PlaceByUse = byUse
		img, err := translate.File("../../testdata/bpf/sampler.o", o)
		require.NoError(t, err)
		var all [2]*Result
		for threads := range 2 {
			all[threads] = newScene(img, func(s *scene) {
				s.traffic.Packets, s.rate, s.spec.Machine.Threads = 2000, 400_000_000, threads+1
			}).run(t)
			require.Nil(t, all[threads].FirstFault)
		}
		require.Equal(t, all[0], all[1], "one thread and two")
		p50[i] = all[0].Latency.P50
		var names []string
		for _, u := range all[0].Units {
			names = append(names, u.Name)
		}
		require.Equal(t, byUse, slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, "cluster scratch of island ") }), names)
		require.Equal(t, byUse, slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, "internal memory") }), names)
	}
	require.Less(t, p50[1], p50[0])
}

// TestSmallCache runs a program over a map that does not fit into the cache: lines
// come from DRAM, and packets take longer.
func TestSmallCache(t *testing.T) {
	img := sample(t, "l4_balance", "skipsw")
	run := func(change func(*sim.Cache)) (uint64, uint64, uint64) {
		s := newScene(img, func(s *scene) {
			s.traffic.Packets, s.traffic.Flows, s.rate = 4000, 900, 400_000_000
			shape := s.spec.Machine.Shapes["emem"]
			change(&shape.Cache)
			s.spec.Machine.Shapes["emem"] = shape
		})
		card, err := New(s.img, s.spec)
		require.NoError(t, err)
		res, err := card.Run(t.Context(), s.inputs(t))
		require.NoError(t, err)
		units, _ := card.System().Memories()
		for i, u := range units {
			if u.Name == "emem" {
				hits, misses := card.System().Lines(mem.UnitID(i))
				return res.Latency.P50, hits, misses
			}
		}
		return 0, 0, 0
	}
	large, hits, misses := run(func(*sim.Cache) {})
	require.Greater(t, hits, 2*misses)
	small, _, more := run(func(c *sim.Cache) { c.Lines = 64 })
	require.Greater(t, more, 2*misses)
	require.Greater(t, small, large)
}
