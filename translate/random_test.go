package translate_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/gen"
	"github.com/skipsw/skipsw/internal/oracle/judge"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// count returns the number of cases to run: SKIPSW_N, or a small default.
func count(t testing.TB, small int) int {
	s := os.Getenv("SKIPSW_N")
	if s == "" {
		return small
	}
	n, err := strconv.Atoi(s)
	require.NoError(t, err)
	return n
}

// TestRandomPrograms compiles random programs and holds the words, run in the
// simulator, against the reference interpreter.
func TestRandomPrograms(t *testing.T) {
	for _, c := range []struct {
		target string
		level  translate.Level
	}{{"skipsw", translate.LevelDefault}, {"agilio", translate.LevelDefault}, {"skipsw", translate.LevelNone}} {
		t.Run(fmt.Sprintf("%s/%d", c.target, c.level), func(t *testing.T) {
			tg, err := target.Builtin(c.target)
			require.NoError(t, err)
			generous(tg)
			card := &judge.Card{Target: tg, Level: c.level, Label: c.target, Verifier: &judge.Verifier{}}
			campaign := oracle.Campaign{
				N: count(t, 400), Packets: 6, Frames: gen.PacketOptions{Min: 14, Max: 1500},
				Harness: &oracle.Harness{Reference: judge.Interpreter{}, Judges: []oracle.Judge{card}, Witnesses: judge.Witnesses()[1:]},
			}
			s := campaign.Run(t.Context())
			for _, f := range s.Failures {
				t.Error(f)
			}
			require.NotZero(t, s.Runs[c.target])
			t.Logf("%d programs, %d runs, refused: %v", s.Took[c.target], s.Runs[c.target], s.NotSupported)
		})
	}
}

// differ runs one program on a few packets in the interpreter and in the
// simulator, and returns the number of runs and the first difference.
func differ(p *object.Program, seed uint64, tg *target.Target, level translate.Level) (runs int, err error) {
	v, err := verify.Verify(p, verify.Options{})
	if err != nil {
		return 0, fmt.Errorf("%w: refused by the verifier", translate.ErrNotSupported)
	}
	img, err := translate.Compile(v, translate.Options{Target: tg, OptLevel: level, CheckAllocation: true})
	if err != nil {
		return 0, err
	}
	m, err := sim.New(img, sim.DefaultSpec())
	if err != nil {
		return 0, err
	}
	vm, err := ebpf.New(p, ebpf.Options{})
	if err != nil {
		return 0, err
	}
	for k, packet := range gen.Packets(seed, 6, gen.PacketOptions{Min: 14, Max: 1500}) {
		want, err := vm.Run(ebpf.Input{Packet: packet, RxQueue: 3})
		if err != nil {
			return runs, fmt.Errorf("interpreter: %w", err)
		}
		got := m.Run(sim.Input{Packet: packet, IngressIfindex: 1, RxQueue: 3})
		runs++
		if got.Fault != nil {
			return runs, fmt.Errorf("packet %d: %w", k, got.Fault)
		}
		if tg.Direct() && got.Code != uint32(want.R0) || !tg.Direct() && got.Code>>16 != uint32(wantCode(tg, p.Type, uint32(want.R0))) {
			return runs, fmt.Errorf("packet %d: result word %#x, want verdict %#x", k, got.Code, want.R0)
		}
		if left := want.Left(); string(got.Packet) != string(left) {
			return runs, fmt.Errorf("packet %d: in\n%x\ngot\n%x\nwant\n%x", k, packet, got.Packet, left)
		}
		for _, om := range p.AllMaps() {
			mp, ok := m.Map(om.Name)
			if !ok || om.KeySize == 0 || om.Inner != nil { // what queues, stacks and maps of maps hold shows in what is taken out
				continue
			}
			a, b := mp.Entries(), vm.Map(om.Name).Entries()
			if len(a) != len(b) {
				return runs, fmt.Errorf("packet %d: map %s has %d entries, want %d", k, om.Name, len(a), len(b))
			}
			for j := range a {
				if string(a[j].Key) != string(b[j].Key) || string(a[j].Value) != string(b[j].Value) {
					return runs, fmt.Errorf("packet %d: map %s: %x=%x, want %x=%x", k, om.Name, a[j].Key, a[j].Value, b[j].Key, b[j].Value)
				}
			}
		}
	}
	return runs, nil
}

// wantCode returns the action and counter bits of a verdict.
func wantCode(tg *target.Target, typ object.Type, verdict uint32) uint8 {
	codes, other := tg.Exit.Codes(typ == object.TC)
	if uint64(verdict) < uint64(len(codes)) {
		return codes[verdict]
	}
	return other
}
