package translate_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/opt"
	"github.com/skipsw/skipsw/translate/target"
	"github.com/skipsw/skipsw/translate/verify"
)

type hexBytes []byte

func (h *hexBytes) UnmarshalText(b []byte) error {
	*h = make([]byte, hex.DecodedLen(len(b)))
	_, err := hex.Decode(*h, b)
	return err
}

type corpusEntry struct{ Key, Value hexBytes }

type corpusRun struct {
	PacketIn  hexBytes `json:"packet_in"`
	Verdict   uint32
	PacketOut hexBytes                 `json:"packet_out"`
	MapsAfter map[string][]corpusEntry `json:"maps_after"`
	NFPCode   string                   `json:"nfp_code"`
	Events    []struct{ Data, Packet hexBytes }
	Queue     *struct {
		Selected bool
		Value    uint8
	}
	Undefined  [][2]int
	Comparable bool
	Why        string
}

type corpusCase struct {
	Name     string
	ProgType string `json:"prog_type"`
	EBPF     []hexBytes
	Maps     []struct {
		Name       string
		Type       string
		KeySize    uint32 `json:"key_size"`
		ValueSize  uint32 `json:"value_size"`
		MaxEntries uint32 `json:"max_entries"`
		Initial    []corpusEntry
	}
	NFP struct {
		Words      []string
		StartOff   uint16 `json:"start_off"`
		TgtDone    uint16 `json:"tgt_done"`
		Helpers    map[string]uint16
		StackSize  uint32 `json:"stack_size"`
		Tids       []uint32
		MapWordUse map[string][]uint8 `json:"map_word_use"`
	}
	Runs []corpusRun
}

func loadCorpus(t testing.TB) []corpusCase {
	b, err := os.ReadFile(filepath.Join("..", "testdata", "peer", "corpus.json"))
	require.NoError(t, err)
	var cases []corpusCase
	require.NoError(t, json.Unmarshal(b, &cases))
	return cases
}

var mapTypes = map[string]uint32{"hash": 1, "array": 2, "perf_event_array": 4}

// program makes the case's program as an object file would give it.
func (cc *corpusCase) program(t testing.TB) *object.Program {
	p := &object.Program{Object: "corpus", Name: cc.Name, Section: cc.ProgType, Type: object.XDP, License: "GPL"}
	if cc.ProgType == "sched_cls" {
		p.Type = object.TC
	}
	var raw []byte
	for _, i := range cc.EBPF {
		raw = append(raw, i...)
	}
	var err error
	p.Insns, err = bpf.Decode(raw)
	require.NoError(t, err)
	starts := map[int]bool{0: true}
	for pc := range p.Insns {
		in := &p.Insns[pc]
		if in.Wide() && in.Src == bpf.PseudoMapFD {
			in.Imm--
		}
		if in.Op == bpf.ClassJMP|bpf.CALL && in.Src == bpf.PseudoCall {
			starts[pc+1+int(in.Imm)] = true
		}
	}
	for pc := range p.Insns {
		if starts[pc] {
			p.Funcs = append(p.Funcs, object.Func{Name: fmt.Sprintf("f%d", pc), Start: pc})
		}
	}
	for _, m := range cc.Maps {
		om := &object.Map{Name: m.Name, Type: mapTypes[m.Type], KeySize: m.KeySize, ValueSize: m.ValueSize, MaxEntries: m.MaxEntries}
		for _, e := range m.Initial {
			om.Initial = append(om.Initial, object.Entry{Key: e.Key, Value: e.Value})
		}
		p.Maps = append(p.Maps, om)
	}
	return p
}

// compare returns how a result differs from the kernel's answer, or "".
func (r *corpusRun) compare(m *sim.Machine, res *sim.Result, codes bool) string {
	if res.Fault != nil {
		return res.Fault.Error()
	}
	if code := fmt.Sprintf("%02x", res.Code>>16); codes && (code != r.NFPCode || res.Code&0xffff != 0) {
		return fmt.Sprintf("exit word %#x, want action %s", res.Code, r.NFPCode)
	}
	if !codes && res.Code != r.Verdict {
		return fmt.Sprintf("verdict %d, want %d", res.Code, r.Verdict)
	}
	want := append([]byte(nil), r.PacketOut...)
	got := append([]byte(nil), res.Packet...)
	for _, u := range r.Undefined {
		for i := u[0]; i < u[1] && i < len(got); i++ {
			got[i] = 0
		}
	}
	if string(got) != string(want) {
		return fmt.Sprintf("packet\n in  %x\n got %x\nwant %x", []byte(r.PacketIn), got, want)
	}
	for name, want := range r.MapsAfter {
		mp, ok := m.Map(name)
		if !ok {
			if len(want) == 0 {
				continue
			}
			return "no map " + name
		}
		got := mp.Entries()
		if len(got) != len(want) {
			return fmt.Sprintf("map %s has %d entries, want %d", name, len(got), len(want))
		}
		for i := range got {
			if string(got[i].Key) != string(want[i].Key) || string(got[i].Value) != string(want[i].Value) {
				return fmt.Sprintf("map %s entry %d: %x=%x, want %x=%x", name, i, got[i].Key, got[i].Value, []byte(want[i].Key), []byte(want[i].Value))
			}
		}
	}
	if len(res.Events) != len(r.Events) {
		return fmt.Sprintf("%d events, want %d", len(res.Events), len(r.Events))
	}
	for i, e := range res.Events {
		if string(e.Data) != string(r.Events[i].Data) || string(e.Packet) != string(r.Events[i].Packet) {
			return fmt.Sprintf("event %x %x, want %x %x", e.Data, e.Packet, []byte(r.Events[i].Data), []byte(r.Events[i].Packet))
		}
	}
	if q := r.Queue; q != nil && (res.QueueSelected != q.Selected || res.Queue != q.Value) {
		return fmt.Sprintf("queue %v %d, want %v %d", res.QueueSelected, res.Queue, q.Selected, q.Value)
	}
	return ""
}

