package histories

import (
	"cmp"
	"maps"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// number returns how many histories of a type are made: SKIPSW_N, or few enough for
// a minute in all.
func number(t *testing.T, least int) int {
	if s := os.Getenv("SKIPSW_N"); s != "" {
		n, err := strconv.Atoi(s)
		require.NoError(t, err)
		return n
	}
	if testing.Short() {
		return least / 10
	}
	return least
}

// TestHistories: all histories are those of a map, at least half of them have truly
// met, and no lock is left.
func TestHistories(t *testing.T) {
	for _, s := range subjects {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			st := stageOf(t, s, s.image(t))
			n := number(t, 10_000)
			met, unsure, hosts := 0, 0, 0
			for seed := range uint64(n) {
				h, locked := st.run(t, seed)
				require.False(t, locked, "seed %d: a lock is left", seed)
				for k := range h {
					require.NotEqual(t, int32(faulted), h[k].status, "seed %d: %+v", seed, h[k])
					if h[k].unsure {
						unsure++
					}
					if h[k].who == host {
						hosts++
					}
				}
				if !fits(s.model, h) {
					show(t, s.model, h)
					t.Fatalf("seed %d: no order of these operations is one of a map", seed)
				}
				if overlapping(h) {
					met++
				}
			}
			t.Logf("%d histories, %d truly overlap, %d operations of the host, %d that a model is unsure of", n, met, hosts, unsure)
			require.GreaterOrEqual(t, 2*met, n)
		})
	}
}

// show prints the part of a history that no order explains: that of one key, where
// keys do not know of each other.
func show(t *testing.T, m model, h []operation) {
	parts := [][]operation{h}
	if m.Partition != nil {
		byKey := map[uint32][]operation{}
		for _, o := range h {
			byKey[o.key] = append(byKey[o.key], o)
		}
		parts = slices.Collect(maps.Values(byKey))
	}
	i := slices.IndexFunc(parts, func(part []operation) bool { return !fits(m, part) })
	part := parts[i]
	slices.SortFunc(part, func(a, b operation) int { return cmp.Compare(a.call, b.call) })
	for k := range part {
		o := &part[k]
		t.Logf("%d: %d..%d kind %d key %d value %#x: %d %#x unsure %v", o.who, o.call, o.ret, o.kind, o.key, o.value, o.status, o.out, o.unsure)
	}
}
