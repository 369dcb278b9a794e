package pcap_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/pcap"
)

func frames() []pcap.Packet {
	var out []pcap.Packet
	for i := range 5 {
		out = append(out, pcap.Packet{
			Data: bytes.Repeat([]byte{byte(i + 1)}, 14+7*i), Length: 14 + 7*i,
			Time: time.Unix(1000, int64(i)*1000).UTC(),
		})
	}
	return out
}

func asPcap(t testing.TB, ps []pcap.Packet) []byte {
	var b bytes.Buffer
	w, err := pcap.NewWriter(&b)
	require.NoError(t, err)
	for _, p := range ps {
		require.NoError(t, w.Write(p))
	}
	return b.Bytes()
}

func asNg(t testing.TB, link layers.LinkType, ps []pcap.Packet) []byte {
	var b bytes.Buffer
	w, err := pcapgo.NewNgWriter(&b, link)
	require.NoError(t, err)
	for _, p := range ps {
		require.NoError(t, w.WritePacket(gopacket.CaptureInfo{Timestamp: p.Time, CaptureLength: len(p.Data), Length: p.Length}, p.Data))
	}
	require.NoError(t, w.Flush())
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	want := frames()
	path := filepath.Join(t.TempDir(), "x.pcap")
	require.NoError(t, pcap.WriteFile(path, want))
	got, err := pcap.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, want, got)

	got, err = pcap.Read(bytes.NewReader(asNg(t, layers.LinkTypeEthernet, want)))
	require.NoError(t, err)
	require.Len(t, got, len(want))
	for i := range want {
		require.Equal(t, want[i].Data, got[i].Data)
		require.True(t, want[i].Time.Equal(got[i].Time))
	}
}

// TestTruncated cuts both formats at every byte. An end between two packets
// cannot be told from a shorter capture; all others must be errors, with the
// packets in front of the cut.
func TestTruncated(t *testing.T) {
	want := frames()
	for name, file := range map[string][]byte{"pcap": asPcap(t, want), "pcapng": asNg(t, layers.LinkTypeEthernet, want)} {
		whole := 0
		for n := range file {
			got, err := pcap.Read(bytes.NewReader(file[:n]))
			if err == nil {
				whole++
				continue
			}
			require.Less(t, len(got), len(want))
		}
		require.LessOrEqual(t, whole, len(want)+1, name)
	}
	file := asPcap(t, want)
	_, err := pcap.Read(bytes.NewReader(file[:len(file)-3]))
	require.EqualError(t, err, "packet 5: the file is truncated")
}

func TestRefuses(t *testing.T) {
	for _, c := range []struct {
		name, want string
		file       []byte
	}{
		{"empty", "is no capture file: it has 0 bytes", nil},
		{"text", "is no capture file, pcap or pcapng", []byte("hello, this is a text file that is long enough")},
		{"header cut", "the file is truncated", asPcap(t, nil)[:20]},
		{"link type", "not supported: link type 101 (Raw)", asNg(t, layers.LinkTypeRaw, frames())},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := pcap.Read(bytes.NewReader(c.file))
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := pcap.ReadFile("/nonexistent/x.pcap")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func FuzzRead(f *testing.F) {
	f.Add(asPcap(f, frames()))
	f.Add(asNg(f, layers.LinkTypeEthernet, frames()))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = pcap.Read(bytes.NewReader(b))
	})
}

func Example() {
	var file bytes.Buffer
	w, err := pcap.NewWriter(&file)
	if err != nil {
		panic(err)
	}
	if err := w.Write(pcap.Packet{Data: make([]byte, 60)}); err != nil {
		panic(err)
	}
	packets, err := pcap.Read(&file)
	fmt.Println(len(packets), len(packets[0].Data), err)
	// Output: 1 60 <nil>
}
