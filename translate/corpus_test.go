package translate_test

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/peer"
	"github.com/skipsw/skipsw/internal/peer/onsim"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// corpusCase is a program of the corpus, to be compiled.
type corpusCase struct{ peer.Case }

func loadCorpus(t testing.TB) []corpusCase {
	cases, err := peer.Load(filepath.Join("..", "testdata", "peer"))
	require.NoError(t, err)
	out := make([]corpusCase, len(cases))
	for i, c := range cases {
		out[i].Case = c
	}
	return out
}

// program returns the case's program as an object file would give it.
func (cc *corpusCase) program(t testing.TB) *object.Program {
	p, err := cc.Program()
	require.NoError(t, err)
	return p
}

// TestCorpus compiles the programs of the corpus and holds every comparable
// run of the words against the kernel's answer.
func TestCorpus(t *testing.T) {
	for _, name := range []string{"agilio", "skipsw"} {
		for _, level := range []translate.Level{translate.LevelDefault, translate.LevelNone} {
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

// routineGPRs is the number of registers of a bank that routines of hash maps
// need at least.
const routineGPRs = 12

// routines reports whether the case has a map that routines serve.
func (cc *corpusCase) routines() bool {
	return slices.ContainsFunc(cc.Maps, func(m peer.Map) bool { return strings.Contains(m.Type, "hash") || m.Type == "perf_event_array" })
}

// generous lifts the limits of a target's memory: the corpus was made without.
func generous(tg *target.Target) {
	tg.Core.CodeWords = 12000
	tg.Maps.MaxValue, tg.Maps.MaxElement = 512, 1024
}

// TestCorpusFewRegisters runs the corpus with so few registers that values
// must be kept in local memory.
func TestCorpusFewRegisters(t *testing.T) {
	for _, c := range []struct{ gprs, xfers int }{{8, 24}, {routineGPRs, 32}} {
		t.Run(fmt.Sprint(c.gprs), func(t *testing.T) {
			tg, err := target.Builtin("skipsw")
			require.NoError(t, err)
			generous(tg)
			tg.Registers.GPRs, tg.Registers.XferIn, tg.Registers.XferOut = c.gprs, c.xfers, c.xfers
			for _, cc := range loadCorpus(t) {
				cc.run(t, tg, translate.LevelDefault)
			}
		})
	}
}

// run compiles and runs one case. It returns the number of runs compared, or
// -1 if the case does not compile for the target.
func (cc *corpusCase) run(t *testing.T, tg *target.Target, level translate.Level) int {
	p, err := verify.Verify(cc.program(t), verify.Options{Offload: true})
	require.NoError(t, err, cc.Name)
	img, err := translate.Compile(p, translate.Options{Target: tg, OptLevel: level, CheckAllocation: true})
	if why := cc.refusal(tg); why != "" {
		require.ErrorIs(t, err, translate.ErrNotSupported, cc.Name)
		require.ErrorContains(t, err, why, cc.Name)
		return -1
	}
	if err != nil && tg.Registers.GPRs < routineGPRs && tg.Direct() && cc.routines() {
		require.ErrorIs(t, err, translate.ErrNotSupported, cc.Name)
		require.ErrorContains(t, err, fmt.Sprintf("registers.gprs is %d", tg.Registers.GPRs), cc.Name)
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
		if d := onsim.Differs(r, m, &res, !tg.Direct()); d != "" {
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

// BenchmarkPeerWords compiles the corpus for the Agilio firmware and compares
// the number of words with the kernel JIT's, program by program and for all of
// them together, where the ratio is the geometric mean.
func BenchmarkPeerWords(b *testing.B) {
	tg, err := target.Builtin("agilio")
	require.NoError(b, err)
	generous(tg)
	cases := loadCorpus(b)
	report := func(b *testing.B, words, kernel int, ratio float64) {
		b.ReportMetric(float64(words), "words")
		b.ReportMetric(float64(kernel), "kernel-words")
		b.ReportMetric(ratio, "ratio")
	}
	for k := range cases {
		cc := &cases[k]
		b.Run(cc.Name, func(b *testing.B) {
			img := cc.compile(b, tg)
			require.NotNil(b, img)
			words, kernel := len(img.Words), len(cc.NFP.Words)
			report(b, words, kernel, float64(words)/float64(kernel))
			b.ReportMetric(float64(len(cc.EBPF)), "eBPF-slots")
			b.ReportMetric(0, "ns/op") // one compilation, outside of any loop
		})
	}
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			words, kernel, logs := 0, 0, 0.0
			for k := range cases {
				n, theirs := len(cases[k].compile(b, tg).Words), len(cases[k].NFP.Words)
				words, kernel = words+n, kernel+theirs
				logs += math.Log(float64(n) / float64(theirs))
			}
			report(b, words, kernel, math.Exp(logs/float64(len(cases))))
			b.ReportMetric(float64(len(cases)), "programs")
		}
	})
}

// compile returns the image of a case, or nil when the target refuses it.
func (cc *corpusCase) compile(b testing.TB, tg *target.Target) *image.Image {
	p, err := verify.Verify(cc.program(b), verify.Options{Offload: true})
	if err != nil {
		return nil
	}
	img, err := translate.Compile(p, translate.Options{Target: tg})
	if err != nil {
		require.ErrorIs(b, err, translate.ErrNotSupported)
		return nil
	}
	return img
}
