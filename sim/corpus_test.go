package sim

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
)

// hexBytes is a byte string in hexadecimal.
type hexBytes []byte

func (h *hexBytes) UnmarshalText(b []byte) error {
	*h = make([]byte, hex.DecodedLen(len(b)))
	_, err := hex.Decode(*h, b)
	return err
}

type corpusEntry struct{ Key, Value hexBytes }

type corpusMap struct {
	Name       string
	Type       string
	KeySize    uint32 `json:"key_size"`
	ValueSize  uint32 `json:"value_size"`
	MaxEntries uint32 `json:"max_entries"`
	Initial    []corpusEntry
}

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
	Maps     []corpusMap
	NFP      struct {
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

var helperIDs = map[string]uint32{
	"map_lookup_elem": helperLookup, "map_update_elem": helperUpdate,
	"map_delete_elem": helperDelete, "perf_event_output": helperEvent,
}

func loadCorpus(t testing.TB) []corpusCase {
	b, err := os.ReadFile(filepath.Join("..", "testdata", "peer", "corpus.json"))
	require.NoError(t, err)
	var cases []corpusCase
	require.NoError(t, json.Unmarshal(b, &cases))
	return cases
}

// image makes an image of the kernel's words.
func (cc *corpusCase) image(t testing.TB) *image.Image {
	img := &image.Image{Machine: image.Machine{
		Target: "agilio", ABI: 3, Mode: nfpisa.Ctx4, CodeStart: cc.NFP.StartOff, Done: cc.NFP.TgtDone,
		Helpers: map[uint32]uint16{}, StackSize: cc.NFP.StackSize,
	}}
	for name, addr := range cc.NFP.Helpers {
		img.Machine.Helpers[helperIDs[name]] = addr
	}
	for _, w := range cc.NFP.Words {
		v, err := strconv.ParseUint(w, 16, 64)
		require.NoError(t, err)
		img.Words = append(img.Words, nfpisa.Word(v))
	}
	typ := "xdp"
	if cc.ProgType == "sched_cls" {
		typ = "tc"
	}
	img.Programs = []image.Program{{Name: cc.Name, Type: typ}}
	for i, m := range cc.Maps {
		im := image.Map{
			Name: m.Name, Type: m.Type, KeySize: m.KeySize, ValueSize: m.ValueSize, MaxEntries: m.MaxEntries,
			ID: cc.NFP.Tids[i], WordUse: cc.NFP.MapWordUse[m.Name],
		}
		for _, e := range m.Initial {
			im.Initial = append(im.Initial, image.Entry{Key: e.Key, Value: e.Value})
		}
		img.Maps = append(img.Maps, im)
	}
	return img
}

// differs returns how a result differs from the kernel's answer, or "".
func (r *corpusRun) differs(m *Machine, res *Result) string {
	if res.Fault != nil {
		return res.Fault.Error()
	}
	if code := fmt.Sprintf("%02x", res.Code>>16); code != r.NFPCode || res.Code&0xffff != 0 {
		return fmt.Sprintf("exit word %#x, want action %s", res.Code, r.NFPCode)
	}
	want := append([]byte(nil), r.PacketOut...)
	got := append([]byte(nil), res.Packet...)
	for _, u := range r.Undefined {
		for i := u[0]; i < u[1] && i < len(got); i++ {
			got[i] = 0
		}
	}
	if string(got) != string(want) {
		return fmt.Sprintf("packet\n got %x\nwant %x", got, want)
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
				return fmt.Sprintf("map %s entry %d: %x=%x, want %x=%x", name, i, got[i].Key, got[i].Value, want[i].Key, want[i].Value)
			}
		}
	}
	if len(res.Events) != len(r.Events) {
		return fmt.Sprintf("%d events, want %d", len(res.Events), len(r.Events))
	}
	for i, e := range res.Events {
		if string(e.Data) != string(r.Events[i].Data) || string(e.Packet) != string(r.Events[i].Packet) {
			return fmt.Sprintf("event %x %x, want %x %x", e.Data, e.Packet, r.Events[i].Data, r.Events[i].Packet)
		}
	}
	if q := r.Queue; q != nil && (res.QueueSelected != q.Selected || res.Queue != q.Value) {
		return fmt.Sprintf("queue %v %d, want %v %d", res.QueueSelected, res.Queue, q.Selected, q.Value)
	}
	return ""
}

// TestCorpus runs the words of the kernel's JIT, all checks on, and holds
// every comparable run against the kernel's answer.
func TestCorpus(t *testing.T) {
	compared := 0
	for _, cc := range loadCorpus(t) {
		m, err := New(cc.image(t), DefaultSpec())
		require.NoError(t, err, cc.Name)
		bad := 0
		for i := range cc.Runs {
			r := &cc.Runs[i]
			require.NoError(t, m.Reset())
			res := m.Run(Input{Packet: r.PacketIn})
			if !r.Comparable {
				continue
			}
			compared++
			if d := r.differs(m, &res); d != "" {
				if bad++; bad <= 1 {
					t.Errorf("%s run %d: %s", cc.Name, i, d)
				}
			}
		}
		if bad > 1 {
			t.Errorf("%s: %d more runs differ", cc.Name, bad-1)
		}
	}
	require.Equal(t, 4215, compared)
}

// TestDefectsShow runs what is not comparable because the kernel's JIT got it
// wrong: words that are wrong must not give the right answer here, and where
// they rely on what the core does not define a strict rule names it.
func TestDefectsShow(t *testing.T) {
	rules := map[string]FaultKind{
		"defect_div_1": FaultHazard, "defect_div_28": FaultHazard, "defect_div_56": FaultHazard, "defect_r10_data": FaultFlags,
	}
	for _, cc := range loadCorpus(t) {
		m, err := New(cc.image(t), DefaultSpec())
		require.NoError(t, err)
		for i := range cc.Runs {
			r := &cc.Runs[i]
			if r.Comparable || !strings.HasPrefix(r.Why, "JIT defect") {
				continue
			}
			require.NoError(t, m.Reset())
			res := m.Run(Input{Packet: r.PacketIn})
			require.NotEmpty(t, r.differs(m, &res), "%s run %d", cc.Name, i)
			if kind, ok := rules[cc.Name]; ok {
				require.NotNil(t, res.Fault, cc.Name)
				require.Equal(t, kind, res.Fault.Kind, cc.Name)
			}
		}
	}
}
