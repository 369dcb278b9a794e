package packetrun

import (
	"fmt"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// Headers says in a few words what is in a frame: the outermost network header
// and what it carries, as "10.0.0.1>192.0.2.1 UDP 53" with the destination port.
func Headers(frame []byte) string {
	p := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.DecodeOptions{Lazy: true, NoCopy: true})
	if n := p.NetworkLayer(); n != nil && len(n.NetworkFlow().Src().Raw()) > 0 { // the header is whole
		flow := n.NetworkFlow()
		return fmt.Sprintf("%s>%s %s", flow.Src(), flow.Dst(), transport(p, n))
	}
	switch l := p.Layer(layers.LayerTypeARP).(type) {
	case *layers.ARP:
		return fmt.Sprintf("ARP %d", l.Operation)
	}
	if e, ok := p.LinkLayer().(*layers.Ethernet); ok {
		return fmt.Sprintf("%s>%s %#04x", e.SrcMAC, e.DstMAC, uint16(e.EthernetType))
	}
	return "no Ethernet header"
}

// transport names the protocol that a network header carries, with the
// destination port.
func transport(p gopacket.Packet, n gopacket.NetworkLayer) string {
	switch l := p.TransportLayer().(type) {
	case *layers.UDP:
		return fmt.Sprintf("UDP %d", uint16(l.DstPort))
	case *layers.TCP:
		return fmt.Sprintf("TCP %d", uint16(l.DstPort))
	case *layers.SCTP:
		return fmt.Sprintf("SCTP %d", uint16(l.DstPort))
	}
	switch l := n.(type) {
	case *layers.IPv4:
		return l.Protocol.String()
	case *layers.IPv6:
		return l.NextHeader.String()
	}
	return n.LayerType().String()
}
