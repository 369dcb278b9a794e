package tunnel

import (
	"net/netip"

	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/nfpisa/target"
)

// Flags of keys, in short.
const (
	flagCsum         = maplayout.TunnelCsum
	flagKey          = maplayout.TunnelKey
	flagDontFragment = maplayout.TunnelDontFragment
	flagOAM          = maplayout.TunnelOAM
	flagCritical     = maplayout.TunnelCritical
	flagGeneveOpt    = maplayout.TunnelGeneveOpt
)

// Way is how an outer packet goes to the far end of its tunnel.
type Way struct {
	// Source is the address to send from where the key names none.
	Source netip.Addr
	// From and To are the link addresses of the port and of the next hop.
	From, To [6]byte
	// MTU is the longest outer packet.
	MTU int
}

// Finder finds the way to the far end that a key names, by a port.
type Finder func(key *Key) (Way, *Loss)

// Loss is why a frame is lost that leaves by a port in tunnel mode.
type Loss struct {
	Name string // of the counter
	Text string
}

// Error returns the text.
func (l *Loss) Error() string { return l.Text }

// The reasons that are not the way's.
var (
	ErrNoKey    = &Loss{"no_key", "the program gave the frame no tunnel key"}
	ErrKey      = &Loss{"wrong_key", "the tunnel key has no far end, or is of a family that the tunnel does not have"}
	ErrPayload  = &Loss{"wrong_payload", "a tunnel of its kind does not carry the frame"}
	ErrTooLong  = &Loss{"too_long", "with outer headers the frame is longer than the way to the far end takes"}
	ErrNoSource = &Loss{"no_source", "there is no address to send from to the far end of a tunnel"}
)

// hops is the time to live of packets for which nobody names one.
const hops = 64

// Send puts the outer headers in front of a copy of the frame that its key asks for;
// nil is a frame without one.
func (p *Port) Send(frame []byte, key *Key, find Finder) ([]byte, *Loss) {
	switch {
	case key == nil || !key.Set:
		return nil, ErrNoKey
	case key.Destination.Is4() && key.Destination.IsUnspecified(), p.Mode == target.TunnelIPIP && key.IPv6():
		return nil, ErrKey
	case len(frame) < etherHeader:
		return nil, ErrPayload
	}
	h := headers{p: p, key: key, tos: key.TOS, ttl: key.TTL, payload: frame}
	if p.Mode == target.TunnelIPIP {
		if h.payload = frame[etherHeader:]; be.Uint16(frame[12:]) != ethIPv4 || len(h.payload) < ipv4Header {
			return nil, ErrPayload
		}
		if key.TOS == 1 { // asks for that of the inner packet
			h.tos = h.payload[1]
		}
		if key.TTL == 0 {
			h.ttl = h.payload[8]
		}
	} else if p.Mode == target.TunnelVXLAN && key.TTL == 0 {
		h.ttl = hops
	}
	h.tos = marked(h.tos, frame)
	var lost *Loss
	if h.way, lost = find(key); lost != nil {
		return nil, lost
	}
	if !key.Source.IsUnspecified() {
		h.way.Source = key.Source
	}
	if !h.way.Source.IsValid() {
		return nil, ErrNoSource
	}
	return h.build()
}

// headers is the outer headers of a packet.
type headers struct {
	p        *Port
	key      *Key
	way      Way
	tos, ttl uint8
	payload  []byte
}

func (h *headers) build() ([]byte, *Loss) {
	ip, proto := ipv4Header, uint8(protoUDP)
	if h.key.IPv6() {
		ip = ipv6Header
	}
	between := 0
	if h.p.Mode == target.TunnelIPIP {
		proto = protoIPIP
	} else {
		between = udpHeader + baseHeader
		if h.p.Mode == target.TunnelGeneve && h.key.Has(flagGeneveOpt) {
			between += len(h.key.Options)
		}
	}
	n := between + len(h.payload)
	if ip+n > h.way.MTU {
		return nil, ErrTooLong
	}
	out := make([]byte, etherHeader+ip+between, etherHeader+ip+n)
	copy(out, h.way.To[:])
	copy(out[6:], h.way.From[:])
	if h.key.IPv6() {
		be.PutUint16(out[12:], ethIPv6)
		h.ipv6(out[etherHeader:], proto, n)
	} else {
		be.PutUint16(out[12:], ethIPv4)
		h.ipv4(out[etherHeader:], proto, n)
	}
	behind := etherHeader + ip
	if between > 0 {
		h.base(out[behind+udpHeader:])
	}
	out = append(out, h.payload...)
	if between > 0 {
		h.udp(out[behind:])
	}
	return out, nil
}

func (h *headers) ipv4(b []byte, proto uint8, n int) {
	b[0], b[1] = 0x45, h.tos
	be.PutUint16(b[2:], uint16(ipv4Header+n))
	h.p.ident++
	be.PutUint16(b[4:], h.p.ident)
	if h.key.Has(flagDontFragment) {
		b[6] = 0x40
	}
	b[8], b[9] = h.ttl, proto
	copy(b[12:], h.way.Source.AsSlice())
	copy(b[16:], h.key.Destination.AsSlice())
	be.PutUint16(b[10:], ^sum(0, b[:ipv4Header]))
}

func (h *headers) ipv6(b []byte, proto uint8, n int) {
	be.PutUint32(b, 6<<28|uint32(h.tos)<<20|h.key.Label)
	be.PutUint16(b[4:], uint16(n))
	b[6], b[7] = proto, h.ttl
	copy(b[8:], h.way.Source.AsSlice())
	copy(b[24:], h.key.Destination.AsSlice())
}

// base writes the header of VXLAN or Geneve.
func (h *headers) base(b []byte) {
	be.PutUint32(b[4:], h.key.ID<<8)
	if h.p.Mode == target.TunnelVXLAN {
		b[0] = 8 // there is an identifier
		return
	}
	be.PutUint16(b[2:], ethTEB)
	b[0] = uint8(len(b)-baseHeader) / 4
	copy(b[baseHeader:], h.key.Options)
}

// udp writes the UDP header in front of what is complete.
func (h *headers) udp(b []byte) {
	be.PutUint16(b, sourcePort(h.payload))
	be.PutUint16(b[2:], h.p.UDP)
	be.PutUint16(b[4:], uint16(len(b)))
	if !h.key.Has(flagCsum) {
		return
	}
	check := ^sum(pseudo(h.way.Source, h.key.Destination, protoUDP, len(b)), b)
	if check == 0 {
		check = 0xffff
	}
	be.PutUint16(b[6:], check)
}
