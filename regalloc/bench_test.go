package regalloc

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkAllocate reports the time per instruction and what was inserted,
// as instructions per hundred, weighted and not.
func BenchmarkAllocate(b *testing.B) {
	for _, c := range []struct {
		name string
		m    *Machine
		size int
	}{
		{"200instrs/nfp", machine(23, 32, 64), 200},
		{"2000instrs/nfp", machine(23, 32, 64), 2000},
		{"20000instrs/nfp", machine(23, 32, 64), 20000},
		{"2000instrs/small", machine(10, 16, 200), 2000},
	} {
		b.Run(c.name, func(b *testing.B) {
			ch := &chooser{x: 7}
			f := randomFunc(ch, c.size, 16)
			for ch.x = 8; len(f.order) < c.size; ch.x++ {
				f = randomFunc(ch, c.size, 16)
			}
			var a Allocator
			r, err := a.Allocate(f, c.m)
			require.NoError(b, err)
			s := r.Stats()
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				if _, err := a.Allocate(f, c.m); err != nil {
					b.Fatal(err)
				}
			}
			n := float64(len(f.order))
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/instr")
			b.ReportMetric(float64(s.Moves)*100/n, "moves/100")
			b.ReportMetric(float64(s.Loads+s.Stores)*100/n, "spills/100")
		})
	}
}
