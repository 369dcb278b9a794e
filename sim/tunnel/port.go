package tunnel

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/skipsw/skipsw/nfpisa/target"
)

// Port is a port in tunnel mode.
type Port struct {
	// Mode is one of target.TunnelModes.
	Mode string
	// UDP is the port that the tunnels of a mode with UDP headers end at.
	UDP uint16
	// Local are the addresses that tunnels end at; none are any addresses.
	Local []netip.Addr
	// MAC is the link address that frames of tunnels come to; the zero one is any.
	MAC [6]byte

	ident uint16 // of the last outer header of IPv4
}

// The UDP ports that the modes have by default, as IANA assigned them.
var defaultUDP = map[string]uint16{target.TunnelVXLAN: 4789, target.TunnelGeneve: 6081, target.TunnelIPIP: 0}

// ParsePort reads a mode with its UDP port: "vxlan", "geneve:6081", "ipip".
func ParsePort(s string) (*Port, error) {
	mode, udp, given := strings.Cut(s, ":")
	n, ok := defaultUDP[mode]
	if !ok {
		return nil, fmt.Errorf("tunnel mode %q; there are %s, the first two with a UDP port: vxlan:4789", mode, strings.Join(target.TunnelModes(), ", "))
	}
	if given {
		v, err := strconv.ParseUint(udp, 10, 16)
		if err != nil || v == 0 || n == 0 {
			return nil, fmt.Errorf("UDP port %q of tunnel mode %s; vxlan and geneve take 1 to 65535, ipip has none", udp, mode)
		}
		n = uint16(v)
	}
	return &Port{Mode: mode, UDP: n}, nil
}

// String writes the mode as ParsePort reads it.
func (p *Port) String() string {
	if p.UDP == 0 {
		return p.Mode
	}
	return fmt.Sprintf("%s:%d", p.Mode, p.UDP)
}

// Fate is what becomes of a frame that arrives.
type Fate uint8

// The fates.
const (
	// Foreign is of no tunnel of the port: it is the host's as it is.
	Foreign Fate = iota
	// Broken belongs to a tunnel and is lost: a wrong checksum, a header of another
	// version, a congestion mark on a packet that cannot carry it.
	Broken
	// Inside came out of a tunnel.
	Inside
)

const (
	etherHeader = 14
	ipv4Header  = 20
	ipv6Header  = 40
	udpHeader   = 8
	baseHeader  = 8 // of VXLAN and Geneve

	ethIPv4 = 0x0800
	ethIPv6 = 0x86dd
	ethVLAN = 0x8100
	ethTEB  = 0x6558

	protoIPIP = 4
	protoUDP  = 17
)

// Receive takes the outer headers off a frame. The inner frame and the key's options
// are bytes of it, but for IPIP and marks of congestion, which make a copy.
func (p *Port) Receive(frame []byte) (inner []byte, key Key, fate Fate) {
	o, fate := p.outer(frame)
	if fate != Inside {
		return nil, key, fate
	}
	key = Key{Source: o.source, Destination: o.destination, TOS: o.tos, TTL: o.ttl, Label: o.label}
	if o.whole {
		key.Flags = flagDontFragment
	}
	if p.Mode == target.TunnelIPIP {
		// Every frame on the card has a link header.
		inner = make([]byte, etherHeader, etherHeader+len(o.payload))
		be.PutUint16(inner[12:], ethIPv4)
		inner = append(inner, o.payload...)
	} else if inner, fate = p.base(&o, &key); fate != Inside {
		return nil, key, fate
	}
	inner, ok := congested(inner, o.tos)
	if !ok {
		return nil, key, Broken
	}
	return inner, key, Inside
}

// outer is what an outer header says.
type outer struct {
	source, destination netip.Addr
	tos, ttl            uint8
	label               uint32
	payload             []byte // behind the IP header, then behind the UDP header
	proto               uint8
	checked             bool // there was a UDP checksum
	whole               bool // IPv4 may not fragment it
}

