package pcap_test

import (
	"bytes"
	"compress/gzip"
	"testing"

	"github.com/gopacket/gopacket/layers"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/pcap"
)

func gzipped(t testing.TB, b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, err := z.Write(b)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return out.Bytes()
}

func zstandard(t testing.TB, b []byte, o ...zstd.EOption) []byte {
	z, err := zstd.NewWriter(nil, o...)
	require.NoError(t, err)
	return z.EncodeAll(b, nil)
}

// TestCompressed reads both formats in both packings, and every beginning of
// them: none gives more packets than there are, or a panic.
func TestCompressed(t *testing.T) {
	want := frames()
	for name, file := range map[string][]byte{
		"pcap.gz": gzipped(t, asPcap(t, want)), "pcapng.gz": gzipped(t, asNg(t, layers.LinkTypeEthernet, want)),
		"pcap.zst": zstandard(t, asPcap(t, want)), "pcapng.zst": zstandard(t, asNg(t, layers.LinkTypeEthernet, want)),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := pcap.Read(bytes.NewReader(file))
			require.NoError(t, err)
			require.Len(t, got, len(want))
			for i := range want {
				require.Equal(t, want[i].Data, got[i].Data)
			}
			for n := range file {
				_, err := pcap.Read(bytes.NewReader(file[:n]))
				require.Error(t, err, n)
			}
		})
	}
	_, err := pcap.Read(bytes.NewReader(gzipped(t, gzipped(t, asPcap(t, want)))))
	require.ErrorContains(t, err, "compressed twice")
}

// TestWindow refuses a zstd stream whose window takes more memory than is given
// to it.
func TestWindow(t *testing.T) {
	for _, o := range []zstd.EOption{zstd.WithSingleSegment(true), zstd.WithSingleSegment(false)} {
		big := make([]byte, 2*pcap.MostWindow)
		copy(big, asPcap(t, frames()))
		_, err := pcap.Read(bytes.NewReader(zstandard(t, big, zstd.WithWindowSize(2*pcap.MostWindow), o)))
		require.ErrorContains(t, err, "exceed")
	}
}

// TestPacketsAreTheCallers: Read's packets do not share memory.
func TestPacketsAreTheCallers(t *testing.T) {
	got, err := pcap.Read(bytes.NewReader(asPcap(t, frames())))
	require.NoError(t, err)
	require.Equal(t, byte(1), got[0].Data[0])
	require.Equal(t, byte(5), got[4].Data[0])
}
