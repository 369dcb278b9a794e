package translate_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// TestPlaceByUse runs all samples with their maps in the memories that suit them:
// verdicts, frames and maps are those of maps in one memory.
func TestPlaceByUse(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "testdata", "bpf", "*.o"))
	require.NoError(t, err)
	moved := 0
	for _, file := range files {
		obj, err := object.Load(file, object.Options{})
		require.NoError(t, err)
		base := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(file), ".o"), "_v1")
		packets, err := pcap.ReadFile(filepath.Join("..", "testdata", "pcap", base+".pcap"))
		require.NoError(t, err)
		for _, p := range obj.Programs {
			p, _, err := oracle.PinClock(p) // placements differ in the time that passes
			require.NoError(t, err)
			v, err := verify.Verify(p, verify.Options{})
			require.NoError(t, err)
			one, err := translate.Compile(v, translate.Options{})
			if err != nil {
				require.ErrorIs(t, err, translate.ErrNotSupported)
				continue
			}
			var r translate.Report
			spread, err := translate.Compile(v, translate.Options{PlaceByUse: true, CheckAllocation: true, Report: &r})
			require.NoError(t, err)
			again, err := translate.Compile(v, translate.Options{PlaceByUse: true, CheckAllocation: true})
			require.NoError(t, err)
			require.Equal(t, spread, again)
			for k, m := range spread.Maps {
				if m.Base != one.Maps[k].Base {
					moved++
				}
				require.True(t, strings.HasPrefix(r.Maps[k].Why, r.Maps[k].Memory), r.Maps[k].Why)
			}
			a, err := sim.New(one, sim.DefaultSpec())
			require.NoError(t, err)
			b, err := sim.New(spread, sim.DefaultSpec())
			require.NoError(t, err)
			for k := range packets {
				want, got := a.Run(sim.Input{Packet: packets[k].Data}), b.Run(sim.Input{Packet: packets[k].Data})
				require.Nil(t, got.Fault, "%s packet %d: %v", file, k, got.Fault)
				require.Equal(t, want.Verdict, got.Verdict, "%s packet %d", file, k)
				require.Equal(t, want.Packet, got.Packet, "%s packet %d", file, k)
			}
			for k, m := range a.Maps() {
				if !maplayout.OfHost(m.Info().Name) {
					require.Equal(t, m.Entries(), b.Maps()[k].Entries(), "%s map %s", file, m.Info().Name)
				}
			}
		}
	}
	require.Greater(t, moved, 50)
}

// TestPlaces looks at where maps of samples are, and at the reasons.
func TestPlaces(t *testing.T) {
	for _, c := range []struct {
		name, sample, mapName, memory, why string
		heat                               map[string]uint64
		change                             func(*target.Target)
	}{
		{name: "only read", sample: "sampler", mapName: ".rodata", memory: "cls", why: "a copy on each island"},
		{name: "changed", sample: "sampler", mapName: ".bss", memory: "imem", why: "cls has a copy on each island, and the program changes the map"},
		{name: "records", sample: "ring_filter", mapName: "seen", memory: "emem", why: "the host takes records out of it"},
		{name: "no room", sample: "l4_balance", mapName: "flows", memory: "emem", why: "no room among the 1024 bytes of imem", change: func(tg *target.Target) { tg.Maps.Regions[1].Size = 1024 }},
		{
			name: "by profile", sample: "heavy_sketch", mapName: "sketch", memory: "emem", why: "no room", heat: map[string]uint64{"filter": 5, "sketch": 7},
			change: func(tg *target.Target) { tg.Maps.Regions[1].Size = 256 },
		},
		{name: "never met", sample: "heavy_sketch", mapName: "sketch", memory: "emem", why: "0 accesses in the profile", heat: map[string]uint64{}},
		{name: "one region", sample: "sampler", mapName: ".rodata", memory: "emem", why: "only read", change: func(tg *target.Target) {
			tg.Maps.Regions = tg.Maps.Regions[:1]
			delete(tg.Memories, "imem")
			delete(tg.Memories, "cls")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tg := target.MustBuiltin("skipsw")
			if c.change != nil {
				c.change(tg)
			}
			require.NoError(t, tg.Check())
			var r translate.Report
			o := translate.FileOptions{Options: translate.Options{Target: tg, PlaceByUse: true, Heat: c.heat, Report: &r}}
			_, err := translate.File(filepath.Join("..", "testdata", "bpf", c.sample+".o"), o)
			require.NoError(t, err)
			for _, m := range r.Maps {
				if m.Name == c.mapName {
					require.Equal(t, c.memory, m.Memory, m.Why)
					require.Contains(t, m.Why, c.why)
					return
				}
			}
			t.Fatalf("no map %s", c.mapName)
		})
	}
}
