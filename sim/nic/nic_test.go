package nic

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/traffic"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
)

// sample compiles a sample for a target.
func sample(t testing.TB, name, targetName string) *image.Image {
	o := translate.FileOptions{}
	o.Target = target.MustBuiltin(targetName)
	img, err := translate.File("../../testdata/bpf/"+name+".o", o)
	require.NoError(t, err)
	return img
}

// verdict makes a program that does nothing but return a number.
func verdict(t testing.TB, typ string, v uint32) *image.Image {
	img := &image.Image{
		Target:   target.MustBuiltin("skipsw"),
		Machine:  image.Machine{CodeStart: 16, Done: 1, StackSize: 64},
		Programs: []image.Program{{Name: "test", Type: typ}},
	}
	for _, in := range append(nfpisa.LoadImmed(nfpisa.A(0), v), nfpisa.Br(1)) {
		w, err := nfpisa.Encode(in, nfpisa.Ctx4)
		require.NoError(t, err)
		img.Words = append(img.Words, w)
	}
	return img
}

// scene is a card and what comes in, the same at each port but for the seed.
type scene struct {
	img     *image.Image
	spec    Spec
	traffic traffic.Spec
	frames  []pcap.Packet // instead, when there are some
	rate    uint64
	burst   int
}

// inputs makes the traffic anew.
func (s *scene) inputs(t testing.TB) (in []Input) {
	for port := range s.spec.Ports {
		one := s.traffic
		one.Seed += uint64(port)
		var i Input
		var err error
		if s.frames != nil {
			i.Source, err = traffic.FromCapture(s.frames, one.Packets)
		} else {
			i.Source, err = traffic.New(one)
		}
		require.NoError(t, err)
		i.Pace, err = traffic.NewPace(s.rate, s.burst)
		require.NoError(t, err)
		in = append(in, i)
	}
	return in
}

// run runs a scene on a card of its own, and again on the same card; results
// are the same, and no frame is lost.
func (s *scene) run(t testing.TB) *Result {
	card, err := New(s.img, s.spec)
	require.NoError(t, err)
	var all []string
	var res *Result
	for range 2 {
		res, err = card.Run(context.Background(), s.inputs(t))
		require.NoError(t, err)
		b, err := json.Marshal(res)
		require.NoError(t, err)
		all = append(all, string(b))
	}
	require.Equal(t, all[0], all[1])
	requireConserved(t, res)
	require.Equal(t, s.traffic.Packets*uint64(s.spec.Ports), res.Packets.In)
	return res
}

func requireConserved(t testing.TB, res *Result) {
	p := res.Packets
	sum := p.Sent + p.Host + p.InFlight
	for _, n := range res.Drops {
		sum += n
	}
	require.Equal(t, p.In+p.Copies, sum)
}

func newScene(img *image.Image, change func(*scene)) *scene {
	s := &scene{img: img, spec: DefaultSpec(), traffic: traffic.DefaultSpec(), burst: 1}
	s.rate, s.traffic.Packets = s.spec.PortRate, 20_000
	s.traffic.Flows = 1000
	if change != nil {
		change(s)
	}
	return s
}

// drops returns the reasons for which frames were dropped.
func drops(res *Result) (out []string) {
	for reason, n := range res.Drops {
		if n > 0 {
			out = append(out, reason)
		}
	}
	slices.Sort(out)
	return out
}

const shortestMpps = 40e3 / (84 * 8) // of 64 bytes at 40 Gb/s

