package judge_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/judge"
	"github.com/skipsw/skipsw/internal/oracle/oracletest"
	"github.com/skipsw/skipsw/internal/oracle/testnet"
	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/object"
)

// mustCompile names the samples that have to compile for a target; the others
// may be refused as not supported, and are compared as soon as they are not.
var mustCompile = map[string][]string{
	"skipsw": {
		"pass", "drop_udp_port", "l2_swap_tx", "vlan_filter", "ttl_decrement", "count_by_proto", "syn_filter", "mac_rewrite",
	},
	"agilio": {
		"pass", "drop_udp_port", "l2_swap_tx", "vlan_filter", "ttl_decrement", "count_by_proto",
	},
}

// TestSamples runs every sample on all packets of its capture: compiled for
// both targets, plain and optimised, and in the interpreter; verdict, packet
// and all maps after each packet must be the kernel's. Without the right to ask the
// kernel the interpreter, which is held against it elsewhere, takes its place.
func TestSamples(t *testing.T) {
	testdata := filepath.Join(root, "testdata")
	objects, err := filepath.Glob(filepath.Join(testdata, "bpf", "*.o"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(objects), 12)

	cards, err := judge.NewCards(&judge.Verifier{}, []string{"skipsw", "agilio"}, []translate.Level{translate.LevelDefault, translate.LevelNone})
	require.NoError(t, err)
	tables := testnet.Tables()
	for _, c := range cards {
		c.(*judge.Card).Network = tables
	}
	interpreter := judge.Interpreter{Network: tables}
	h := oracle.Harness{Reference: interpreter, Judges: append([]oracle.Judge{interpreter}, cards...)}
	if err := oracle.KernelAvailable(); err != nil {
		t.Logf("the kernel cannot be asked: %v", err)
	} else {
		h.Reference, h.Second = oracle.Kernel{Namespace: oracletest.Namespace(t, "")}, interpreter
	}
	compared := 0
	for _, path := range objects {
		obj, err := object.Load(path, object.Options{})
		require.NoError(t, err)
		for _, p := range obj.Programs {
			base := strings.TrimSuffix(filepath.Base(path), ".o")
			capture := filepath.Join(testdata, "pcap", strings.TrimSuffix(base, "_v1")+".pcap")
			t.Run(base+"/"+p.Name, func(t *testing.T) {
				packets, err := pcap.ReadFile(capture)
				require.NoError(t, err)
				p, _, err := oracle.PinClock(p)
				require.NoError(t, err)
				c := &oracle.Case{Program: p}
				for _, pk := range packets {
					c.Packets = append(c.Packets, pk.Data)
				}
				rep, err := h.Check(c)
				require.NoError(t, err)
				require.True(t, rep.Accepted, rep.Why)
				require.Empty(t, rep.Mismatches)
				for target, names := range mustCompile {
					if slices.Contains(names, p.Name) {
						require.Equal(t, len(packets), rep.Compared[target], "%s: %s", target, rep.NotSupported[target])
					}
				}
				for _, n := range rep.Compared {
					compared += n
				}
				for name, why := range rep.NotSupported {
					t.Logf("%s: %s", name, why)
				}
			})
		}
	}
	t.Logf("%d runs compared", compared)
}
