package packetrun_test

import (
	"net"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/packetrun"
)

func TestHeaders(t *testing.T) {
	eth := &layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, DstMAC: net.HardwareAddr{2, 0, 0, 0, 0, 2}, EthernetType: layers.EthernetTypeIPv4}
	tagged := *eth
	tagged.EthernetType = layers.EthernetTypeDot1Q
	six := *eth
	six.EthernetType = layers.EthernetTypeIPv6
	vlan := &layers.Dot1Q{VLANIdentifier: 7, Type: layers.EthernetTypeIPv4}
	ip := func(p layers.IPProtocol) *layers.IPv4 {
		return &layers.IPv4{Version: 4, IHL: 5, TTL: 64, Protocol: p, SrcIP: net.IP{10, 0, 0, 1}, DstIP: net.IP{192, 0, 2, 1}}
	}
	ip6 := &layers.IPv6{Version: 6, NextHeader: layers.IPProtocolTCP, SrcIP: net.ParseIP("2001:db8::1"), DstIP: net.ParseIP("2001:db8::2")}
	udp := &layers.UDP{SrcPort: 1000, DstPort: 53, Length: 8}
	tcp := &layers.TCP{SrcPort: 1000, DstPort: 443, DataOffset: 5}
	for _, c := range []struct {
		name, want string
		cut        int
		layers     []gopacket.SerializableLayer
	}{
		{"UDP", "10.0.0.1>192.0.2.1 UDP 53", 0, []gopacket.SerializableLayer{eth, ip(17), udp}},
		{"TCP behind a VLAN tag", "10.0.0.1>192.0.2.1 TCP 443", 0, []gopacket.SerializableLayer{&tagged, vlan, ip(6), tcp}},
		{"IPv6", "2001:db8::1>2001:db8::2 TCP 443", 0, []gopacket.SerializableLayer{&six, ip6, tcp}},
		{"a protocol without ports", "10.0.0.1>192.0.2.1 GRE", 0, []gopacket.SerializableLayer{eth, ip(47)}},
		{"half an IP header", "02:00:00:00:00:01>02:00:00:00:00:02 0x0800", 20, []gopacket.SerializableLayer{eth, ip(17), udp}},
		{"half an Ethernet header", "no Ethernet header", 9, []gopacket.SerializableLayer{eth}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := gopacket.NewSerializeBuffer()
			require.NoError(t, gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true}, c.layers...))
			frame := b.Bytes()
			if c.cut > 0 {
				frame = frame[:c.cut]
			}
			require.Equal(t, c.want, packetrun.Headers(frame))
		})
	}
	require.Equal(t, "no Ethernet header", packetrun.Headers(nil))
}

func FuzzHeaders(f *testing.F) {
	f.Add([]byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45})
	f.Fuzz(func(t *testing.T, b []byte) { require.NotEmpty(t, packetrun.Headers(b)) })
}
