package translate_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
)

// kernelImage makes an image of the words of the kernel's JIT.
func (cc *corpusCase) kernelImage(t testing.TB) *image.Image {
	img, err := cc.Image()
	require.NoError(t, err)
	return img
}

// BenchmarkPeerCycles runs the corpus in the simulator, once with the kernel
// JIT's words and once with ours, and counts cycles and instructions of one
// context a packet, waits for memory included.
func BenchmarkPeerCycles(b *testing.B) {
	tg, err := target.Builtin("agilio")
	require.NoError(b, err)
	generous(tg)
	cases := loadCorpus(b)
	for b.Loop() {
		var ours, kernel sim.Result
		logCycles, logInstrs, n := 0.0, 0.0, 0
		for k := range cases {
			cc := &cases[k]
			a := cc.total(b, cc.compile(b, tg))
			c := cc.total(b, cc.kernelImage(b))
			ours.Cycles, kernel.Cycles = ours.Cycles+a.Cycles, kernel.Cycles+c.Cycles
			logCycles += math.Log(float64(a.Cycles) / float64(c.Cycles))
			logInstrs += math.Log(float64(a.Instructions) / float64(c.Instructions))
			n++
			if testing.Verbose() {
				b.Logf("%-28s cycles %6d kernel %6d, instructions %6d kernel %6d", cc.Name, a.Cycles, c.Cycles, a.Instructions, c.Instructions)
			}
		}
		b.ReportMetric(float64(ours.Cycles), "cycles")
		b.ReportMetric(float64(kernel.Cycles), "kernel-cycles")
		b.ReportMetric(math.Exp(logCycles/float64(n)), "cycles-ratio-geomean")
		b.ReportMetric(math.Exp(logInstrs/float64(n)), "instr-ratio-geomean")
	}
}

// total runs all packets of a case and adds the costs up.
func (cc *corpusCase) total(t testing.TB, img *image.Image) (sum sim.Result) {
	m, err := sim.New(img, sim.DefaultSpec())
	require.NoError(t, err, cc.Name)
	for i := range cc.Runs {
		if !cc.Runs[i].Comparable {
			continue
		}
		require.NoError(t, m.Reset())
		res := m.Run(sim.Input{Packet: cc.Runs[i].PacketIn})
		require.Nil(t, res.Fault, cc.Name)
		sum.Cycles += res.Cycles
		sum.Instructions += res.Instructions
	}
	sum.Cycles, sum.Instructions = max(sum.Cycles, 1), max(sum.Instructions, 1)
	return sum
}