// TestCorpus compiles the programs of the corpus and holds every comparable
// run of the words against the kernel's answer.
func TestCorpus(t *testing.T) {
	for _, name := range []string{"agilio", "skipsw"} {
		for _, level := range []opt.Level{opt.Default, opt.None} {
			t.Run(fmt.Sprintf("%s/%d", name, level), func(t *testing.T) {
				tg, err := target.Builtin(name)
				require.NoError(t, err)
				generous(tg)
				compiled, compared := 0, 0
				for _, cc := range loadCorpus(t) {
					if n := cc.run(t, tg, level); n >= 0 {
						compiled++
						compared += n
					}
				}
				t.Logf("%d programs, %d runs", compiled, compared)
			})
		}
	}
}

// refusal returns a part of the message that the case is refused with, or "".
func (cc *corpusCase) refusal(tg *target.Target) string {
	if !tg.Direct() {
		return ""
	}
	for _, m := range cc.Maps {
		if !tg.HasMap(m.Type) {
			return "not supported: map " + m.Name
		}
	}
	if strings.HasPrefix(cc.Name, "ctx_rx_queue") {
		return "not supported: a store to context field rx_queue_index"
	}
	return ""
}

// generous lifts the limits of a target's memory: the corpus was made without.
func generous(tg *target.Target) {
	tg.Core.CodeWords = 12000
	tg.Maps.MaxValue, tg.Maps.MaxElement = 512, 1024
}

// TestCorpusFewRegisters runs the corpus with so few registers that values
// must be kept in local memory.
func TestCorpusFewRegisters(t *testing.T) {
	for _, n := range []int{8, 12} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			tg, err := target.Builtin("skipsw")
			require.NoError(t, err)
			generous(tg)
			tg.Registers.GPRs, tg.Registers.XferIn, tg.Registers.XferOut = n, 24, 24
			for _, cc := range loadCorpus(t) {
				cc.run(t, tg, opt.Default)
			}
		})
	}
}

// run compiles and runs one case. It returns the number of runs compared, or
// -1 if the case does not compile for the target.
func (cc *corpusCase) run(t *testing.T, tg *target.Target, level opt.Level) int {
	p, err := verify.Verify(cc.program(t), verify.Options{Offload: true})
	require.NoError(t, err, cc.Name)
	img, err := translate.Compile(p, translate.Options{Target: tg, OptLevel: level, CheckAllocation: true})
	if why := cc.refusal(tg); why != "" {
		require.ErrorIs(t, err, translate.ErrNotSupported, cc.Name)
		require.ErrorContains(t, err, why, cc.Name)
		return -1
	}
	require.NoError(t, err, cc.Name)
	m, err := sim.New(img, sim.DefaultSpec())
	require.NoError(t, err, cc.Name)
	bad, compared := 0, 0
	for i := range cc.Runs {
		r := &cc.Runs[i]
		if !r.Comparable {
			continue
		}
		require.NoError(t, m.Reset())
		res := m.Run(sim.Input{Packet: r.PacketIn})
		compared++
		if d := r.compare(m, &res, !tg.Direct()); d != "" {
			if bad++; bad <= 1 {
				t.Errorf("%s run %d: %s", cc.Name, i, d)
			}
		}
	}
	if bad > 1 {
		t.Errorf("%s: %d more runs differ", cc.Name, bad-1)
	}
	return compared
}

// BenchmarkPeerWords compiles the corpus for the Agilio firmware and counts
// words against those of the kernel's JIT.
func BenchmarkPeerWords(b *testing.B) {
	tg, err := target.Builtin("agilio")
	require.NoError(b, err)
	generous(tg)
	cases := loadCorpus(b)
	for b.Loop() {
		words, kernel, insns, logSum, n := 0, 0, 0, 0.0, 0
		for k := range cases {
			cc := &cases[k]
			img := cc.compile(b, tg)
			if img == nil {
				continue
			}
			words += len(img.Words)
			kernel += len(cc.NFP.Words)
			insns += len(cc.EBPF)
			logSum += math.Log(float64(len(img.Words)) / float64(len(cc.NFP.Words)))
			n++
			if testing.Verbose() {
				b.Logf("%-28s %4d eBPF %5d words, kernel %5d, ratio %.2f", cc.Name, len(cc.EBPF), len(img.Words), len(cc.NFP.Words),
					float64(len(img.Words))/float64(len(cc.NFP.Words)))
			}
		}
		b.ReportMetric(float64(words), "words")
		b.ReportMetric(float64(kernel), "kernel-words")
		b.ReportMetric(math.Exp(logSum/float64(n)), "ratio-geomean")
		b.ReportMetric(float64(n), "programs")
	}
}

func (cc *corpusCase) compile(b testing.TB, tg *target.Target) *image.Image {
	p, err := verify.Verify(cc.program(b), verify.Options{Offload: true})
	if err != nil {
		return nil
	}
	img, err := translate.Compile(p, translate.Options{Target: tg})
	if err != nil {
		return nil
	}
	return img
}
