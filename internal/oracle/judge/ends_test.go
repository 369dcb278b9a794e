package judge_test

import (
	"bytes"
	"encoding/binary"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/judge"
	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/object"
)

// endSample returns a sample whose map of targets has entries that a host would make.
func endSample(t *testing.T, name, table, program string, entries map[uint32]uint32, fill map[string][]object.Entry) *object.Program {
	obj, err := object.Load(filepath.Join("../../../testdata/bpf", name+".o"), object.Options{})
	require.NoError(t, err)
	p, err := obj.Program("")
	require.NoError(t, err)
	word := func(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }
	others := map[*object.Map]*object.Map{}
	for _, m := range p.AllMaps() {
		own := *m
		switch {
		case m.Name == table:
			own.Ends = map[string]string{}
			for key, value := range entries {
				own.Initial = append(own.Initial, object.Entry{Key: word(key), Value: append(word(value), 0, 0, 0, 0)})
				own.Ends[string(word(key))] = program
			}
		case fill[m.Name] != nil:
			own.Initial = fill[m.Name]
		default:
			continue
		}
		others[m] = &own
	}
	return p.ReplaceMaps(others)
}

// TestEndSamples runs the samples that have programs for the far ends of redirects,
// with entries in their maps, on their captures: frames, verdicts and counters there
// are the interpreter's.
func TestEndSamples(t *testing.T) {
	cards, err := judge.NewCards(&judge.Verifier{}, []string{"skipsw"}, []translate.Level{translate.LevelDefault, translate.LevelNone})
	require.NoError(t, err)
	samples := map[string]*object.Program{
		"broadcast_edge": endSample(t, "broadcast_edge", "ports", "edge_address", map[uint32]uint32{0: 1, 1: 2, 2: 3}, map[string][]object.Entry{
			"edges": {{Key: []byte{2, 0, 0, 0}, Value: []byte{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 9}}, {Key: []byte{3, 0, 0, 0}, Value: []byte{2, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0}}},
		}),
		"cpu_guard": endSample(t, "cpu_guard", "queues", "guard", map[uint32]uint32{0: 192, 1: 192}, map[string][]object.Entry{
			"blocked": {{Key: []byte{8, 0, 0, 0, 10, 0, 0, 0}, Value: []byte{1}}},
			"tunnels": {{Key: []byte{0, 0, 0, 0}, Value: []byte{2, 0, 0, 0}}},
		}),
	}
	want := map[string][]string{
		"broadcast_edge": {"interface [2]: verdict 1", "interface [2]: verdict 2", "interface [3]: verdict 2"},
		"cpu_guard":      {"cpu [0]: verdict 1", "cpu [0]: verdict 2", "cpu [1]: verdict 2", `verdict 4, packet`, `on to "interface [2]"`},
	}
	for name, p := range samples {
		t.Run(name, func(t *testing.T) {
			packets, err := pcap.ReadFile(filepath.Join("../../../testdata/pcap", name+".pcap"))
			require.NoError(t, err)
			c := &oracle.Case{Program: p}
			for _, pk := range packets {
				c.Packets = append(c.Packets, bytes.Clone(pk.Data))
			}
			rep, err := (&oracle.Harness{Reference: judge.Interpreter{}, Judges: cards}).Check(c)
			require.NoError(t, err)
			require.True(t, rep.Accepted, rep.Why)
			require.Empty(t, rep.Mismatches)
			var ends strings.Builder
			for _, r := range rep.Runs {
				ends.WriteString(strings.Join(r.Ends, "\n") + "\n")
			}
			for _, text := range want[name] {
				require.True(t, strings.Contains(ends.String(), text), text)
			}
		})
	}
}
