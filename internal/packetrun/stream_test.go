package packetrun_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/packetrun"
	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/traffic"
	"github.com/skipsw/skipsw/translate"
)

// small is a small program that looks at headers: 22 instructions a packet.
func small(t testing.TB) (*image.Image, *sim.Machine) {
	img, err := translate.File("../../testdata/bpf/drop_udp_port.o", translate.FileOptions{})
	require.NoError(t, err)
	m, err := sim.New(img, sim.DefaultSpec())
	require.NoError(t, err)
	return img, m
}

// zipped is a gzipped capture of n packets of a thousand flows.
func zipped(t testing.TB, n int) []byte {
	s := traffic.DefaultSpec()
	s.Flows, s.Packets = 1000, uint64(n)
	src, err := traffic.New(s)
	require.NoError(t, err)
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w, err := pcap.NewWriter(z)
	require.NoError(t, err)
	var p traffic.Packet
	for i := int64(0); src.Next(&p); i++ {
		require.NoError(t, w.Write(pcap.Packet{Data: src.Frame(&p), Time: time.Unix(1, i*1000)}))
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

// TestMemory: ten times the packets take no more memory.
func TestMemory(t *testing.T) {
	allocated := func(n int) uint64 {
		file := zipped(t, n)
		img, m := small(t)
		r, err := pcap.NewReader(bytes.NewReader(file))
		require.NoError(t, err)
		var a, b runtime.MemStats
		runtime.ReadMemStats(&a)
		sum, err := packetrun.Run(t.Context(), m, img, r, packetrun.Options{})
		require.NoError(t, err)
		require.Equal(t, n, sum.Packets)
		runtime.ReadMemStats(&b)
		return b.TotalAlloc - a.TotalAlloc
	}
	few, many := allocated(5_000), allocated(50_000)
	require.Less(t, many, few+256<<10, "bytes for 50,000 packets, and for 5,000")
}

// TestPartial ends a run from outside.
func TestPartial(t *testing.T) {
	img, m := small(t)
	ctx, stop := context.WithCancel(t.Context())
	r, err := pcap.NewReader(bytes.NewReader(zipped(t, 2000)))
	require.NoError(t, err)
	sum, err := packetrun.Run(ctx, m, img, r, packetrun.Options{Each: func(o *packetrun.Outcome) error {
		if o.Number == 700 {
			stop()
		}
		return nil
	}})
	require.NoError(t, err)
	require.True(t, sum.Partial)
	require.Equal(t, 768, sum.Packets, "the next look at the context")
	require.Equal(t, map[string]int{"XDP_PASS": 768}, sum.Verdicts)
}

// BenchmarkZipped runs a small program on a gzipped capture: unpacking, reading
// and running.
func BenchmarkZipped(b *testing.B) {
	const n = 100_000
	file := zipped(b, n)
	img, m := small(b)
	b.ReportAllocs()
	for b.Loop() {
		r, err := pcap.NewReader(bytes.NewReader(file))
		require.NoError(b, err)
		_, err = packetrun.Run(b.Context(), m, img, r, packetrun.Options{})
		require.NoError(b, err)
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "packets/s")
}
