package judge_test

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/gen"
	"github.com/skipsw/skipsw/internal/oracle/judge"
	"github.com/skipsw/skipsw/internal/oracle/oracletest"
	"github.com/skipsw/skipsw/translate"
)

// TestNearMisses asks the kernel about near misses that our verifier accepts, and
// runs them on both cards with absent keys and with entries in the maps: SKIPSW_N
// of them from SKIPSW_SEED on, of which SKIPSW_SHARD, as i/n, takes a part. Half of
// them are of all features, the others are about arguments and calls; SKIPSW_ONLY names
// the features of all of them.
func TestNearMisses(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	shard, shards := 1, 1
	if s := os.Getenv("SKIPSW_SHARD"); s != "" {
		part, parts, _ := strings.Cut(s, "/")
		var err error
		shard, err = strconv.Atoi(part)
		require.NoError(t, err, "SKIPSW_SHARD")
		shards, err = strconv.Atoi(parts)
		require.NoError(t, err, "SKIPSW_SHARD")
		require.True(t, 1 <= shard && shard <= shards, "SKIPSW_SHARD")
	}
	n, seed := number(t, "SKIPSW_N", 1000), uint64(number(t, "SKIPSW_SEED", 1))
	about := gen.OddPlaces | gen.PointerArgs | gen.TailCalls | gen.Calls | gen.GlobalCalls | gen.Stack | gen.VarStack | gen.Spill |
		gen.StackAtomic | gen.AtomicFetch | gen.Atomic | gen.Helpers | gen.CsumDiff | gen.Hash | gen.Array | gen.LPM | gen.MapUpdate |
		gen.PacketLoad | gen.PacketVar | gen.Adjust | gen.SkbEdit | gen.MayGoto | gen.NullChecks
	type part struct {
		name string
		only gen.Feature
		seed uint64
		n    int
	}
	parts := []part{{"all features", 0, seed, n - n/2}, {"arguments and calls", about, seed + uint64(n-n/2), n / 2}}
	if names := os.Getenv("SKIPSW_ONLY"); names != "" {
		only, err := gen.ParseFeatures(names)
		require.NoError(t, err, "SKIPSW_ONLY")
		parts = []part{{names, only, seed, n}}
	}
	for _, half := range parts {
		t.Run(half.name, func(t *testing.T) {
			v := &judge.Verifier{}
			cards, err := judge.NewCards(v, []string{"skipsw", "agilio"}, []translate.Level{translate.LevelDefault})
			require.NoError(t, err)
			c := &oracle.Campaign{
				Seed: half.seed, N: half.n, Shard: shard, Shards: shards, NearMiss: 100, Limit: 5 * time.Minute, MaxFailures: number(t, "SKIPSW_FAILURES", 10),
				Gen: oracle.LimitToKernel(gen.Options{Only: half.only}), Fill: judge.Fill,
				Harness: &oracle.Harness{
					Reference: oracle.Asked{First: v}, Judges: append([]oracle.Judge{v}, cards...), Second: judge.Interpreter{},
					Witnesses: judge.Witnesses(),
				},
			}
			start := time.Now()
			s := c.Run(t.Context())
			t.Logf("%d near misses, %d accepted, runs compared: %v, known: %v, %s", s.Programs, s.Accepted, s.Runs, s.Known, time.Since(start).Round(time.Second))
			for _, f := range s.Failures {
				t.Errorf("%s", f)
			}
			require.Greater(t, s.Accepted*10, s.Programs, "too few are accepted")
			require.Greater(t, s.Programs*9, s.Accepted*10, "too few are refused")
			for name, took := range s.Took {
				require.Greater(t, took*8, s.Accepted, "%s takes too few", name)
			}
		})
	}
}
