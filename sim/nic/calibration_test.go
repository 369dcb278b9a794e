package nic

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/internal/peer"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/mem"
)

// balancer returns the load balancer in words of the kernel's own JIT.
func balancer(t testing.TB) *image.Image {
	cases, err := peer.LoadFile("../../testdata/peer/l4lb.json")
	require.NoError(t, err)
	img, err := cases[0].Image()
	require.NoError(t, err)
	return img
}

// jitVerdict returns the words of the kernel's JIT for a program of the corpus that
// returns a verdict and does nothing else.
func jitVerdict(t testing.TB, name string) *image.Image {
	cases, err := peer.Load("../../testdata/peer")
	require.NoError(t, err)
	for i := range cases {
		if cases[i].Name == name {
			img, err := cases[i].Image()
			require.NoError(t, err)
			return img
		}
	}
	require.FailNow(t, "no such program", name)
	return nil
}

// flows returns UDP frames of so many bytes, without check sequence, each of another
// flow.
func flows(length, n int) (out []pcap.Packet) {
	random := rand.New(rand.NewPCG(7, 8))
	for range n {
		f := make([]byte, length)
		copy(f, []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0})
		ip := f[14:]
		total := uint16(len(ip))
		copy(ip, []byte{0x45, 0, byte(total >> 8), byte(total), 0, 0, 0, 0, 64, 17})
		binary.BigEndian.PutUint32(ip[12:], 10<<24|random.Uint32N(1<<24))
		copy(ip[16:], []byte{198, 18, 0, 1})
		sum := uint32(0)
		for i := 0; i < 20; i += 2 {
			sum += uint32(ip[i])<<8 | uint32(ip[i+1])
		}
		sum = sum&0xffff + sum>>16
		binary.BigEndian.PutUint16(ip[10:], ^uint16(sum&0xffff+sum>>16))
		binary.BigEndian.PutUint16(ip[20:], uint16(1024+random.Uint32N(60000)))
		binary.BigEndian.PutUint16(ip[22:], 80)
		binary.BigEndian.PutUint16(ip[24:], total-20)
		out = append(out, pcap.Packet{Data: f, Length: len(f)})
	}
	return out
}

// between holds a figure against the bounds that docs/timing.md sets.
func between(t *testing.T, what string, low, high, got float64) {
	t.Helper()
	t.Logf("%s: %.4g, goal %g to %g", what, got, low, high)
	require.True(t, low <= got && got <= high, "%s: %g is not within %g to %g", what, got, low, high)
}

// balancing is line rate of 124 bytes for the balancer.
func balancing(t testing.TB, change func(*scene)) *scene {
	return newScene(balancer(t), func(s *scene) {
		s.frames = flows(124, 5000)
		s.traffic.Packets = 40_000
		if change != nil {
			change(s)
		}
	})
}

// counted returns what the balancer's counters say of a run, packets and bytes.
func counted(t *testing.T, c *Card) (packets, bytes uint64) {
	m, ok := c.System().Map("servers")
	require.True(t, ok)
	for _, e := range m.Entries() {
		packets += binary.LittleEndian.Uint64(e.Value[16:])
		bytes += binary.LittleEndian.Uint64(e.Value[24:])
	}
	return packets, bytes
}

// TestCalibrationBalancer holds the published load balancer's figures: one port,
// counted by the program.
func TestCalibrationBalancer(t *testing.T) {
	// A short queue: what it takes in while the window is open would count as sent.
	s := balancing(t, func(s *scene) { s.spec.Ports, s.spec.EgressQueue = 1, 64 })
	card, err := New(s.img, s.spec)
	require.NoError(t, err)
	res, err := card.Run(t.Context(), s.inputs(t))
	require.NoError(t, err)
	require.Nil(t, res.FirstFault)
	requireConserved(t, res)
	packets, bytes := counted(t, card)
	require.Equal(t, res.Packets.Sent+res.Drops[DropEgress], packets)
	require.Equal(t, 144*packets, bytes)
	mpps := res.OfferedMpps * float64(packets) / float64(res.Packets.In)
	t.Log(res.Bottleneck)
	between(t, "Mpps counted", 30, 36, mpps)
	between(t, "Gb/s counted", 34.5, 41.5, mpps*144*8/1000)
	between(t, "Mpps sent", 29.6, 29.9, res.Mpps)
	require.Contains(t, res.Bottleneck, "contexts: all 200", "more frames find no buffer than no place to be sent")
	require.Greater(t, res.Utilisation[partOut(0)], 0.999)
}

// TestCalibrationMost holds what the cores can do with the load balancer, and how
// that scales.
func TestCalibrationMost(t *testing.T) {
	one := 0.0
	for _, cores := range []int{1, 5, 10, 20, 40, 50} {
		res := balancing(t, func(s *scene) { s.spec.Cores, s.traffic.Packets = cores, 15_000 }).run(t)
		require.Nil(t, res.FirstFault)
		if cores == 1 {
			one = res.Mpps
		}
		t.Log(cores, res.Mpps, res.Bottleneck, res.Units[0].String())
		if cores == 50 {
			between(t, "Mpps of 50 cores", 30, 36, res.Mpps)
			require.Contains(t, res.Bottleneck, "contexts: all 200")
			between(t, "core cycles a packet", 0, 1211, 50*800/res.Mpps*res.Utilisation[partCores])
		} else {
			between(t, "Mpps a core, of one core's", 0.9, 1.1, res.Mpps/float64(cores)/one)
		}
	}
}

// TestCalibrationDrop holds the packet path and the early figure of one core.
func TestCalibrationDrop(t *testing.T) {
	res := newScene(jitVerdict(t, "verdict_drop"), nil).run(t)
	between(t, "Mpps dropped", 117, 119.1, res.Mpps)
	require.Equal(t, "line rate, 40 Gb/s in at port 0, 1", res.Bottleneck)
	res = newScene(jitVerdict(t, "verdict_drop"), func(s *scene) { s.spec.Cores = 1 }).run(t)
	between(t, "Mpps of one core", 2.5, 3.3, res.Mpps)
}

// TestCalibrationLatencies holds memories against the published ranges.
func TestCalibrationLatencies(t *testing.T) {
	spec := DefaultSpec()
	alone := func(name string, l sim.Latency, low, high float64, warm bool) {
		s := mem.New(mem.Config{Units: []mem.Unit{{Name: name, Latency: l, Shape: spec.Machine.Shapes[name]}}})
		r := &mem.Region{Base: 1 << 20, Size: 1 << 20, Data: make([]byte, 1<<20)}
		read := func(at, cycle uint64) float64 {
			q := mem.Command{Op: mem.Read, Bytes: 8, Address: r.Base + at, Offset: at, Region: r, Arrival: cycle}
			return float64(s.Do(&q, nil, make([]uint64, 2)) - cycle)
		}
		if warm {
			read(0, 0)
		}
		between(t, name, low, high, read(8, 1000))
		if !warm {
			between(t, name+", page open", low, high, read(64, 2000))
		}
	}
	builtin := balancer(t).Target.Memories
	alone("cls", sim.Latency{Read: 35, Write: 30, Atomic: 35, PerWord: 1, Busy: 1}, 20, 50, true)
	alone("ctm", builtin["ctm"], 50, 100, true)
	alone("imem", sim.Latency{Read: 170, Write: 160, Atomic: 170, PerWord: 2, Busy: 2}, 150, 250, true)
	alone("emem", builtin["emem"], 150, 250, true)
	alone("emem", builtin["emem"], 300, 500, false)
}
