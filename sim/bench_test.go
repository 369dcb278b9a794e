package sim

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/peer"
)

// cpuTime returns the processor time that the process has used, in seconds:
// rates by it do not depend on what else the machine does.
func cpuTime(b *testing.B) float64 {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return (time.Duration(u.Utime.Nano()) + time.Duration(u.Stime.Nano())).Seconds()
}

// BenchmarkCorpus runs all comparable packets of the corpus and reports
// executed instructions a second of processor time.
func BenchmarkCorpus(b *testing.B) {
	for _, mode := range []struct {
		name   string
		checks Checks
	}{{"strict", AllChecks}, {"lax", 0}} {
		b.Run(mode.name, func(b *testing.B) {
			var ms []*Machine
			var runs []peer.Case
			for _, cc := range loadCorpus(b) {
				spec := DefaultSpec()
				spec.Checks = mode.checks
				m, err := New(kernelImage(b, &cc), spec)
				require.NoError(b, err)
				ms, runs = append(ms, m), append(runs, cc)
			}
			var insns, packets uint64
			b.ReportAllocs()
			from := cpuTime(b)
			for b.Loop() {
				for i, m := range ms {
					for k := range runs[i].Runs {
						if r := &runs[i].Runs[k]; r.Comparable {
							res := m.Run(Input{Packet: r.PacketIn})
							insns += res.Instructions
							packets++
						}
					}
				}
			}
			b.ReportMetric(float64(insns)/1e6/(cpuTime(b)-from), "Minstr/cpu-s")
			b.ReportMetric(float64(packets)/1e6/(cpuTime(b)-from), "Mpkt/cpu-s")
		})
	}
}

// BenchmarkNew loads an image of 64 words.
func BenchmarkNew(b *testing.B) {
	cc := loadCorpus(b)[0]
	img := kernelImage(b, &cc)
	b.ReportAllocs()
	for b.Loop() {
		_, err := New(img, DefaultSpec())
		require.NoError(b, err)
	}
}

// BenchmarkRun runs one packet through single programs of the corpus.
func BenchmarkRun(b *testing.B) {
	for _, cc := range loadCorpus(b) {
		switch cc.Name {
		case "verdict_pass", "jmp_loop", "cache_align", "map_lookup_hash", "long_branches":
		default:
			continue
		}
		b.Run(cc.Name, func(b *testing.B) {
			m, err := New(kernelImage(b, &cc), DefaultSpec())
			require.NoError(b, err)
			in := Input{Packet: cc.Runs[len(cc.Runs)-1].PacketIn}
			var insns, cycles uint64
			b.ReportAllocs()
			from := cpuTime(b)
			for b.Loop() {
				res := m.Run(in)
				insns += res.Instructions
				cycles += res.Cycles
			}
			b.ReportMetric(float64(insns)/1e6/(cpuTime(b)-from), "Minstr/cpu-s")
			b.ReportMetric(float64(cycles)/1e6/(cpuTime(b)-from), "Mcycles/cpu-s")
			b.ReportMetric((cpuTime(b)-from)*1e9/float64(b.N), "cpu-ns/packet")
		})
	}
}

// BenchmarkSlope reports how many instructions a second more a longer packet
// executes: what a packet costs besides cancels out.
func BenchmarkSlope(b *testing.B) {
	of := func(name string) (*Machine, Input) {
		for _, cc := range loadCorpus(b) {
			if cc.Name == name {
				m, err := New(kernelImage(b, &cc), DefaultSpec())
				require.NoError(b, err)
				return m, Input{Packet: cc.Runs[len(cc.Runs)-1].PacketIn}
			}
		}
		panic("BUG: no program " + name)
	}
	short, shortIn := of("verdict_pass")
	long, longIn := of("cache_align")
	took := func(m *Machine, in Input) (seconds float64, insns uint64) {
		from := cpuTime(b)
		for range 1000 {
			insns += m.Run(in).Instructions
		}
		return cpuTime(b) - from, insns
	}
	var seconds float64
	var insns uint64
	for b.Loop() {
		s, n := took(short, shortIn)
		seconds, insns = seconds-s, insns-n
		s, n = took(long, longIn)
		seconds, insns = seconds+s, insns+n
	}
	b.ReportMetric(float64(insns)/1e6/seconds, "Minstr/cpu-s")
}

// BenchmarkBatch runs a stream through the four contexts of a core and reports
// the simulated packet rate of the core at 800 MHz, too.
func BenchmarkBatch(b *testing.B) {
	for _, cc := range loadCorpus(b) {
		if cc.Name != "cache_align" && cc.Name != "map_lookup_hash" {
			continue
		}
		b.Run(cc.Name, func(b *testing.B) {
			m, err := New(kernelImage(b, &cc), DefaultSpec())
			require.NoError(b, err)
			packet := cc.Runs[len(cc.Runs)-1].PacketIn
			n := 0
			b.ReportAllocs()
			b.ResetTimer()
			from := cpuTime(b)
			th := m.Batch(func(in *Input) bool {
				in.Packet = packet
				n++
				return n <= b.N
			}, func(*Result) {})
			b.ReportMetric(float64(th.Instructions)/1e6/(cpuTime(b)-from), "Minstr/cpu-s")
			b.ReportMetric(th.Rate(800e6)/1e6, "Mpps@800MHz")
		})
	}
}

// BenchmarkSystem runs streams through cores that share one memory.
func BenchmarkSystem(b *testing.B) {
	for _, cc := range loadCorpus(b) {
		if cc.Name != "cache_align" && cc.Name != "map_lookup_hash" {
			continue
		}
		for _, cores := range []int{1, 10, 50} {
			b.Run(fmt.Sprintf("%s/%d", cc.Name, cores), func(b *testing.B) {
				s, err := NewSystem(kernelImage(b, &cc), DefaultSpec(), cores)
				require.NoError(b, err)
				packet := cc.Runs[len(cc.Runs)-1].PacketIn
				n := 0
				b.ReportAllocs()
				b.ResetTimer()
				from := cpuTime(b)
				require.NoError(b, s.Start(func(_ int, in *Input) bool {
					in.Packet = packet
					n++
					return n <= b.N
				}, func(int, *Result) {}))
				s.Run()
				took := cpuTime(b) - from
				var insns, cycles uint64
				for _, th := range s.Throughput() {
					insns += th.Instructions
					cycles = max(cycles, th.Cycles)
				}
				b.ReportMetric(float64(insns)/1e6/took, "Minstr/cpu-s")
				b.ReportMetric(float64(b.N)/1e6/took, "Mpkt/cpu-s")
				b.ReportMetric(float64(b.N)*800/float64(cycles), "Mpps@800MHz")
			})
		}
	}
}