// TestLoad runs cards at and beyond each of their limits.
func TestLoad(t *testing.T) {
	tx := verdict(t, "xdp", uint32(bpf.XDPTX))
	for _, tt := range []struct {
		name       string
		scene      *scene
		drops      []string
		bottleneck string
		mpps       float64 // 0: not looked at
	}{
		{"line rate", newScene(tx, nil), nil, "line rate, 40 Gb/s in at port 0, 1", 2 * shortestMpps},
		{"half the rate", newScene(tx, func(s *scene) { s.rate /= 2 }), nil, "none: the card did all that was offered", shortestMpps},
		{"bursts", newScene(tx, func(s *scene) { s.rate /= 2; s.burst = 32 }), nil, "none: the card did all that was offered", shortestMpps},
		{"drop", newScene(verdict(t, "xdp", uint32(bpf.XDPDrop)), nil), []string{DropProgram}, "line rate, 40 Gb/s in at port 0, 1", 2 * shortestMpps},
		{"imix", newScene(tx, func(s *scene) { s.traffic.Sizes = traffic.IMIX() }), nil, "line rate, 40 Gb/s in at port 0, 1", 0},
		{
			"two ports into one", newScene(tx, func(s *scene) { s.spec.Egress = []int{1, 1} }),
			[]string{DropEgress},
			"egress of port 1, 100 % busy at 40 Gb/s", shortestMpps,
		},
		{
			"slow host", newScene(verdict(t, "xdp", uint32(bpf.XDPPass)), func(s *scene) { s.spec.HostRate = 10_000_000_000 }),
			[]string{DropHost},
			"way to the host, 100 % busy at 10 Gb/s", 10e3 / (124 * 8),
		},
		{
			"stalled host", newScene(verdict(t, "tc", 0xffffffff), func(s *scene) { s.spec.HostRate, s.spec.HostQueue = 1_000_000, 1 }),
			[]string{DropHost},
			"way to the host, 100 % busy at 0.001 Gb/s", 0,
		},
		{
			"one core", newScene(tx, func(s *scene) { s.spec.Cores = 1 }),
			[]string{DropBuffer},
			"1 worker core, 100 % busy", 800.0 / 247,
		},
		{
			"buffers as few as contexts", newScene(tx, func(s *scene) { s.spec.Cores, s.spec.Buffers = 2, 8 }),
			[]string{DropBuffer},
			"2 worker cores, 100 % busy", 2 * 800.0 / 247,
		},
		{
			"memory", newScene(sample(t, "count_by_proto", "skipsw"), func(s *scene) {
				s.spec.HostRate = 100_000_000_000
				s.spec.Machine.Memories = map[string]sim.Latency{"emem": {Read: 200, Write: 180, Atomic: 200, PerWord: 2, Busy: 40}}
				s.spec.Machine.Shapes = nil
			}),
			[]string{DropBuffer},
			`external memory, 100 % busy, 100 % of it with map "counters"`, 800.0 / (2 * 40), // two beats a packet
		},
		{
			"one counter", newScene(sample(t, "count_by_proto", "skipsw"), func(s *scene) {
				s.spec.HostRate = 200_000_000_000
			}),
			[]string{DropBuffer},
			`external memory atomics, bank 5, 100 % busy, 100 % of it with map "counters"`, 800.0 / (2 * 4),
		},
		{
			"contexts", newScene(verdict(t, "xdp", uint32(bpf.XDPTX)), func(s *scene) {
				s.spec.Machine.Worker = sim.Routine{Busy: 10, Wait: 10000}
				s.traffic.Packets = 100_000
			}),
			[]string{DropBuffer},
			"contexts: all 200 have a packet", 200 * 800.0 / 10017,
		},
		{
			"unknown verdict", newScene(verdict(t, "xdp", 77), nil),
			[]string{DropAborted},
			"line rate, 40 Gb/s in at port 0, 1", 2 * shortestMpps,
		},
		{
			"firmware's maps", newScene(sample(t, "count_by_proto", "agilio"), func(s *scene) { s.spec.Cores = 4 }),
			[]string{DropBuffer},
			"4 worker cores", 0,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := tt.scene.run(t)
			require.Equal(t, tt.drops, drops(res), "%+v", res)
			require.Contains(t, res.Bottleneck, tt.bottleneck)
			for part, share := range res.Utilisation {
				require.True(t, share >= 0 && share <= 1, "%s %v", part, share)
			}
			if tt.mpps > 0 {
				require.InEpsilon(t, tt.mpps, res.Mpps, 0.02)
			}
		})
	}
}

