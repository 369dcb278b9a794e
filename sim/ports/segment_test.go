package ports

import (
	"bytes"
	"encoding/binary"
	"net"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/stretchr/testify/require"
)

// tcpFrame is a TCP segment with its checksums, as gopacket makes them.
func tcpFrame(t *testing.T, v6, tagged bool, seq uint32, id uint16, push bool, payload []byte) []byte {
	t.Helper()
	eth := &layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, DstMAC: net.HardwareAddr{2, 0, 0, 0, 0, 2}, EthernetType: layers.EthernetTypeIPv4}
	tcp := &layers.TCP{SrcPort: 1000, DstPort: 7, Seq: seq, ACK: true, PSH: push, Options: []layers.TCPOption{{OptionType: layers.TCPOptionKindNop}, {OptionType: layers.TCPOptionKindNop}}}
	var ip interface {
		gopacket.SerializableLayer
		gopacket.NetworkLayer
	} = &layers.IPv4{Version: 4, TTL: 64, Id: id, Protocol: layers.IPProtocolTCP, SrcIP: net.IP{10, 0, 0, 1}, DstIP: net.IP{10, 0, 0, 2}}
	if v6 {
		eth.EthernetType = layers.EthernetTypeIPv6
		ip = &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolTCP, SrcIP: net.ParseIP("fd00::1"), DstIP: net.ParseIP("fd00::2")}
	}
	all := []gopacket.SerializableLayer{eth}
	if tagged {
		all = append(all, &layers.Dot1Q{VLANIdentifier: 5, Type: eth.EthernetType})
		eth.EthernetType = layers.EthernetTypeDot1Q
	}
	require.NoError(t, tcp.SetNetworkLayerForChecksum(ip))
	b := gopacket.NewSerializeBuffer()
	all = append(all, ip, tcp, gopacket.Payload(payload))
	require.NoError(t, gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, all...))
	return bytes.Clone(b.Bytes())
}

// TestSegments cuts a long segment; the parts are those that a sender would have
// made itself.
func TestSegments(t *testing.T) {
	payload := make([]byte, 5001)
	for i := range payload {
		payload[i] = byte(i * 7)
	}
	for _, tt := range []struct{ v6, tagged bool }{{false, false}, {true, false}, {false, true}} {
		whole := tcpFrame(t, tt.v6, tt.tagged, 1<<32-3000, 0xffff, true, payload)
		headers := len(whole) - len(payload)
		start := headers - tcpHeader - 4 // options
		kind := byte(gsoTCPv4)
		if tt.v6 {
			kind = gsoTCPv6
		}
		head := []byte{vnetNeedsCsum, kind | gsoECN}
		for _, n := range []int{headers, 1448, start, tcpCheck} {
			head = binary.NativeEndian.AppendUint16(head, uint16(n))
		}
		var got [][]byte
		more, err := onWire(head, whole, func(f []byte) bool { got = append(got, f); return true })
		require.NoError(t, err)
		require.True(t, more)
		require.Len(t, got, 4)
		for n, f := range got {
			at := 1448 * n
			part := payload[at:min(at+1448, len(payload))]
			require.Equal(t, tcpFrame(t, tt.v6, tt.tagged, 1<<32-3000+uint32(at), 0xffff+uint16(n), n == 3, part), f, "segment %d", n)
		}
		more, err = onWire(head, whole, func([]byte) bool { return false })
		require.NoError(t, err)
		require.False(t, more)
	}
}

// TestChecksumLeftToCard fills in what a sender left open.
func TestChecksumLeftToCard(t *testing.T) {
	want := tcpFrame(t, false, false, 5, 6, false, []byte("odd"))
	open := bytes.Clone(want)
	tcp := etherHeader + 20
	binary.BigEndian.PutUint16(open[tcp+tcpCheck:], fold(protocolTCP+uint32(len(open)-tcp)+sumOf(open[etherHeader+ipv4Addrs:etherHeader+20])))
	head := append([]byte{vnetNeedsCsum, gsoNone, 0, 0, 0, 0}, binary.NativeEndian.AppendUint16(binary.NativeEndian.AppendUint16(nil, uint16(tcp)), tcpCheck)...)
	_, err := onWire(head, open, func(f []byte) bool {
		require.Equal(t, want, f)
		return true
	})
	require.NoError(t, err)
}

// FuzzOnWire takes any header and frame: what comes out is a frame, or an error
// is said.
func FuzzOnWire(f *testing.F) {
	f.Add([]byte{1, 1, 54, 0, 100, 0, 34, 0, 16, 0}, make([]byte, 2000))
	f.Add([]byte{1, 0, 0, 0, 0, 0, 34, 0, 16, 0}, make([]byte, 60))
	f.Add([]byte{0, 5, 0, 0, 0, 0, 0, 0, 0, 0}, make([]byte, 60))
	f.Fuzz(func(t *testing.T, head, frame []byte) {
		if len(head) < vnetHeader {
			return
		}
		_, _ = onWire(head[:vnetHeader], frame, func(f []byte) bool {
			require.LessOrEqual(t, len(f), max(MaxFrame, len(frame)))
			return true
		})
	})
}
