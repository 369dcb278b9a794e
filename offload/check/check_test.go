package check

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// peerCase is a program of the corpus with the answer of the kernel's nfp
// driver.
type peerCase struct {
	Name     string   `json:"name"`
	ProgType string   `json:"prog_type"`
	EBPF     []string `json:"ebpf"`
	Maps     []struct {
		Name       string `json:"name"`
		Type       string `json:"type"`
		KeySize    uint32 `json:"key_size"`
		ValueSize  uint32 `json:"value_size"`
		MaxEntries uint32 `json:"max_entries"`
	} `json:"maps"`
	Capabilities map[string]string `json:"capabilities"`
	VerifierLine string            `json:"verifier_line"`
}

func peerCases(t *testing.T, file string) []peerCase {
	t.Helper()
	b, err := os.ReadFile("../../testdata/peer/" + file)
	require.NoError(t, err)
	var all []peerCase
	require.NoError(t, json.Unmarshal(b, &all))
	require.NotEmpty(t, all)
	return all
}

var mapTypes = map[string]bpf.MapType{"hash": bpf.MapTypeHash, "array": bpf.MapTypeArray, "perf_event_array": bpf.MapTypePerfEventArray, "lru_hash": bpf.MapTypeLRUHash, "percpu_array": bpf.MapTypePerCPUArray}

func (c *peerCase) program(t *testing.T) *object.Program {
	t.Helper()
	p := &object.Program{Name: c.Name, Type: object.XDP, License: "GPL"}
	if c.ProgType == "sched_cls" {
		p.Type = object.TC
	}
	raw, err := hex.DecodeString(strings.Join(c.EBPF, ""))
	require.NoError(t, err)
	p.Insns, err = bpf.Decode(raw)
	require.NoError(t, err)
	for i := range p.Insns {
		if in := &p.Insns[i]; in.IsMapLoad() {
			in.Imm--
		}
	}
	for _, m := range c.Maps {
		require.Contains(t, mapTypes, m.Type)
		p.Maps = append(p.Maps, &object.Map{Name: m.Name, Type: mapTypes[m.Type], KeySize: m.KeySize, ValueSize: m.ValueSize, MaxEntries: m.MaxEntries})
	}
	return p
}

// firmware returns the capabilities that the case was compiled with.
func (c *peerCase) firmware(t *testing.T) *Firmware {
	t.Helper()
	fw := DefaultFirmware()
	fw.Maps.MaxValue, fw.Maps.MaxElement = 1024, 2048 // the corpus was made with larger maps
	without := func(helper string, off bool) {
		if off {
			delete(fw.Helpers, helper)
		}
	}
	for name, value := range c.Capabilities {
		off := value == "0" || value == "N"
		switch name {
		case "map_lookup":
			without("map_lookup_elem", off)
		case "map_update":
			without("map_update_elem", off)
		case "map_delete":
			without("map_delete_elem", off)
		case "perf_event_output":
			without("perf_event_output", off)
		case "adjust_head_off_max":
			if off {
				fw.AdjustHead = nil
			}
		case "adjust_head_flags":
			fw.AdjustHeadMeta = !off
		case "adjust_tail":
			if off {
				fw.AdjustTail = nil
			}
		case "pseudo_random":
			without("get_prandom_u32", off)
		case "queue_select":
			if off {
				fw.PacketVector.Queue = nil
			}
		case "max_len":
			n, err := strconv.Atoi(value)
			require.NoError(t, err)
			fw.Core.CodeWords = n
		}
	}
	return fw
}

// TestDriverRefusals checks that every program of the corpus that the nfp
// driver refuses is refused here, for the driver's reason.
func TestDriverRefusals(t *testing.T) {
	for _, c := range peerCases(t, "refused.json") {
		t.Run(c.Name, func(t *testing.T) {
			found, err := Program(c.program(t), Options{NFP: true, Firmware: c.firmware(t)})
			require.NoError(t, err)
			found = With(verify.Linux6_1, found)
			require.NotEmpty(t, found)
			if c.VerifierLine == "" {
				return
			}
			// The driver's numbers of pointer types and offsets are its own.
			says := strings.TrimPrefix(c.VerifierLine, "[nfp] ")
			if i := strings.IndexAny(says, "0123456789"); i > 0 && !strings.Contains(says, "u32") && !strings.Contains(says, "function id") {
				says = says[:i]
			}
			says = strings.TrimRight(strings.SplitN(says, ":", 2)[0], " :")
			var got []string
			for _, f := range found {
				got = append(got, f.Says)
			}
			t.Logf("driver: %s\nours: %s", c.VerifierLine, strings.Join(got, " | "))
			require.Contains(t, strings.Join(got, "\n"), says)
		})
	}
}

