package judge_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/translate/object"
)

// overSamples has a harness check every sample on packets of its capture, about
// 40 of each, and calls visit with what it reports.
func overSamples(t *testing.T, h *oracle.Harness, visit func(p *object.Program, rep *oracle.Report)) {
	root := filepath.Join("..", "..", "..", "testdata")
	objects, err := filepath.Glob(filepath.Join(root, "bpf", "*.o"))
	require.NoError(t, err)
	require.NotEmpty(t, objects)
	for _, path := range objects {
		obj, err := object.Load(path, object.Options{})
		require.NoError(t, err)
		base := strings.TrimSuffix(filepath.Base(path), ".o")
		packets, err := pcap.ReadFile(filepath.Join(root, "pcap", strings.TrimSuffix(base, "_v1")+".pcap"))
		require.NoError(t, err)
		for _, p := range obj.Programs {
			p, _, err := oracle.PinClock(p)
			require.NoError(t, err)
			c := &oracle.Case{Program: p}
			for k := 0; k < len(packets); k += 1 + len(packets)/40 {
				c.Packets = append(c.Packets, packets[k].Data)
			}
			rep, err := h.Check(c)
			require.NoError(t, err, p.Name)
			visit(p, rep)
		}
	}
}
