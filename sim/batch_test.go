package sim

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
)

// batchOf feeds n copies of the packets and collects results by packet bytes.
func batchOf(m *Machine, packets [][]byte, n int, done func(*Result)) Throughput {
	i := 0
	return m.Batch(func(in *Input) bool {
		if i == n*len(packets) {
			return false
		}
		in.Packet = packets[i%len(packets)]
		i++
		return true
	}, done)
}

// TestBatchAgrees holds packets that share the core against the same packets
// alone, over the corpus.
func TestBatchAgrees(t *testing.T) {
	type answer struct {
		code uint32
		out  string
	}
	for _, cc := range loadCorpus(t) {
		if len(cc.Maps) > 0 || cc.Name == "prandom" {
			continue
		}
		m, err := New(kernelImage(t, &cc), DefaultSpec())
		require.NoError(t, err)
		var packets [][]byte
		want := map[answer]int{}
		var insns uint64
		for i := range cc.Runs {
			if r := &cc.Runs[i]; r.Comparable {
				packets = append(packets, r.PacketIn)
				res := m.Run(Input{Packet: r.PacketIn})
				insns += res.Instructions
				if r.Undefined == nil {
					want[answer{res.Code, string(res.Packet)}] += 3
				}
			}
		}
		got := map[answer]int{}
		th := batchOf(m, packets, 3, func(r *Result) {
			require.Nil(t, r.Fault)
			got[answer{r.Code, string(r.Packet)}]++
		})
		require.EqualValues(t, 3*len(packets), th.Packets)
		require.Equal(t, 3*insns, th.Instructions, cc.Name)
		require.GreaterOrEqual(t, th.Cycles, th.Instructions)
		for a, n := range want {
			require.GreaterOrEqual(t, got[a], n, "%s: code %#x", cc.Name, a.code)
		}
	}
}

// TestBatchOverlaps shows that contexts hide each other's memory waits.
func TestBatchOverlaps(t *testing.T) {
	read := nfpisa.Mem32(nfpisa.MemRead32, 0, a(1), k(0), 1).CtxSwap(1)
	noWorker := func(s *Spec, _ *image.Image) { s.Worker = Routine{} }
	m := testMachine(t, program(packetPointer, read, read, read, ret(k(1))), noWorker)
	alone := m.Run(Input{Packet: frame(64)})
	th := batchOf(m, [][]byte{frame(64)}, 4000, func(r *Result) { require.Nil(t, r.Fault) })
	require.EqualValues(t, 4000, th.Packets)
	speedup := float64(alone.Cycles) * 4000 / float64(th.Cycles)
	require.Greater(t, speedup, 3.7)
	require.LessOrEqual(t, speedup, 4.0)
	require.Equal(t, th, batchOf(m, [][]byte{frame(64)}, 4000, func(*Result) {}), "same stream, same cycles")
	require.InDelta(t, 800e6*4000/float64(th.Cycles), th.Rate(800e6), 1)

	m = testMachine(t, program(load(a(1), 1), nops(200), ret(a(1))), noWorker)
	alone = m.Run(Input{Packet: frame(64)})
	th = batchOf(m, [][]byte{frame(64)}, 100, func(*Result) {})
	require.Equal(t, 100*alone.Cycles, th.Cycles, "nothing to hide: contexts share the issue slots")
	require.Zero(t, th.Idle)

	m = testMachine(t, program(load(a(1), 1), nops(200), ret(a(1))), nil)
	th = batchOf(m, [][]byte{frame(64)}, 100, func(r *Result) { require.GreaterOrEqual(t, r.Cycles, alone.Cycles) })
	busy := uint64(DefaultSpec().Worker.Busy)
	require.Equal(t, 100*(alone.Cycles+busy), th.Cycles-th.Idle, "the worker's loop takes the core, too")
}

// TestBatchTakesTurns shows the order in which ready contexts get the core.
func TestBatchTakesTurns(t *testing.T) {
	var order []int
	m := testMachine(t, program(nfpisa.CtxArb(1), nfpisa.CtxArb(1), ret(k(1))), func(s *Spec, _ *image.Image) {
		s.Worker = Routine{}
		s.Hooks.Switch = func(s Switch) {
			if s.Kind == SwitchBegin || s.Kind == SwitchWake {
				order = append(order, s.Context)
			}
		}
	})
	batchOf(m, [][]byte{frame(64)}, 8, func(*Result) {})
	require.Len(t, order, 8*3)
	for i, c := range order {
		require.Equal(t, i%4, c, "turns: %v", order)
	}
}

// TestBatchFaults shows that a fault ends its packet only.
func TestBatchFaults(t *testing.T) {
	m := testMachine(t, program(packetPointer, nfpisa.Mem32(nfpisa.MemRead32, 0, a(1), k(0), 1).CtxSwap(1), nfpisa.BrByteEq(xf(0), 0, 4, at(5)), nfpisa.Immed(a(0), 1), exit(), nfpisa.Rtn(b(7))), nil)
	codes := map[uint32]int{}
	th := batchOf(m, [][]byte{frame(8), {9, 9, 9, 9}, make([]byte, 9000)}, 10, func(r *Result) {
		if r.Fault == nil {
			codes[r.Code]++
		}
	})
	require.EqualValues(t, 30, th.Packets)
	require.EqualValues(t, 20, th.Faults)
	require.Equal(t, map[uint32]int{1: 10}, codes)
}

// TestNoAllocations shows that packets cost no memory once a machine is warm.
func TestNoAllocations(t *testing.T) {
	for _, cc := range loadCorpus(t) {
		if cc.Name != "cache_align" && cc.Name != "map_lookup_hash" {
			continue
		}
		in := Input{Packet: cc.Runs[len(cc.Runs)-1].PacketIn}
		m, err := New(kernelImage(t, &cc), DefaultSpec())
		require.NoError(t, err)
		m.Run(in)
		require.Zero(t, testing.AllocsPerRun(100, func() { m.Run(in) }), cc.Name)

		const packets = 4000
		s, err := NewSystem(kernelImage(t, &cc), DefaultSpec(), 3)
		require.NoError(t, err)
		round := func() {
			n := 0
			require.NoError(t, s.Start(func(_ int, i *Input) bool {
				*i = in
				n++
				return n <= packets
			}, func(int, *Result) {}))
			s.Run()
		}
		round()
		require.Less(t, testing.AllocsPerRun(3, round), float64(packets)/20, "%s: starting may allocate, packets may not", cc.Name)
	}
}
