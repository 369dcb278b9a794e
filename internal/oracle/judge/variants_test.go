package judge_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/judge"
	"github.com/skipsw/skipsw/internal/oracle/oracletest"
	"github.com/skipsw/skipsw/internal/oracle/testnet"
	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/internal/samples"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/object"
)

// answersOf runs a program on packets.
func answersOf(t *testing.T, j oracle.Judge, p *object.Program, packets []pcap.Packet) []oracle.Run {
	l, err := j.Load(p)
	require.NoError(t, err, j.Name())
	defer l.Close()
	var out []oracle.Run
	for i, pk := range packets {
		r, err := l.Run(pk.Data)
		require.NoError(t, err, "%s: packet %d", j.Name(), i+1)
		out = append(out, r)
	}
	return out
}

// mapsOf names the entries of maps that a program declares. Compilers put different things
// into sections of data.
func mapsOf(p *object.Program, r oracle.Run) map[string][]object.Entry {
	out := map[string][]object.Entry{}
	for i, m := range p.AllMaps() {
		if m.Name[0] != '.' && !m.Frozen && r.Maps != nil && r.Maps[i] != nil {
			out[m.Name] = r.Maps[i]
		}
	}
	return out
}

// TestVariants: a sample does the same whatever compiler and level its object is of: in the
// interpreter, on the card, and, as root, in the kernel. What the sample's own object does is
// held against the kernel's recorded answers elsewhere.
func TestVariants(t *testing.T) {
	testdata := filepath.Join(root, "testdata")
	all, _, err := samples.Variants(filepath.Join(testdata, "bpf"))
	require.NoError(t, err)
	cards, err := judge.NewCards(&judge.Verifier{}, []string{"skipsw"}, []translate.Level{translate.LevelDefault})
	require.NoError(t, err)
	tables := testnet.Tables()
	cards[0].(*judge.Card).Network = tables
	interpreter := judge.Interpreter{Network: tables}
	h := oracle.Harness{Reference: interpreter, Judges: append([]oracle.Judge{interpreter}, cards...)}
	if err := oracle.KernelAvailable(); err != nil {
		t.Logf("the kernel cannot be asked: %v", err)
	} else {
		h.Reference, h.Second = oracle.Kernel{Namespace: oracletest.Namespace(t, "")}, interpreter
	}
	type sample struct {
		prog    *object.Program
		packets []pcap.Packet
		answers []oracle.Run
	}
	known := map[string]*sample{}
	compared, refused := 0, map[string]string{}
	for _, v := range all {
		t.Run(v.Build+"/"+v.Name, func(t *testing.T) {
			s := known[v.Name]
			if s == nil {
				o, err := object.Load(filepath.Join(testdata, "bpf", v.Name+".o"), object.Options{})
				require.NoError(t, err)
				s = &sample{}
				s.prog, err = o.Program(v.Name)
				require.NoError(t, err)
				s.packets, err = pcap.ReadFile(filepath.Join(testdata, "pcap", v.Name+".pcap"))
				require.NoError(t, err)
				s.answers = answersOf(t, interpreter, s.prog, s.packets)
				known[v.Name] = s
			}
			o, err := object.LoadBytes(v.Name+".o", v.Object, object.Options{})
			require.NoError(t, err)
			p, err := o.Program(v.Name)
			require.NoError(t, err)
			got := answersOf(t, interpreter, p, s.packets)
			for i := range got {
				require.Equal(t, s.answers[i].Verdict, got[i].Verdict, "packet %d", i+1)
				require.Equal(t, s.answers[i].Packet, got[i].Packet, "packet %d", i+1)
			}
			require.Equal(t, mapsOf(s.prog, s.answers[len(got)-1]), mapsOf(p, got[len(got)-1]))

			p, _, err = oracle.PinClock(p)
			require.NoError(t, err)
			c := &oracle.Case{Program: p}
			for _, pk := range s.packets {
				c.Packets = append(c.Packets, pk.Data)
			}
			rep, err := h.Check(c)
			require.NoError(t, err)
			require.True(t, rep.Accepted, rep.Why)
			require.Empty(t, rep.Mismatches)
			for _, n := range rep.Compared {
				compared += n
			}
			for _, why := range rep.NotSupported {
				refused[v.Name] = why
			}
		})
	}
	t.Logf("%d variants, %d runs compared", len(all), compared)
	for name, why := range refused {
		t.Logf("%s: %s", name, why)
	}
}
