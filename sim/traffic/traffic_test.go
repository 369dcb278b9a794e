package traffic

import (
	"bytes"
	"math"
	"math/big"
	"net/netip"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/internal/unsupported"
)

// frames returns all frames of a source.
func frames(t testing.TB, s Spec) (out [][]byte) {
	src, err := New(s)
	require.NoError(t, err)
	var p Packet
	for src.Next(&p) {
		require.LessOrEqual(t, p.Length, src.Longest())
		out = append(out, bytes.Clone(src.Frame(&p)))
	}
	require.Len(t, out, int(src.Packets()))
	return out
}

func spec(change func(*Spec)) Spec {
	s := DefaultSpec()
	s.Packets = 2000
	change(&s)
	return s
}

// TestFramesAreRight holds generated frames against gopacket, which computes
// lengths and checksums of the same fields itself.
func TestFramesAreRight(t *testing.T) {
	for name, s := range map[string]Spec{
		"shortest": spec(func(*Spec) {}),
		"udp imix": spec(func(s *Spec) { s.Sizes, s.Flows = IMIX(), MaxFlows }),
		"tcp imix": spec(func(s *Spec) { s.Sizes, s.Flows, s.Protocol = IMIX(), MaxFlows, TCP }),
		"longest":  spec(func(s *Spec) { s.Sizes, s.Flows = []Size{{MaxFrame, 1}}, 1000 }),
		"addressed": spec(func(s *Spec) {
			s.Flows, s.To = 70000, netip.MustParseAddrPort("255.254.253.252:65535")
		}),
	} {
		t.Run(name, func(t *testing.T) {
			for _, f := range frames(t, s)[:500] {
				p := gopacket.NewPacket(f, layers.LayerTypeEthernet, gopacket.Default)
				require.Nil(t, p.ErrorLayer())
				ip := p.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
				require.Equal(t, netip.AddrPort(s.To).Addr().String(), ip.DstIP.String())
				out := []gopacket.SerializableLayer{p.Layer(layers.LayerTypeEthernet).(*layers.Ethernet), ip}
				switch l := p.TransportLayer().(type) {
				case *layers.UDP:
					require.Equal(t, UDP, s.Protocol)
					require.EqualValues(t, s.To.Port(), l.DstPort)
					require.NoError(t, l.SetNetworkLayerForChecksum(ip))
					out = append(out, l)
				case *layers.TCP:
					require.Equal(t, TCP, s.Protocol)
					require.EqualValues(t, s.To.Port(), l.DstPort)
					require.NoError(t, l.SetNetworkLayerForChecksum(ip))
					out = append(out, l)
				}
				out = append(out, gopacket.Payload(p.TransportLayer().LayerPayload()))
				b := gopacket.NewSerializeBuffer()
				require.NoError(t, gopacket.SerializeLayers(b, gopacket.SerializeOptions{ComputeChecksums: true, FixLengths: true}, out...))
				want := b.Bytes()
				require.Equal(t, want[:min(len(want), len(f))], f[:min(len(want), len(f))])
			}
		})
	}
}

// TestSeed shows that the same Spec makes the same bytes, and another seed
// others.
func TestSeed(t *testing.T) {
	s := spec(func(s *Spec) { s.Sizes, s.Flows, s.Zipf = IMIX(), 1000, 1.2 })
	first := frames(t, s)
	require.Equal(t, first, frames(t, s))
	s.Seed++
	require.NotEqual(t, first, frames(t, s))
}

// TestFlows shows how frequent flows are.
func TestFlows(t *testing.T) {
	count := func(s Spec) map[string]int {
		n := map[string]int{}
		for _, f := range frames(t, s) {
			n[string(f[ipAt+12:transportAt+2])]++
		}
		return n
	}
	uniform := count(spec(func(s *Spec) { s.Flows, s.Packets = 10, 20000 }))
	require.Len(t, uniform, 10)
	for _, n := range uniform {
		require.InDelta(t, 2000, n, 200)
	}
	most, zipf := 0, count(spec(func(s *Spec) { s.Flows, s.Packets, s.Zipf = 1000, 20000, 2 }))
	for _, n := range zipf {
		most = max(most, n)
	}
	require.InDelta(t, 6/(math.Pi*math.Pi), float64(most)/20000, 0.02, "the share of the first of many flows is 1 / zeta(2)")
}