// TestFault tests that a program that faults loses its packet alone.
func TestFault(t *testing.T) {
	img := verdict(t, "xdp", 1)
	img.Words = img.Words[:1] // runs into what is no code
	res := newScene(img, func(s *scene) { s.traffic.Packets = 100 }).run(t)
	require.Equal(t, []string{DropFault}, drops(res))
	require.EqualValues(t, 200, res.Drops[DropFault])
	require.Equal(t, sim.FaultBadPC, res.FirstFault.Kind)
	require.Zero(t, res.Mpps)
}

// TestBuffers tests that buffers run out exactly when they are taken: while the
// first frame is taken in, all others come.
func TestBuffers(t *testing.T) {
	for _, buffers := range []int{4, 5, 100, 599, 600, 601} {
		res := newScene(verdict(t, "xdp", 1), func(s *scene) {
			s.spec.Ports, s.spec.Cores, s.spec.Buffers, s.traffic.Packets = 1, 1, buffers, 600
			s.spec.Machine.Worker.Busy = 1_000_000
		}).run(t)
		require.EqualValues(t, max(0, 600-buffers), res.Drops[DropBuffer], "%d buffers", buffers)
		require.EqualValues(t, min(buffers, 600), res.Drops[DropProgram])
	}
}

// TestLatency holds the latency of packets that are alone against its parts: the
// worker's wait, the program with its writes as sim.Machine has it, and the wire.
func TestLatency(t *testing.T) {
	img := sample(t, "l2_swap_tx", "skipsw")
	s := newScene(img, func(s *scene) { s.spec.Ports, s.traffic.Packets, s.traffic.Flows, s.rate = 1, 1000, 1, 400_000_000 })
	m, err := sim.New(img, s.spec.Machine)
	require.NoError(t, err)
	var p traffic.Packet
	in := s.inputs(t)[0]
	require.True(t, in.Source.Next(&p))
	alone := m.Run(sim.Input{Packet: in.Source.Frame(&p)})
	require.EqualValues(t, bpf.XDPTX, alone.Verdict)
	const cycle, bit = 1250, 25
	worker, turns := s.spec.Machine.Worker, s.spec.Machine.WorkerTurns
	wait := uint64(worker.Wait + worker.Busy/turns*(turns-1))
	want := (wait+alone.Settled)*cycle + 8*72*bit
	res := s.run(t)
	require.InDelta(t, want/1000, res.Latency.P50, float64(want)/1000/128+2)
	require.Equal(t, res.Latency.P50, res.Latency.P999)
}

// TestCapture runs a program that parses on the frames of a capture.
func TestCapture(t *testing.T) {
	frames, err := pcap.ReadFile("../../testdata/pcap/l4_balance.pcap")
	require.NoError(t, err)
	res := newScene(sample(t, "l4_balance", "skipsw"), func(s *scene) { s.frames, s.traffic.Packets = frames, 3000 }).run(t)
	require.NotZero(t, res.Packets.Sent+res.Packets.Host)
	require.Nil(t, res.FirstFault)
}

// TestSeed tests that another seed gives other times.
func TestSeed(t *testing.T) {
	img := sample(t, "flow_track", "skipsw")
	result := func(seed uint64) string {
		b, err := json.Marshal(newScene(img, func(s *scene) {
			s.traffic.Seed, s.traffic.Packets, s.traffic.Zipf = seed, 3000, 1.1
			s.traffic.Protocol = traffic.TCP
		}).run(t))
		require.NoError(t, err)
		return string(b)
	}
	require.NotEqual(t, result(1), result(5))
}

// TestInterrupted tests that a run that is ended has counted what it did.
func TestInterrupted(t *testing.T) {
	for _, packets := range []uint64{20_000, 1_000_000} { // behind and in the warm-up
		s := newScene(verdict(t, "xdp", 1), func(s *scene) { s.traffic.Packets = packets })
		card, err := New(s.img, s.spec)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		res, err := card.Run(ctx, s.inputs(t))
		require.NoError(t, err)
		require.True(t, res.Partial)
		require.NotZero(t, res.Packets.InFlight)
		require.NotZero(t, res.Drops[DropProgram])
		require.InEpsilon(t, 2*shortestMpps, res.Mpps, 0.02)
		require.NotZero(t, res.Latency.P50)
		requireConserved(t, res)
		require.Error(t, card.sys.Reset(), "packets are under way")
	}
}

