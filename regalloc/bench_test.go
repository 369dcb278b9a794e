package regalloc

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// packetFunc makes a function shaped like a packet program: few values live
// long, headers are read in blocks and taken apart, some calls, some loops.
func packetFunc(seed uint64, size int) *mockFunc {
	g := &gen{c: &chooser{x: seed}, f: newMock(), size: size, xfers: 16, kinds: 20, packet: true}
	g.b = g.f.block()
	for range 5 {
		g.constant()
	}
	g.long = append(g.long, g.avail...)
	for g.size > 0 {
		g.seq(0, size)
	}
	g.b.i(at(g.pick(), A, 0)).flags(Branch)
	return g.f.done()
}

// BenchmarkAllocate reports the time per instruction and what was inserted
// per hundred instructions.
func BenchmarkAllocate(b *testing.B) {
	for _, c := range []struct {
		name string
		m    *Machine
		size int
	}{
		{"200/23regs", machine(23, 32, 64), 200},
		{"2000/23regs", machine(23, 32, 64), 2000},
		{"20000/23regs", machine(23, 32, 64), 20000},
		{"2000/8regs", machine(8, 32, 128), 2000},
	} {
		b.Run(c.name, func(b *testing.B) {
			f := packetFunc(7, c.size)
			var a Allocator
			r, err := a.Allocate(f, c.m)
			require.NoError(b, err)
			require.NoError(b, Check(f, c.m, r))
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