func TestSizes(t *testing.T) {
	n := map[int]int{}
	for _, f := range frames(t, spec(func(s *Spec) { s.Sizes, s.Packets = IMIX(), 1200 })) {
		n[len(f)+FCS]++
	}
	require.Equal(t, map[int]int{64: 700, 594: 400, 1518: 100}, n)
	for text, want := range map[string][]int{"64": {64}, "64..66": {64, 65, 66}, "imix": {64, 594, 1518}} {
		got, err := ParseSizes(text)
		require.NoError(t, err)
		var sizes []int
		for _, z := range got {
			sizes = append(sizes, z.Bytes)
		}
		require.Equal(t, want, sizes, text)
	}
	long, err := ParseSizes("64..1518")
	require.NoError(t, err)
	require.Len(t, long, sweepSteps)
	require.Equal(t, Size{1518, 1}, long[sweepSteps-1])
	for _, text := range []string{"", "63", "9217", "x", "100..64", "64..", "..64", "64..9999999999999999999"} {
		_, err := ParseSizes(text)
		require.Error(t, err, text)
	}
}

// TestPace shows when frames begin: exactly by the rate, however long.
func TestPace(t *testing.T) {
	const rate, bits = 2_999_999_999, 8 * 84
	p, err := NewPace(rate, 1)
	require.NoError(t, err)
	for i := range int64(100_000) {
		want := new(big.Int).Mul(big.NewInt(bits*i), big.NewInt(Second))
		require.Equal(t, want.Div(want, big.NewInt(rate)).Uint64(), p.Next(84), "%d", i)
	}
	p, err = NewPace(40_000_000_000, 3)
	require.NoError(t, err)
	var got []uint64
	for range 7 {
		got = append(got, p.Next(84))
	}
	const frame = 84 * 8 * 25
	require.Equal(t, []uint64{0, 0, 0, 3 * frame, 3 * frame, 3 * frame, 6 * frame}, got)
	for _, bad := range []struct {
		rate  uint64
		burst int
	}{{0, 1}, {MaxRate + 1, 1}, {1, 0}} {
		_, err := NewPace(bad.rate, bad.burst)
		require.Error(t, err)
	}
}

func TestCapture(t *testing.T) {
	in := []pcap.Packet{{Data: []byte{1, 2}, Length: 2}, {Data: []byte{3}, Length: 1}}
	src, err := FromCapture(in, 3)
	require.NoError(t, err)
	require.Equal(t, 2, src.Longest())
	var p Packet
	var got []byte
	for src.Next(&p) {
		got = append(got, src.Frame(&p)...)
	}
	require.Equal(t, []byte{1, 2, 3, 1, 2}, got)
	once, err := FromCapture(in, 0)
	require.NoError(t, err)
	require.EqualValues(t, 2, once.Packets())
	_, err = FromCapture(nil, 3)
	require.Error(t, err)
	_, err = FromCapture([]pcap.Packet{{Data: []byte{1}, Length: 100}}, 1)
	require.ErrorIs(t, err, unsupported.Err)
	_, err = FromCapture([]pcap.Packet{{Data: make([]byte, MaxFrame), Length: MaxFrame}}, 1)
	require.Error(t, err)
}

func TestRefused(t *testing.T) {
	for name, change := range map[string]func(*Spec){
		"no sizes":     func(s *Spec) { s.Sizes = nil },
		"short":        func(s *Spec) { s.Sizes = []Size{{60, 1}} },
		"long":         func(s *Spec) { s.Sizes = []Size{{MaxFrame + 1, 1}} },
		"weight":       func(s *Spec) { s.Sizes = []Size{{64, 0}} },
		"no flows":     func(s *Spec) { s.Flows = 0 },
		"many flows":   func(s *Spec) { s.Flows = MaxFlows + 1 },
		"flat zipf":    func(s *Spec) { s.Zipf = 0.9 },
		"NaN zipf":     func(s *Spec) { s.Zipf = math.NaN() },
		"IPv6":         func(s *Spec) { s.To = netip.MustParseAddrPort("[::1]:1") },
		"no address":   func(s *Spec) { s.To = netip.AddrPort{} },
		"protocol":     func(s *Spec) { s.Protocol = 1 },
		"infinite rho": func(s *Spec) { s.Zipf = math.Inf(1) },
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(spec(change))
			require.Error(t, err)
		})
	}
}

func BenchmarkFrame(b *testing.B) {
	s := spec(func(s *Spec) { s.Flows, s.Packets = 10000, 1<<62 })
	src, err := New(s)
	require.NoError(b, err)
	var p Packet
	for b.Loop() {
		src.Next(&p)
		src.Frame(&p)
	}
}