// TestRefused tests that what makes no card, or is not there, is an error.
func TestRefused(t *testing.T) {
	pass := verdict(t, "xdp", uint32(bpf.XDPPass))
	for _, tt := range []struct {
		name        string
		scene       *scene
		unsupported bool
	}{
		{"no cores", newScene(pass, func(s *scene) { s.spec.Cores = 0 }), false},
		{"fewer than no cores", newScene(pass, func(s *scene) { s.spec.Cores = -1 }), false},
		{"too many cores", newScene(pass, func(s *scene) { s.spec.Cores, s.spec.Buffers = 1<<16, 1<<20 }), false},
		{"no clock", newScene(pass, func(s *scene) { s.spec.Hertz = 0 }), false},
		{"no buffers", newScene(pass, func(s *scene) { s.spec.Buffers = 199 }), false},
		{"no queue", newScene(pass, func(s *scene) { s.spec.EgressQueue = 0 }), false},
		{"no host", newScene(pass, func(s *scene) { s.spec.HostRate = 0 }), false},
		{"no such egress", newScene(pass, func(s *scene) { s.spec.Egress = []int{0, 2} }), false},
		{"egress of one", newScene(pass, func(s *scene) { s.spec.Egress = []int{0} }), false},
		{"no program", newScene(&image.Image{}, nil), false},
		{"frames longer than a buffer", newScene(pass, func(s *scene) { s.traffic.Sizes = []traffic.Size{{Bytes: traffic.MaxFrame, Weight: 1}} }), true},
		{"a frame now and then", newScene(pass, func(s *scene) { s.rate = traffic.MinRate }), true},
		{"no queues of the host", newScene(pass, func(s *scene) { s.spec.HostQueues = 0 }), false},
		{"years", newScene(pass, func(s *scene) { s.traffic.Packets = 1 << 60 }), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			card, err := New(tt.scene.img, tt.scene.spec)
			if err == nil {
				_, err = card.Run(context.Background(), tt.scene.inputs(t))
			}
			require.Error(t, err)
			if tt.unsupported {
				require.ErrorIs(t, err, unsupported.Err)
			}
		})
	}
	s := newScene(pass, nil)
	card, err := New(s.img, s.spec)
	require.NoError(t, err)
	_, err = card.Run(context.Background(), s.inputs(t)[:1])
	require.Error(t, err, "traffic for one of two ports")
	_, err = card.Run(context.Background(), make([]Input, s.spec.Ports))
	require.Error(t, err, "no traffic")
}

// TestHistogram holds quantiles against those of the sorted values.
func TestHistogram(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 10, 1000, 4321} {
		h := &histogram{}
		var values []uint64
		for range n {
			v := random.Uint64() >> random.UintN(64)
			values = append(values, v)
			h.add(v)
		}
		slices.Sort(values)
		for _, q := range []uint64{1, 500, 990, 999, 1000} {
			want := values[(uint64(n)*q+999)/1000-1]
			got := h.quantile(q)
			require.LessOrEqual(t, got, want)
			require.LessOrEqual(t, want-got, want>>(fine-1))
		}
	}
	require.Zero(t, (&histogram{}).quantile(500))
}

// TestQueue holds an egress queue against one that keeps all frames.
func TestQueue(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, depth := range []int{1, 2, 7} {
		q := newQueue(1_000_000_000, depth, 5)
		now, free := uint64(0), uint64(0)
		var ends []uint64
		for range 10_000 {
			now += random.Uint64N(2_000_000)
			bits := 1 + random.Uint64N(2000)
			ends = slices.DeleteFunc(ends, func(e uint64) bool { return e <= now })
			end, ok := q.put(now, bits, bits+96)
			require.Equal(t, len(ends) < depth, ok)
			if ok {
				start := max(free, now)
				free = start + (bits+96)*1000
				ends = append(ends, free)
				require.Equal(t, start+bits*1000+5, end)
			}
		}
	}
}

