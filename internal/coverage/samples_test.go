package coverage_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/coverage"
	"github.com/skipsw/skipsw/internal/doctable"
	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/internal/oracle/hosttables"
	"github.com/skipsw/skipsw/internal/oracle/testnet"
	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/translate/object"
)

var update = flag.Bool("update", false, "write the table of docs/samples.md anew")

const (
	testdata = "../../testdata"
	document = "../../docs/samples.md"
)

// sampleReport runs a sample's program on its capture.
func sampleReport(t *testing.T, file string) *coverage.Report {
	name := strings.TrimSuffix(filepath.Base(file), ".o")
	obj, err := object.Load(file, object.Options{})
	require.NoError(t, err)
	prog, err := obj.Program(strings.TrimSuffix(name, "_v1"))
	require.NoError(t, err)
	packets, err := pcap.ReadFile(filepath.Join(testdata, "pcap", strings.TrimSuffix(name, "_v1")+".pcap"))
	require.NoError(t, err)
	c, err := coverage.New(prog)
	require.NoError(t, err)
	vm, err := c.VM(ebpf.Options{Network: hosttables.Network(testnet.Tables())})
	require.NoError(t, err)
	for i, p := range packets {
		_, err := vm.Run(ebpf.Input{Packet: p.Data, Now: uint64(p.Time.UnixNano())})
		require.NoError(t, err, "packet %d", i+1)
	}
	return c.Report()
}

// exceptions are the lines that nothing can reach, by file and text, with the reason.
func exceptions(t *testing.T) map[[2]string]string {
	b, err := os.ReadFile("testdata/unreached.txt")
	require.NoError(t, err)
	out := map[[2]string]string{}
	for l := range strings.Lines(string(b)) {
		if strings.HasPrefix(l, "#") {
			continue
		}
		f := strings.Split(strings.TrimSuffix(l, "\n"), "\t")
		require.Len(t, f, 3, l)
		require.NotEmpty(t, f[2], l)
		out[[2]string{f[0], f[1]}] = f[2]
	}
	return out
}

// TestSamples: the packets of a sample's capture reach every line of it, and every condition
// both ways, but for what the exceptions name; those are of what is there and not reached.
func TestSamples(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testdata, "bpf", "*.o"))
	require.NoError(t, err)
	allowed, used := exceptions(t), map[[2]string]bool{}
	var table strings.Builder
	fmt.Fprintf(&table, "| program | lines | ways of conditions | functions |\n|---|---|---|---|\n")
	for _, file := range files {
		r := sampleReport(t, file)
		name := strings.TrimSuffix(filepath.Base(file), ".o")
		for _, f := range r.Files {
			base := filepath.Base(f.Name)
			missing := func(line int, text, what string) {
				key := [2]string{base, text}
				if allowed[key] == "" {
					t.Errorf("%s: %s:%d %s: %s", name, base, line, what, text)
				}
				used[key] = true
			}
			for _, l := range f.Lines {
				if l.Count == 0 {
					missing(l.Number, l.Text, "is not reached")
				}
			}
			for _, b := range f.Branches {
				if b.Falls == 0 || b.Jumps == 0 {
					missing(b.Line, b.Text, "has a condition that goes one way only")
				}
			}
		}
		s := r.Totals()
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", name, of(s.LinesReached, s.Lines), of(s.BranchesReached, s.Branches), of(s.FunctionsReached, s.Functions))
	}
	for key := range allowed {
		require.True(t, used[key], "testdata/unreached.txt: %s: %q is reached, or no longer there", key[0], key[1])
	}

	doctable.Hold(t, document, "coverage", table.String(), *update, "go test ./internal/coverage -run TestSamples -update")
}

// of says how many of all are reached, briefly where it is all.
func of(reached, all int) string {
	if reached == all {
		return fmt.Sprint(all)
	}
	return fmt.Sprintf("%d of %d", reached, all)
}
