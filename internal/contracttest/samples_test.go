package contracttest

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/judge"
	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// sample is a sample program with the packets of its capture and what the
// reference interpreter, which other tests hold against the kernel, makes of
// them.
type sample struct {
	name    string
	proven  *verify.Program
	packets [][]byte
	want    []oracle.Run // maps only in the last
	// confined is the same by packet buffer, ebpf.Buffer, for those that are smaller
	// than the kernel's.
	confined *sync.Map
	byUse    bool // has its maps placed by what it does with them
}

const testdata = "../../testdata"

// samples loads all samples once.
var samples = sync.OnceValues(func() ([]sample, error) {
	objects, err := filepath.Glob(filepath.Join(testdata, "bpf", "*.o"))
	if err != nil || len(objects) == 0 {
		return nil, fmt.Errorf("no sample objects: %w", err)
	}
	var out []sample
	for _, path := range objects {
		obj, err := object.Load(path, object.Options{})
		if err != nil {
			return nil, err
		}
		base := strings.TrimSuffix(filepath.Base(path), ".o")
		captured, err := pcap.ReadFile(filepath.Join(testdata, "pcap", strings.TrimSuffix(base, "_v1")+".pcap"))
		if err != nil {
			return nil, err
		}
		for _, p := range obj.Programs {
			if slices.ContainsFunc(obj.Programs, func(q *object.Program) bool { return slices.Contains(q.Called, p) }) {
				continue // it runs where it is called
			}
			s := sample{name: base + "/" + p.Name, confined: new(sync.Map)}
			for _, pk := range captured {
				s.packets = append(s.packets, pk.Data)
			}
			if p, _, err = oracle.PinClock(p); err != nil {
				return nil, err
			}
			if s.proven, err = verify.Verify(p, verify.Options{Offload: true}); err != nil {
				return nil, err
			}
			if s.want, err = s.answer(judge.Interpreter{}); err != nil {
				return nil, err
			}
			out = append(out, s)
		}
	}
	more, err := extras(plain(out[0].packets, 40))
	return append(out, more...), err
})

// plain returns n packets whose lengths are not at the edge of what a packet
// may be cut to.
func plain(packets [][]byte, n int) (out [][]byte) {
	for _, p := range packets {
		if len(p) >= 64 && (len(p) < 70 || len(p) > 80) && len(out) < n {
			out = append(out, p)
		}
	}
	return out
}

// answer asks the interpreter.
func (s *sample) answer(j judge.Interpreter) (want []oracle.Run, err error) {
	ref, err := j.Load(s.proven.Source())
	if err != nil {
		return nil, err
	}
	defer ref.Close()
	for i, packet := range s.packets {
		r, err := ref.Run(packet)
		if err != nil {
			return nil, fmt.Errorf("%s: packet %d: %w", s.name, i, err)
		}
		if i < len(s.packets)-1 {
			r.Maps = nil
		}
		want = append(want, r)
	}
	return want, nil
}

// answerOf returns what a card of the target has to do: what the interpreter does
// with frames in a buffer like the target's.
func (s *sample) answerOf(tg *target.Target) ([]oracle.Run, error) {
	j, ok := (&judge.Card{Target: tg}).Confined().(judge.Interpreter)
	if !ok || !oracle.MovesEnds(s.proven.Source()) {
		return s.want, nil
	}
	if want, ok := s.confined.Load(*j.Buffer); ok {
		return want.([]oracle.Run), nil
	}
	want, err := s.answer(j)
	if err == nil {
		s.confined.Store(*j.Buffer, want)
	}
	return want, err
}

// outcome is what became of a program for a target.
type outcome struct {
	refused string // by compiler or simulator
	words   string // hash
	layout  string // of maps, and where the code is
	cycles  uint64 // of all packets, one at a time
	batch   uint64 // of all packets, four contexts at once
	wrong   string // the first thing that is not as the interpreter says
}

