package sim_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/peer"
	"github.com/skipsw/skipsw/internal/peer/onsim"
	"github.com/skipsw/skipsw/sim"
)

// corpus returns the programs of the corpus, each with a machine that runs the
// words of the kernel's JIT with all checks on.
func corpus(t *testing.T) ([]peer.Case, []*sim.Machine) {
	cases, err := peer.Load(filepath.Join("..", "testdata", "peer"))
	require.NoError(t, err)
	ms := make([]*sim.Machine, len(cases))
	for i := range cases {
		img, err := cases[i].Image()
		require.NoError(t, err, cases[i].Name)
		ms[i], err = sim.New(img, sim.DefaultSpec())
		require.NoError(t, err, cases[i].Name)
	}
	return cases, ms
}

// TestCorpus runs the words of the kernel's JIT, all checks on, and holds
// every comparable run against the kernel's answer.
func TestCorpus(t *testing.T) {
	compared := 0
	cases, machines := corpus(t)
	for k, cc := range cases {
		m := machines[k]
		bad := 0
		for i := range cc.Runs {
			r := &cc.Runs[i]
			require.NoError(t, m.Reset())
			res := m.Run(sim.Input{Packet: r.PacketIn})
			if !r.Comparable {
				continue
			}
			compared++
			if d := onsim.Differs(r, m, &res, true); d != "" {
				if bad++; bad <= 1 {
					t.Errorf("%s run %d: %s", cc.Name, i, d)
				}
			}
		}
		if bad > 1 {
			t.Errorf("%s: %d more runs differ", cc.Name, bad-1)
		}
	}
	require.Equal(t, 4215, compared)
}

// TestDefectsShow runs what is not comparable because the kernel's JIT got it
// wrong: words that are wrong must not give the right answer here, and where
// they rely on what the core does not define a strict rule names it.
func TestDefectsShow(t *testing.T) {
	rules := map[string]sim.FaultKind{
		"defect_div_1": sim.FaultHazard, "defect_div_28": sim.FaultHazard, "defect_div_56": sim.FaultHazard, "defect_r10_data": sim.FaultFlags,
	}
	cases, machines := corpus(t)
	for k, cc := range cases {
		m := machines[k]
		for i := range cc.Runs {
			r := &cc.Runs[i]
			if r.Comparable || !strings.HasPrefix(r.Why, "JIT defect") {
				continue
			}
			require.NoError(t, m.Reset())
			res := m.Run(sim.Input{Packet: r.PacketIn})
			require.NotEmpty(t, onsim.Differs(r, m, &res, true), "%s run %d", cc.Name, i)
			if kind, ok := rules[cc.Name]; ok {
				require.NotNil(t, res.Fault, cc.Name)
				require.Equal(t, kind, res.Fault.Kind, cc.Name)
			}
		}
	}
}
