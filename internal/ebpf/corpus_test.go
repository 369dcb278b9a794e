package ebpf_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

type hexBytes []byte

func (h *hexBytes) UnmarshalText(b []byte) (err error) {
	*h, err = hex.DecodeString(string(b))
	return err
}

// peerCase is a program of the corpus with the kernel's answers.
type peerCase struct {
	Name     string     `json:"name"`
	ProgType string     `json:"prog_type"`
	EBPF     []hexBytes `json:"ebpf"`
	Maps     []struct {
		Name       string      `json:"name"`
		Type       string      `json:"type"`
		KeySize    uint32      `json:"key_size"`
		ValueSize  uint32      `json:"value_size"`
		MaxEntries uint32      `json:"max_entries"`
		Initial    []peerEntry `json:"initial"`
	} `json:"maps"`
	Runs []peerRun `json:"runs"`
}

type peerEntry struct{ Key, Value hexBytes }

type peerRun struct {
	PacketIn   hexBytes               `json:"packet_in"`
	Verdict    uint32                 `json:"verdict"`
	PacketOut  hexBytes               `json:"packet_out"`
	MapsAfter  map[string][]peerEntry `json:"maps_after"`
	Queue      json.RawMessage        `json:"queue"`
	Undefined  [][2]int               `json:"undefined"`
	Events     json.RawMessage        `json:"events"`
	Comparable *bool                  `json:"comparable"`
	Why        string                 `json:"why"`
}

func (c *peerCase) program(t testing.TB) *object.Program {
	p := &object.Program{Name: c.Name, Type: object.XDP}
	if c.ProgType == "sched_cls" {
		p.Type = object.TC
	}
	var raw []byte
	for _, in := range c.EBPF {
		raw = append(raw, in...)
	}
	var err error
	p.Insns, err = bpf.Decode(raw)
	require.NoError(t, err)
	for i := range p.Insns {
		if in := &p.Insns[i]; in.Wide() && in.Src == bpf.PseudoMapFD {
			in.Imm--
		}
	}
	types := map[string]uint32{"hash": 1, "array": 2, "perf_event_array": 4}
	for _, m := range c.Maps {
		om := &object.Map{Name: m.Name, Type: types[m.Type], KeySize: m.KeySize, ValueSize: m.ValueSize, MaxEntries: m.MaxEntries}
		for _, e := range m.Initial {
			om.Initial = append(om.Initial, object.Entry{Key: e.Key, Value: e.Value})
		}
		p.Maps = append(p.Maps, om)
	}
	return p
}

// TestKernelCorpus runs every program of the corpus on every packet: verdict,
// packet and maps must be what the kernel answered when it was recorded.
func TestKernelCorpus(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(peer, "corpus.json"))
	require.NoError(t, err)
	var cases []peerCase
	require.NoError(t, json.Unmarshal(b, &cases))
	require.NotEmpty(t, cases)
	runs := 0
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			vm, err := ebpf.New(c.program(t), ebpf.Options{})
			require.NoError(t, err)
			for i, r := range c.Runs {
				require.NoError(t, vm.Reset())
				res, err := vm.Run(ebpf.Input{Packet: r.PacketIn})
				require.NoError(t, err, "run %d", i)
				require.Equal(t, r.Verdict, uint32(res.R0), "run %d", i)
				got := append([]byte(nil), res.Packet...)
				for _, u := range r.Undefined {
					clear(got[u[0]:u[1]])
				}
				require.Equal(t, []byte(r.PacketOut), got, "run %d", i)
				for name, want := range r.MapsAfter {
					entries := vm.Map(name).Entries()
					require.Len(t, entries, len(want), "run %d map %s", i, name)
					for j, e := range want {
						require.Equal(t, []byte(e.Key), entries[j].Key)
						require.Equal(t, []byte(e.Value), entries[j].Value)
					}
				}
				runs++
			}
		})
	}
	t.Logf("%d programs, %d runs", len(cases), runs)
}
