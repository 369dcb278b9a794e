package verify_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

type hexBytes []byte

func (h *hexBytes) UnmarshalText(b []byte) (err error) {
	*h, err = hex.DecodeString(string(b))
	return err
}

// peerProgram is a program of the corpus in testdata/peer.
type peerProgram struct {
	Name     string     `json:"name"`
	ProgType string     `json:"prog_type"`
	EBPF     []hexBytes `json:"ebpf"`
	Maps     []struct {
		Name       string `json:"name"`
		Type       string `json:"type"`
		KeySize    uint32 `json:"key_size"`
		ValueSize  uint32 `json:"value_size"`
		MaxEntries uint32 `json:"max_entries"`
	} `json:"maps"`
	Runs []struct {
		PacketIn hexBytes `json:"packet_in"`
	} `json:"runs"`
}

func (c *peerProgram) program(t testing.TB) *object.Program {
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
	types := map[string]uint32{"hash": 1, "array": 2, "perf_event_array": 4, "percpu_array": 6, "lru_hash": 9}
	for _, m := range c.Maps {
		p.Maps = append(p.Maps, &object.Map{
			Name: m.Name, Type: types[m.Type], KeySize: m.KeySize, ValueSize: m.ValueSize, MaxEntries: m.MaxEntries,
		})
	}
	return p
}

func corpus(t testing.TB, name string) (out []peerProgram) {
	b, err := os.ReadFile(filepath.Join("..", "..", "testdata", "peer", name))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &out))
	return out
}

// TestCorpus accepts what a kernel accepted: the corpus' programs, and those
// that only the driver of the card refused.
func TestCorpus(t *testing.T) {
	for _, file := range []string{"corpus.json", "refused.json"} {
		for _, c := range corpus(t, file) {
			t.Run(c.Name, func(t *testing.T) {
				_, err := verify.Verify(c.program(t), verify.Options{Offload: true})
				if c.Name == "no_map_fetch_add" {
					// The driver saw the instruction before the kernel's own check.
					require.ErrorContains(t, err, "R2 is read")
					return
				}
				require.NoError(t, err)
			})
		}
	}
}

// TestObjects accepts the sample programs.
func TestObjects(t *testing.T) {
	files, err := filepath.Glob("../../testdata/bpf/*.o")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			o, err := object.Load(f, object.Options{})
			require.NoError(t, err)
			for _, p := range o.Programs {
				_, err := verify.Verify(p, verify.Options{})
				require.NoError(t, err, p.Name)
			}
		})
	}
}
