package nic

import (
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/sim/traffic"
)

// TestTimingPaper holds the numbers of docs/timing.md against the default Spec.
func TestTimingPaper(t *testing.T) {
	data, err := os.ReadFile("../../docs/timing.md")
	require.NoError(t, err)
	s := DefaultSpec()
	emem := s.Machine.Shapes["emem"]
	for name, value := range map[string]string{
		"IslandCores":  fmt.Sprint(s.Machine.IslandCores),
		"Banks":        fmt.Sprint(emem.Banks),
		"Interleave":   fmt.Sprint(emem.Interleave),
		"AtomicBusy":   fmt.Sprint(emem.AtomicBusy),
		"Bus":          fmt.Sprint(emem.Bus),
		"Lines":        fmt.Sprint(emem.Cache.Lines),
		"Ways":         fmt.Sprint(emem.Cache.Ways),
		"LineBytes":    fmt.Sprint(emem.Cache.LineBytes),
		"Miss":         fmt.Sprint(emem.Cache.Miss),
		"PageMiss":     fmt.Sprint(emem.Cache.PageMiss),
		"Fill":         fmt.Sprint(emem.Cache.Fill),
		"DRAMBanks":    fmt.Sprint(emem.Cache.DRAMBanks),
		"PageBytes":    fmt.Sprint(emem.Cache.PageBytes),
		"PageBusy":     fmt.Sprint(emem.Cache.PageBusy),
		"Cores":        fmt.Sprint(s.Cores),
		"Hertz":        fmt.Sprintf("%d MHz", s.Hertz/1e6),
		"Ports":        fmt.Sprint(s.Ports),
		"PortRate":     fmt.Sprintf("%d Gb/s", s.PortRate/1e9),
		"Buffers":      fmt.Sprint(s.Buffers),
		"EgressQueue":  fmt.Sprintf("%d frames", s.EgressQueue),
		"HostRate":     fmt.Sprintf("%d Gb/s", s.HostRate/1e9),
		"HostOverhead": fmt.Sprintf("%d bytes", s.HostOverhead),
		"HostDelay":    fmt.Sprintf("%d ns", s.HostDelay/1000),
		"HostQueue":    fmt.Sprintf("%d frames", s.HostQueue),
		"LoadWord":     fmt.Sprint(s.LoadWord),
		"HostQueues":   fmt.Sprintf("%d queues", s.HostQueues),
		"Preamble":     fmt.Sprintf("%d bytes", traffic.Preamble),
		"Gap":          fmt.Sprintf("%d bytes", traffic.Gap),
		"FCS":          fmt.Sprintf("%d bytes", traffic.FCS),
		"MinFrame":     fmt.Sprintf("%d bytes", traffic.MinFrame),
	} {
		require.Regexp(t, `(?m)^\| [^|]*`+regexp.QuoteMeta("`"+name+"`")+` \| `+regexp.QuoteMeta(value)+` \|`, string(data))
	}
}