// TestDriverAccepts checks that nothing is found in the programs of the corpus
// that the nfp driver takes.
func TestDriverAccepts(t *testing.T) {
	for _, c := range peerCases(t, "corpus.json") {
		t.Run(c.Name, func(t *testing.T) {
			fw := c.firmware(t)
			fw.Core.CodeWords = 15000 // as when the corpus was made
			found, err := Program(c.program(t), Options{NFP: true, Firmware: fw})
			require.NoError(t, err)
			for _, f := range With(verify.Linux6_1, found) {
				t.Errorf("%s (%s)", f, f.Insn)
			}
		})
	}
}

func TestDevice(t *testing.T) {
	dev := &offload.Capabilities{
		Device:     "eth0",
		Programs:   []offload.Capability{{Name: "xdp", OK: true}, {Name: "sched_cls", Reason: "no room"}},
		Maps:       []offload.MapCapability{{Capability: offload.Capability{Name: "hash", ID: uint32(bpf.MapTypeHash), OK: true}, MaxEntries: 2, MaxKey: 8, MaxValue: 64}, {Capability: offload.Capability{Name: "array", ID: uint32(bpf.MapTypeArray), Reason: "not built"}}},
		Helpers:    []offload.Capability{{Name: "bpf_get_prandom_u32", ID: uint32(bpf.HelperGetPrandomU32), Reason: "no dice"}},
		StackBytes: 64,
	}
	random := []bpf.Insn{bpf.CallHelper(bpf.HelperGetPrandomU32), bpf.Mov.Imm(0, 1), bpf.Return()}
	tests := []struct {
		name string
		p    object.Program
		want []string
	}{
		{"fits", object.Program{Type: object.XDP, Insns: random[1:]}, nil},
		{"type", object.Program{Type: object.TC, Insns: random[1:]}, []string{"programs of type sched_cls are refused: no room"}},
		{"helper", object.Program{Type: object.XDP, Insns: random}, []string{"bpf_get_prandom_u32 is refused: no dice"}},
		{
			"maps",
			object.Program{Type: object.XDP, Insns: random[1:], Maps: []*object.Map{
				{Name: "a", Type: bpf.MapTypeHash, KeySize: 4, ValueSize: 4, MaxEntries: 3},
				{Name: "b", Type: bpf.MapTypeHash, KeySize: 16, ValueSize: 4, MaxEntries: 1},
				{Name: "c", Type: bpf.MapTypeHash, KeySize: 4, ValueSize: 65, MaxEntries: 1},
				{Name: "d", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 4, MaxEntries: 1},
				{Name: ".rodata", Type: bpf.MapTypeHash, KeySize: 4, ValueSize: 4, MaxEntries: 1, Flags: 128},
				{Name: "f", Type: bpf.MapTypeProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 1},
			}},
			[]string{
				"map .rodata has flags 0x80", "map f is a program array", "map a has 3 entries, the device takes 2",
				"map b has keys of 16 bytes", "map c has values of 65 bytes", "map d: type array is refused: not built",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found, err := Program(&tt.p, Options{Device: dev})
			require.NoError(t, err)
			require.Len(t, found, len(tt.want))
			for i, f := range found {
				require.Contains(t, f.String(), tt.want[i])
			}
		})
	}
}

func BenchmarkProgram(b *testing.B) {
	var p object.Program
	for range 1000 {
		p.Insns = append(p.Insns, bpf.Mov.Imm(1, 7))
	}
	p.Type = object.XDP
	p.Insns = append(p.Insns, bpf.Mov.Imm(0, 2), bpf.Return())
	for b.Loop() {
		found, err := Program(&p, Options{NFP: true})
		if err != nil || len(found) > 0 {
			b.Fatal(err, found)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(p.Insns)), "ns/insn")
}