// outer reads the headers up to what a tunnel carries.
func (p *Port) outer(frame []byte) (o outer, fate Fate) {
	if len(frame) < etherHeader || p.MAC != [6]byte{} && [6]byte(frame) != p.MAC {
		return o, Foreign
	}
	ip, ok := frame[etherHeader:], false
	switch be.Uint16(frame[12:]) {
	case ethIPv4:
		ok = o.ipv4(ip)
	case ethIPv6:
		ok = o.ipv6(ip)
	}
	want := uint8(protoUDP)
	if p.Mode == target.TunnelIPIP {
		want = protoIPIP
	}
	if !ok || o.proto != want || len(p.Local) > 0 && !slices.Contains(p.Local, o.destination) {
		return o, Foreign
	}
	if p.Mode == target.TunnelIPIP {
		if o.destination.Is6() {
			return o, Foreign
		}
		if len(o.payload) < ipv4Header || o.payload[0]>>4 != 4 {
			return o, Broken
		}
		return o, Inside
	}
	return p.udp(&o)
}

// ipv4 reads a header of IPv4; false for what is no whole packet.
func (o *outer) ipv4(b []byte) bool {
	if len(b) < ipv4Header || b[0]>>4 != 4 {
		return false
	}
	header, total := 4*int(b[0]&15), int(be.Uint16(b[2:]))
	const fragment, whole = 0x3fff, 0x4000 // more fragments or an offset; no fragments
	if header < ipv4Header || total < header || total > len(b) || sum(0, b[:header]) != 0xffff || be.Uint16(b[6:])&fragment != 0 {
		return false
	}
	o.tos, o.ttl, o.proto = b[1], b[8], b[9]
	o.source, o.destination = netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:]))
	o.payload, o.whole = b[header:total], be.Uint16(b[6:])&whole != 0
	return true
}

// ipv6 reads a header of IPv6 without extensions.
func (o *outer) ipv6(b []byte) bool {
	if len(b) < ipv6Header || b[0]>>4 != 6 {
		return false
	}
	n := int(be.Uint16(b[4:]))
	if n > len(b)-ipv6Header {
		return false
	}
	flow := be.Uint32(b)
	o.tos, o.label, o.proto, o.ttl = uint8(flow>>20), flow&0xfffff, b[6], b[7]
	o.source, o.destination = netip.AddrFrom16([16]byte(b[8:])), netip.AddrFrom16([16]byte(b[24:]))
	o.payload = b[ipv6Header:][:n]
	return true
}

// udp reads the UDP header.
func (p *Port) udp(o *outer) (outer, Fate) {
	b := o.payload
	if len(b) < udpHeader || be.Uint16(b[2:]) != p.UDP {
		return *o, Foreign
	}
	n := int(be.Uint16(b[4:]))
	if n < udpHeader || n > len(b) {
		return *o, Broken
	}
	b = b[:n]
	switch o.checked = be.Uint16(b[6:]) != 0; {
	case o.checked && sum(pseudo(o.source, o.destination, protoUDP, n), b) != 0xffff:
		return *o, Broken
	case !o.checked && o.destination.Is6():
		return *o, Broken // as long as nobody allows it
	}
	o.payload = b[udpHeader:]
	return *o, Inside
}

// base reads the header of VXLAN or Geneve.
func (p *Port) base(o *outer, key *Key) (inner []byte, fate Fate) {
	b := o.payload
	if len(b) < baseHeader {
		return nil, Broken
	}
	key.Flags, key.ID = key.Flags|flagKey, be.Uint32(b[4:])>>8
	if o.checked {
		key.Flags |= flagCsum
	}
	if p.Mode == target.TunnelVXLAN {
		const hasID = 0x08000000
		if be.Uint32(b) != hasID || b[7] != 0 {
			return nil, Broken
		}
		inner = b[baseHeader:]
	} else {
		n := 4 * int(b[0]&0x3f)
		if b[0]>>6 != 0 || be.Uint16(b[2:]) != ethTEB || len(b) < baseHeader+n {
			return nil, Broken
		}
		key.Options, inner = b[baseHeader:][:n:n], b[baseHeader+n:]
		for _, f := range []struct {
			set  bool
			flag uint16
		}{{b[1]&0x80 != 0, flagOAM}, {b[1]&0x40 != 0, flagCritical}, {n > 0, flagGeneveOpt}} {
			if f.set {
				key.Flags |= f.flag
			}
		}
	}
	if len(inner) < etherHeader {
		return nil, Broken
	}
	return inner, Inside
}