// run compiles a sample for a target and runs it on all packets.
func (s *sample) run(tg *target.Target) (o outcome) {
	img, err := translate.Compile(s.proven, translate.Options{Target: tg, CheckAllocation: true, PlaceByUse: s.byUse})
	if err != nil {
		o.refused = err.Error()
		return o
	}
	o.words, o.layout = words(img), layout(img)
	m, err := sim.New(img, sim.DefaultSpec())
	if err != nil {
		o.refused = err.Error()
		return o
	}
	want, err := s.answerOf(tg)
	if err != nil {
		o.wrong = err.Error()
		return o
	}
	for i, packet := range s.packets {
		r := m.Run(sim.Input{Packet: packet, IngressIfindex: 1})
		if r.Fault != nil {
			o.wrong = fmt.Sprintf("packet %d: %v", i, r.Fault)
			return o
		}
		o.cycles += r.Cycles
		if d := s.differs(tg, m, &want[i], &r); d != "" {
			o.wrong = fmt.Sprintf("packet %d: %s", i, d)
			return o
		}
	}
	o.batch, o.wrong = s.four(m)
	return o
}

// four runs the packets on four contexts at once.
func (s *sample) four(m *sim.Machine) (cycles uint64, wrong string) {
	if err := m.Reset(); err != nil {
		return 0, err.Error()
	}
	n := 0
	t := m.Batch(func(in *sim.Input) bool {
		if n == len(s.packets) {
			return false
		}
		*in = sim.Input{Packet: s.packets[n], IngressIfindex: 1}
		n++
		return true
	}, func(r *sim.Result) {
		if r.Fault != nil && wrong == "" {
			wrong = "four contexts: " + r.Fault.Error()
		}
	})
	return t.Cycles, wrong
}

// differs compares what the card did with a packet with what it had to do.
func (s *sample) differs(tg *target.Target, m *sim.Machine, want *oracle.Run, r *sim.Result) string {
	src := s.proven.Source()
	if v := tg.Exit.Class(src.Type == object.TC, want.Verdict); v != r.Verdict {
		return fmt.Sprintf("verdict %d, not %d", r.Verdict, v)
	}
	if oracle.Redirects(src, r.Verdict) && tg.PacketVector.Redirect != nil {
		if to := judge.RedirectText(&r.Redirect); to != want.Redirect {
			return fmt.Sprintf("redirect to %s, not %s", to, want.Redirect)
		}
	}
	frame := want.Packet
	if want.Left != nil {
		frame = want.Left
	}
	if !bytes.Equal(frame, r.Packet) {
		return "another packet"
	}
	maps := src.AllMaps()
	for k := range want.Maps {
		mp, ok := m.Map(maps[k].Name)
		if want.Maps[k] == nil || !ok {
			continue
		}
		got := mp.Entries()
		if len(got) != len(want.Maps[k]) {
			return fmt.Sprintf("map %s has %d entries, not %d", maps[k].Name, len(got), len(want.Maps[k]))
		}
		for e := range got {
			if !bytes.Equal(got[e].Key, want.Maps[k][e].Key) || !bytes.Equal(got[e].Value, want.Maps[k][e].Value) {
				return fmt.Sprintf("entry %d of map %s is %x %x, not %x %x", e, maps[k].Name, got[e].Key, got[e].Value, want.Maps[k][e].Key, want.Maps[k][e].Value)
			}
		}
	}
	return ""
}

func words(img *image.Image) string {
	h := sha256.New()
	for _, w := range img.Words {
		_ = binary.Write(h, binary.LittleEndian, uint64(w))
	}
	return fmt.Sprintf("%d %x", len(img.Words), h.Sum(nil)[:8])
}

// layout says where an image puts its code and its maps.
func layout(img *image.Image) string {
	var b strings.Builder
	fmt.Fprintf(&b, "code %d done %d helpers %v stack %d", img.Machine.CodeStart, img.Machine.Done, img.Machine.Helpers, img.Machine.StackSize)
	for i := range img.Maps {
		m := &img.Maps[i]
		fmt.Fprintf(&b, "; %s %q %#x %d %v", m.Name, m.Layout, m.Base, m.Stride, m.Params)
	}
	return b.String()
}

// TestSamplesOfBuiltins holds that the built-in targets give the interpreter's
// answers, so that a change of theirs can be blamed.
func TestSamplesOfBuiltins(t *testing.T) {
	all, err := samples()
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(all), 25)
	for _, name := range target.Names() {
		tg, compiled := target.MustBuiltin(name), 0
		for i := range all {
			o := all[i].run(tg)
			require.Empty(t, o.wrong, "%s for %s", all[i].name, name)
			if o.refused == "" {
				compiled++
			}
		}
		t.Logf("%s: %d of %d samples", name, compiled, len(all))
		require.GreaterOrEqual(t, compiled, 14)
	}
}
