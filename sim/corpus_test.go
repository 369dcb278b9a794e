package sim

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/peer"
	"github.com/skipsw/skipsw/nfpisa/image"
)

func loadCorpus(t testing.TB) []peer.Case {
	cases, err := peer.Load(filepath.Join("..", "testdata", "peer"))
	require.NoError(t, err)
	return cases
}

// kernelImage makes an image of the kernel's words.
func kernelImage(t testing.TB, c *peer.Case) *image.Image {
	img, err := c.Image()
	require.NoError(t, err)
	return img
}

// differs returns how a result differs from the kernel's answer, or "".
func differs(r *peer.Run, m *Machine, res *Result) string {
	if res.Fault != nil {
		return res.Fault.Error()
	}
	if code := fmt.Sprintf("%02x", res.Code>>16); code != r.NFPCode || res.Code&0xffff != 0 {
		return fmt.Sprintf("exit word %#x, want action %s", res.Code, r.NFPCode)
	}
	entries := func(name string) ([]peer.Entry, bool) {
		mp, ok := m.Map(name)
		if !ok {
			return nil, false
		}
		var out []peer.Entry
		for _, e := range mp.Entries() {
			out = append(out, peer.Entry{Key: e.Key, Value: e.Value})
		}
		return out, true
	}
	if d := r.Differs(peer.Outcome{Packet: res.Packet, Map: entries}); d != "" {
		return d
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
		m, err := New(kernelImage(t, &cc), DefaultSpec())
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
			if d := differs(r, m, &res); d != "" {
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
		m, err := New(kernelImage(t, &cc), DefaultSpec())
		require.NoError(t, err)
		for i := range cc.Runs {
			r := &cc.Runs[i]
			if r.Comparable || !strings.HasPrefix(r.Why, "JIT defect") {
				continue
			}
			require.NoError(t, m.Reset())
			res := m.Run(Input{Packet: r.PacketIn})
			require.NotEmpty(t, differs(r, m, &res), "%s run %d", cc.Name, i)
			if kind, ok := rules[cc.Name]; ok {
				require.NotNil(t, res.Fault, cc.Name)
				require.Equal(t, kind, res.Fault.Kind, cc.Name)
			}
		}
	}
}