// TestAnyCard runs cards and traffic of all shapes: no frame is lost, and the
// same happens twice.
func TestAnyCard(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	images := []*image.Image{
		sample(t, "l4_balance", "skipsw"), sample(t, "acl", "skipsw"), sample(t, "l2_swap_tx", "agilio"),
		sample(t, "tc_classify", "skipsw"), sample(t, "ipip_encap", "skipsw"),
	}
	upTo := func(n int) int { return 1 + random.IntN(n) }
	for i := range 30 {
		s := newScene(images[i%len(images)], func(s *scene) {
			s.spec.Cores, s.spec.Ports = upTo(6), upTo(3)
			s.spec.Buffers = s.spec.Contexts() + random.IntN(50)
			s.spec.EgressQueue, s.spec.HostQueue = upTo(20), upTo(20)
			s.spec.HostRate = uint64(upTo(1000)) * 50_000_000
			s.spec.Hertz = uint64(100_000_000 + random.IntN(2_000_000_000))
			s.spec.PortRate = uint64(upTo(100)) * 1_000_000_000
			for range s.spec.Ports {
				s.spec.Egress = append(s.spec.Egress, random.IntN(s.spec.Ports))
			}
			s.rate = s.spec.PortRate / uint64(upTo(20))
			s.burst = upTo(10)
			s.traffic.Packets = uint64(random.IntN(800))
			s.traffic.Flows = upTo(100)
			s.traffic.Sizes = []traffic.Size{{Bytes: 64 + random.IntN(1000), Weight: upTo(3)}, {Bytes: 1518, Weight: upTo(3)}}
		})
		t.Run(fmt.Sprint(i), func(t *testing.T) { require.Nil(t, s.run(t).FirstFault) })
	}
}

// cpuTime returns the processor time that the process has used, in seconds.
func cpuTime(b *testing.B) float64 {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return (time.Duration(u.Utime.Nano()) + time.Duration(u.Stime.Nano())).Seconds()
}

// BenchmarkCard measures how many packets a second of this machine the whole
// card simulates.
func BenchmarkCard(b *testing.B) {
	for _, name := range []string{"pass", "l2_swap_tx", "count_by_proto", "l4_balance"} {
		for _, threads := range []int{1, 2} {
			benchmarkCard(b, name, threads)
		}
	}
}

func benchmarkCard(b *testing.B, name string, threads int) {
	b.Run(fmt.Sprint(name, "/", threads), func(b *testing.B) {
		s := newScene(sample(b, name, "skipsw"), func(s *scene) { s.traffic.Packets, s.spec.Machine.Threads = 50_000, threads })
		if name == "l4_balance" {
			var err error
			s.frames, err = pcap.ReadFile("../../testdata/pcap/l4_balance.pcap")
			require.NoError(b, err)
		}
		card, err := New(s.img, s.spec)
		require.NoError(b, err)
		packets := uint64(0)
		from := cpuTime(b)
		for b.Loop() {
			res, err := card.Run(context.Background(), s.inputs(b))
			require.NoError(b, err)
			packets += res.Packets.In
		}
		b.ReportMetric(float64(packets)/b.Elapsed().Seconds(), "packets/s")
		b.ReportMetric(float64(packets)/(cpuTime(b)-from), "packets/cpu-s")
	})
}

// TestWarmUp tests that the frames before the window all reach the program,
// however slow it is.
func TestWarmUp(t *testing.T) {
	s := newScene(verdict(t, "xdp", 1), func(s *scene) {
		s.spec.Cores, s.spec.Buffers, s.traffic.Packets = 1, 8, 5000
		s.spec.Machine.Worker.Busy = 3000
	})
	res := s.run(t)
	require.GreaterOrEqual(t, res.Drops[DropProgram], uint64(1000), "a tenth of 10,000")
	require.Greater(t, res.Drops[DropBuffer], uint64(8500))
	require.InEpsilon(t, 2*shortestMpps, res.OfferedMpps, 0.02, "the wire is as fast as ever")
}
