package sim

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkCorpus runs all comparable packets of the corpus and reports
// executed instructions a second of host time.
func BenchmarkCorpus(b *testing.B) {
	for _, mode := range []struct {
		name   string
		checks Checks
	}{{"strict", AllChecks}, {"lax", 0}} {
		b.Run(mode.name, func(b *testing.B) {
			var ms []*Machine
			var runs []corpusCase
			for _, cc := range loadCorpus(b) {
				spec := DefaultSpec()
				spec.Checks = mode.checks
				m, err := New(cc.image(b), spec)
				require.NoError(b, err)
				ms, runs = append(ms, m), append(runs, cc)
			}
			var insns, packets uint64
			b.ReportAllocs()
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
			b.ReportMetric(float64(insns)/1e6/b.Elapsed().Seconds(), "Minstr/s")
			b.ReportMetric(float64(packets)/1e6/b.Elapsed().Seconds(), "Mpkt/s")
		})
	}
}

// BenchmarkNew loads an image of 64 words.
func BenchmarkNew(b *testing.B) {
	cc := loadCorpus(b)[0]
	img := cc.image(b)
	b.ReportAllocs()
	for b.Loop() {
		_, err := New(img, DefaultSpec())
		require.NoError(b, err)
	}
}
