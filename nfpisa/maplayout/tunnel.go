package maplayout

// A frame's tunnel key beside it in the packet's buffer, at the place that the
// target says. Numbers are little-endian words.

// Offsets in a tunnel key.
const (
	// TunnelMode says what there is: TunnelPresent and the like, and above
	// TunnelFlags the flags of the kernel's tunnels as programs see them. It is 0
	// for a frame without a key.
	TunnelMode Offset = 0
	// TunnelOptionsLength is the number of bytes of options.
	TunnelOptionsLength Offset = 4
	TunnelID            Offset = 8
	TunnelTOS           Offset = 12 // and in the second byte the time to live
	TunnelLabel         Offset = 16 // flow label of IPv6
	// TunnelSource and TunnelDestination are the addresses of the outer header: a
	// number for IPv4, with zeros behind it, 16 bytes as on the wire for IPv6.
	TunnelSource      Offset = 20
	TunnelDestination Offset = 36
	// TunnelWritten is the number of bytes from TunnelOptions on that may be other
	// than 0.
	TunnelWritten Offset = 52
	TunnelOptions Offset = 64
)

// TunnelSize is the size of a tunnel key in bytes.
const TunnelSize = 320

// TunnelOptionsMax is the most bytes of options: the kernel counts them in a byte,
// and programs give whole words.
const TunnelOptionsMax = 252

// Bits of TunnelMode.
const (
	TunnelPresent = 1 << 0
	TunnelSet     = 1 << 1 // by a program, to be sent with
	TunnelIPv6    = 1 << 2
	TunnelFlags   = 16 // the lowest bit of the flags
)

// Flags of tunnels as programs see them: the kernel's TUNNEL_CSUM and the like,
// which are in network byte order.
const (
	TunnelCsum         = 1 << 8
	TunnelKey          = 1 << 10
	TunnelSeq          = 1 << 11
	TunnelDontFragment = 1 << 0
	TunnelOAM          = 1 << 1
	TunnelCritical     = 1 << 2
	TunnelGeneveOpt    = 1 << 3
	TunnelVXLANOpt     = 1 << 4
	TunnelNoCache      = 1 << 5
	TunnelERSPANOpt    = 1 << 6
	TunnelGTPOpt       = 1 << 7
	TunnelHasOptions   = TunnelGeneveOpt | TunnelVXLANOpt | TunnelERSPANOpt | TunnelGTPOpt
)
