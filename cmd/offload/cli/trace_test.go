package cli

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	pp "github.com/google/pprof/profile"
	validate "github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/packetrun"
)

// runs calls a command line, which must succeed, and returns its output.
func runs(t *testing.T, args ...string) string {
	t.Helper()
	var out, says strings.Builder
	c := Default()
	c.Args, c.Stdin, c.Stdout, c.Stderr = args, strings.NewReader(""), &out, &says
	require.Zero(t, Main(c), says.String())
	return out.String()
}

const (
	trackObject  = "../../../testdata/bpf/flow_track.o"
	trackCapture = "../../../testdata/pcap/flow_track.pcap"
)

// TestProfileOut has Go's own tool read the profile, and its cycles add up to those of
// the packets.
func TestProfileOut(t *testing.T) {
	file := filepath.Join(t.TempDir(), "p.pb.gz")
	var sum packetrun.Summary
	require.NoError(t, json.Unmarshal([]byte(runs(t, "run", "--json", "--profile-out", file, "--pcap", trackCapture, trackObject)), &sum))
	top, err := exec.Command("go", "tool", "pprof", "-top", "-lines", file).Output()
	require.NoError(t, err)
	require.Regexp(t, `\n +\d+ +[0-9.]+% .*flow_track flow_track\.c:\d+`, string(top))
	tags, err := exec.Command("go", "tool", "pprof", "-tags", file).Output()
	require.NoError(t, err)
	require.Regexp(t, `stall: Total \d+`, string(tags))
	require.Regexp(t, `\n +\d+ \([0-9.]+%\): read of conns`, string(tags))

	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	p, err := pp.Parse(f)
	require.NoError(t, err)
	var cycles, instructions int64
	for _, s := range p.Sample {
		instructions += s.Value[0]
		cycles += s.Value[1]
	}
	n := float64(sum.Packets)
	require.EqualValues(t, math.Round(sum.Cycles.Mean*n), cycles)
	require.EqualValues(t, math.Round(sum.Instructions.Mean*n), instructions)
}

// traceSchema is what the Trace Event Format says of the events that are written:
// https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
const traceSchema = `{
  "type": "object", "required": ["traceEvents"], "additionalProperties": false,
  "properties": {
    "displayTimeUnit": {"enum": ["ms", "ns"]},
    "traceEvents": {"type": "array", "minItems": 1, "items": {
      "type": "object", "required": ["ph", "pid", "tid", "name"],
      "properties": {
        "ph": {"enum": ["X", "M", "b", "e"]}, "name": {"type": "string", "minLength": 1}, "cat": {"type": "string"},
        "pid": {"type": "integer", "minimum": 0}, "tid": {"type": "integer", "minimum": 0}, "id": {"type": "integer"},
        "ts": {"type": "number", "minimum": 0}, "dur": {"type": "number", "minimum": 0}, "args": {"type": "object"}
      },
      "additionalProperties": false,
      "oneOf": [
        {"properties": {"ph": {"const": "X"}}, "required": ["ts", "dur"]},
        {"properties": {"ph": {"enum": ["b", "e"]}}, "required": ["ts", "id", "cat"]},
        {"properties": {"ph": {"const": "M"}, "name": {"enum": ["process_name", "thread_name"]},
          "args": {"required": ["name"], "properties": {"name": {"type": "string"}}}}, "required": ["args"]}
      ]
    }}
  }
}`

// traceEvent is one event of a trace.
type traceEvent struct {
	Ph, Name string
	Pid, Tid int
	ID       int
	Ts, Dur  float64
	Args     struct{ Name string }
}

// readTrace validates a trace and returns its events.
func readTrace(t *testing.T, file string) []traceEvent {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	doc, err := validate.UnmarshalJSON(strings.NewReader(traceSchema))
	require.NoError(t, err)
	c := validate.NewCompiler()
	require.NoError(t, c.AddResource("trace.json", doc))
	s, err := c.Compile("trace.json")
	require.NoError(t, err)
	v, err := validate.UnmarshalJSON(strings.NewReader(string(data)))
	require.NoError(t, err)
	require.NoError(t, s.Validate(v))
	var all struct{ TraceEvents []traceEvent }
	require.NoError(t, json.Unmarshal(data, &all))
	return all.TraceEvents
}

// TestTrace: a trace has rows of core, context, memories and packets; slices of a row
// are within each other or apart, and commands that begin end.
func TestTrace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "t.json")
	runs(t, "run", "--trace", file, "--pcap", trackCapture, trackObject)
	names := map[string]int{}
	open := map[int]int{}
	bars := map[[2]int][]traceEvent{}
	for _, e := range readTrace(t, file) {
		switch e.Ph {
		case "M":
			names[e.Args.Name]++
		case "b":
			open[e.ID]++
		case "e":
			open[e.ID]--
		case "X":
			at := [2]int{e.Pid, e.Tid}
			bars[at] = append(bars[at], e)
		}
	}
	require.Equal(t, map[string]int{"core 0": 1, "context 0": 1, "memory": 1, "packets": 1, "ctm": 1, "emem": 1}, names)
	for id, n := range open {
		require.Zero(t, n, "command %d", id)
	}
	require.Len(t, bars, 2)
	for row, all := range bars {
		slices.SortStableFunc(all, func(a, b traceEvent) int {
			if a.Ts != b.Ts {
				return int(math.Copysign(1, a.Ts-b.Ts))
			}
			return int(math.Copysign(1, b.Dur-a.Dur))
		})
		var outer []float64 // ends
		for _, e := range all {
			for len(outer) > 0 && outer[len(outer)-1] <= e.Ts+1e-4 {
				outer = outer[:len(outer)-1]
			}
			if len(outer) > 0 {
				require.LessOrEqual(t, e.Ts+e.Dur, outer[len(outer)-1]+1e-4, "%s of row %v", e.Name, row)
			}
			outer = append(outer, e.Ts+e.Dur)
		}
	}
	packets := 0
	for _, e := range bars[[2]int{1<<20 + 1, 1}] {
		require.Regexp(t, `^\d+ XDP_(DROP|PASS) flow_track\.c:\d+$`, e.Name)
		packets++
	}
	require.Equal(t, 700, packets)
}

// TestBenchTrace: the trace of a card has rows of its cores, contexts, memories and
// ports; commands and frames that begin end, and tracing changes no result.
func TestBenchTrace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "t.json")
	args := []string{"bench", "--quiet", "--json", "--cores", "12", "--packets", "1000", "--size", "64", "../../../testdata/bpf/l2_swap_tx.o"}
	plain := runs(t, args...)
	require.Equal(t, plain, runs(t, append([]string{"bench", "--trace", file}, args[1:]...)...))
	names, open, frames := map[string]int{}, map[int]int{}, map[string]int{}
	for _, e := range readTrace(t, file) {
		switch e.Ph {
		case "M":
			names[e.Args.Name]++
		case "b":
			open[e.ID]++
			if strings.HasPrefix(e.Name, "frame ") {
				frames[e.Name]++
			}
		case "e":
			open[e.ID]--
		}
	}
	for id, n := range open {
		require.Zero(t, n, "command or frame %d", id)
	}
	for k := range 12 {
		require.Equal(t, 1, names[fmt.Sprintf("core %d", k)])
	}
	require.Equal(t, 12, names["context 3"])
	for _, name := range []string{"memory", "ctm", "frames by port", "port 0", "port 1"} {
		require.Equal(t, 1, names[name], name)
	}
	require.Equal(t, 1, frames["frame 1 to port 0"])
	require.Greater(t, len(frames), 300)
}
