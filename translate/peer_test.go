package translate_test

import (
	"math"
	"strings"
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

// peerCost is what the packets of a case take, of one context.
type peerCost struct {
	exit     uint64 // cycles to the exit
	settled  uint64 // cycles until the last write is done
	busy     uint64 // cycles on the core
	instrs   uint64
	commands uint64
}

// peerFigures are the figures that the benchmark compares, by their names.
var peerFigures = []struct {
	name string
	of   func(*peerCost) uint64
}{
	{"cycles", func(c *peerCost) uint64 { return c.exit }},
	{"settled", func(c *peerCost) uint64 { return c.settled }},
	{"busy", func(c *peerCost) uint64 { return c.busy }},
	{"instrs", func(c *peerCost) uint64 { return c.instrs }},
	{"commands", func(c *peerCost) uint64 { return c.commands }},
}

// BenchmarkPeerCycles runs the corpus in the simulator, once with the kernel
// JIT's words and once with ours for both targets, and compares what one context
// takes for all packets: cycles to the exit and until the last write is done,
// cycles on the core, instructions, memory commands. The ratios are geometric
// means of ours over the kernel's. Programs that the kernel's code gets wrong are
// left out.
func BenchmarkPeerCycles(b *testing.B) {
	cases := loadCorpus(b)
	for _, name := range target.Names() {
		b.Run(name, func(b *testing.B) {
			tg, err := target.Builtin(name)
			require.NoError(b, err)
			generous(tg)
			for b.Loop() {
				comparePeer(b, tg, cases)
			}
		})
	}
}

// comparePeer makes one comparison.
func comparePeer(b *testing.B, tg *target.Target, cases []corpusCase) {
	logs, sums, slower, n := make([]float64, len(peerFigures)), make([]uint64, len(peerFigures)), 0, 0
	for k := range cases {
		cc := &cases[k]
		img := cc.compile(b, tg)
		if img == nil || strings.HasPrefix(cc.Name, "defect_") {
			continue
		}
		ours, kernel := cc.total(b, img), cc.total(b, cc.kernelImage(b))
		n++
		for j, f := range peerFigures {
			x, y := max(f.of(&ours), 1), max(f.of(&kernel), 1)
			logs[j] += math.Log(float64(x) / float64(y))
			sums[j] += x
		}
		if ours.settled > kernel.settled {
			slower++
		}
		if testing.Verbose() {
			b.Logf("%-28s words %4d %4d  cycles %6d %6d  settled %6d %6d  busy %6d %6d  commands %4d %4d  ratio %.3f", cc.Name, len(img.Words), len(cc.NFP.Words),
				ours.exit, kernel.exit, ours.settled, kernel.settled, ours.busy, kernel.busy, ours.commands, kernel.commands, float64(ours.exit)/float64(kernel.exit))
		}
	}
	for j, f := range peerFigures {
		b.ReportMetric(math.Exp(logs[j]/float64(n)), f.name+"-ratio")
		b.ReportMetric(float64(sums[j]), f.name)
	}
	b.ReportMetric(float64(slower), "slower")
	b.ReportMetric(float64(n), "programs")
}

// total runs all packets of a case and adds the costs up.
func (cc *corpusCase) total(t testing.TB, img *image.Image) (sum peerCost) {
	m, err := sim.New(img, sim.DefaultSpec())
	require.NoError(t, err, cc.Name)
	for i := range cc.Runs {
		if !cc.Runs[i].Comparable {
			continue
		}
		require.NoError(t, m.Reset())
		res := m.Run(sim.Input{Packet: cc.Runs[i].PacketIn})
		require.Nil(t, res.Fault, cc.Name)
		sum.exit += res.Cycles
		sum.settled += res.Settled
		sum.busy += res.Cycles - res.MemWait
		sum.instrs += res.Instructions
		sum.commands += res.Commands
	}
	return sum
}
