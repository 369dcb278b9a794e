package judge_test

import (
	"os"
	"strconv"
	"testing"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/judge"
	"github.com/skipsw/skipsw/internal/oracle/oracletest"
	"github.com/skipsw/skipsw/internal/oracle/testnet"
	"github.com/stretchr/testify/require"
)

// number returns the value of an environment variable, or def.
func number(t testing.TB, name string, def int) int {
	s := os.Getenv(name)
	if s == "" {
		return def
	}
	n, err := strconv.Atoi(s)
	require.NoError(t, err, name)
	return n
}

// campaign is the short run: what `offload diff` does, with every judge.
func campaign(t testing.TB) *oracle.Campaign {
	t.Helper()
	h := &oracle.Harness{
		Reference: oracle.Kernel{}, Judges: judges(t), Second: judge.Interpreter{},
		Witnesses: judge.Witnesses(),
	}
	if err := oracle.KernelAvailable(); err != nil {
		t.Logf("%v; the interpreter takes its place", err)
		h.Reference, h.Witnesses = judge.Interpreter{}, h.Witnesses[1:]
	}
	c := &oracle.Campaign{
		Seed: uint64(number(t, "SKIPSW_SEED", 1)), N: number(t, "SKIPSW_N", 8000), NearMiss: 10, Harness: h,
	}
	var ns *oracle.Namespace
	if _, ok := h.Reference.(oracle.Kernel); ok {
		c.Gen = oracle.LimitToKernel(c.Gen)
		ns = oracletest.Namespace(t, "")
	}
	judge.InNetwork(h, ns, testnet.Tables())
	c.Gen.Network = true
	return c
}

// TestShortRun runs generated programs through every judge: SKIPSW_N of them
// from SKIPSW_SEED on, until SKIPSW_FAILURES show a mismatch.
func TestShortRun(t *testing.T) {
	c := campaign(t)
	c.MaxFailures = number(t, "SKIPSW_FAILURES", 10)
	s := c.Run(t.Context())
	t.Logf("%d programs, %d accepted, %d eBPF slots, runs compared: %v", s.Programs, s.Accepted, s.Slots, s.Runs)
	for i, f := range s.Failures {
		t.Errorf("%s", f)
		if i > 0 || f.Error != "" || !testing.Verbose() {
			continue
		}
		cs, _ := c.Case(int(f.Seed - c.Seed))
		small := c.Harness.Shrink(cs, f.Mismatches[0].Judge, f.Mismatches[0].Kind, 2000)
		for _, l := range oracle.Listing(small.Program) {
			t.Log(l)
		}
	}
	if len(s.Failures) > 0 {
		return
	}
	for name, took := range s.Took {
		require.Greater(t, took*4, s.Accepted, "%s takes less than a quarter of the programs", name)
	}
}

// BenchmarkCampaign tells how many programs an hour's soak can do.
func BenchmarkCampaign(b *testing.B) {
	c := campaign(b)
	c.Jobs = 1
	slots := 0
	for i := 0; b.Loop(); i++ {
		cs, _ := c.Case(i)
		_, err := c.Harness.Check(cs)
		require.NoError(b, err)
		slots += len(cs.Program.Insns)
	}
	b.ReportMetric(float64(slots)/float64(b.N), "slots/op")
}
