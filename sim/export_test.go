package sim

import (
	"bytes"
	"encoding/json"
	"testing"

	pp "github.com/google/pprof/profile"
	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
)

// countdown is a loop of 10 turns with a line table: line 1 sets up, line 2
// loops, line 3 ends.
func countdown(t *testing.T, change func(*Spec)) *Machine {
	code := program(packetPointer, nfpisa.Immed(a(2), 10),
		nfpisa.Mem32(nfpisa.MemRead32, 0, a(1), k(0), 1).CtxSwap(1), nfpisa.ALU(a(2), a(2), nfpisa.ALUSub, k(1)), nfpisa.Bcc(nfpisa.CondNE, at(2)),
		ret(a(2)))
	return testMachine(t, code, func(s *Spec, img *image.Image) {
		img.Lines = []image.Line{{Word: 0, File: "x.c", LineNo: 1, Text: "int n = 10;"}, {Word: 2, File: "x.c", LineNo: 2, Text: "while (n--)"}, {Word: 5, File: "x.c", LineNo: 3}}
		change(s)
	})
}

func TestProfileByLine(t *testing.T) {
	m := countdown(t, func(s *Spec) { s.Profile = true })
	res := m.Run(Input{Packet: frame(14)})
	require.Nil(t, res.Fault)
	lines := m.Profile().Lines(m.img)
	require.Len(t, lines, 3)
	require.Equal(t, LineCost{File: "x.c", LineNo: 2, Text: "while (n--)", Symbol: "test", Words: 3, Count: 30, Cycles: res.Cycles - 2 - 4}, lines[0])

	var b bytes.Buffer
	require.NoError(t, m.WriteProfile(&b))
	p, err := pp.Parse(&b)
	require.NoError(t, err)
	var insns, cycles int64
	for _, s := range p.Sample {
		insns += s.Value[0]
		cycles += s.Value[1]
		require.Equal(t, "x.c", s.Location[0].Line[0].Function.Filename)
	}
	require.EqualValues(t, res.Instructions, insns)
	require.EqualValues(t, res.Cycles, cycles)

	require.ErrorContains(t, countdown(t, func(*Spec) {}).WriteProfile(&b), "Spec.Profile")
}

func TestPerfetto(t *testing.T) {
	var b bytes.Buffer
	tr := NewPerfetto(&b, 800e6)
	m := countdown(t, func(s *Spec) { s.Hooks.Switch = tr.Switch })
	th := batchOf(m, [][]byte{frame(64)}, 8, func(*Result) {})
	require.NoError(t, tr.Close())
	var doc struct {
		TraceEvents []struct {
			Ph, Name string
			Tid      int
			Ts, Dur  float64
		}
	}
	require.NoError(t, json.Unmarshal(b.Bytes(), &doc))
	count := map[string]int{}
	var run float64
	for _, e := range doc.TraceEvents {
		count[e.Name]++
		if e.Name == "run" {
			run += e.Dur
		}
	}
	require.Equal(t, 8, count["packet"])
	require.Equal(t, 8*10, count["wait"])
	require.Equal(t, 4, count["thread_name"])
	require.Positive(t, run)
	require.LessOrEqual(t, float64(th.Instructions)/800, run)
}

// TestPerfettoCores shows that cores are processes of a trace.
func TestPerfettoCores(t *testing.T) {
	var b bytes.Buffer
	tr := NewPerfetto(&b, 800e6)
	s := testSystem(t, 2, ticket, func(sp *Spec, img *image.Image) {
		arrayMap(sp, img)
		sp.Hooks.Switch = tr.Switch
	})
	runAll(s, [][]byte{frame(64)}, 3, 0)
	require.NoError(t, tr.Close())
	var doc struct {
		TraceEvents []struct {
			Name string
			Pid  int
		}
	}
	require.NoError(t, json.Unmarshal(b.Bytes(), &doc))
	packets := map[int]int{}
	for _, e := range doc.TraceEvents {
		if e.Name == "packet" {
			packets[e.Pid]++
		}
	}
	require.Equal(t, map[int]int{1: 3, 2: 3}, packets)
}
