package tunnel

import (
	"encoding/binary"
	"net/netip"

	"github.com/skipsw/skipsw/nfpisa/maplayout"
)

var le, be = binary.LittleEndian, binary.BigEndian

// Key is what the outer headers of a frame said, or with Set what they shall say.
type Key struct {
	Set bool
	ID  uint32
	// Source and Destination are of one family. The zero Source leaves the choice to
	// the route.
	Source, Destination netip.Addr
	TOS, TTL            uint8
	Label               uint32 // flow label of IPv6
	// Flags are those of package maplayout, TunnelCsum and the like.
	Flags   uint16
	Options []byte
}

// IPv6 reports whether the outer header is one of IPv6.
func (k *Key) IPv6() bool { return k.Destination.Is6() }

// Has reports whether a flag is set.
func (k *Key) Has(flag uint16) bool { return k.Flags&flag != 0 }

// Put writes the key as it lies in card memory, TunnelSize bytes; nil is no key.
func (k *Key) Put(b []byte) {
	clear(b[:maplayout.TunnelSize])
	if k == nil {
		return
	}
	mode := uint32(maplayout.TunnelPresent) | uint32(k.Flags)<<maplayout.TunnelFlags
	if k.Set {
		mode |= maplayout.TunnelSet
	}
	if k.IPv6() {
		mode |= maplayout.TunnelIPv6
	}
	le.PutUint32(b[maplayout.TunnelMode:], mode)
	le.PutUint32(b[maplayout.TunnelOptionsLength:], uint32(len(k.Options)))
	le.PutUint32(b[maplayout.TunnelID:], k.ID)
	b[maplayout.TunnelTOS], b[maplayout.TunnelTOS+1] = k.TOS, k.TTL
	le.PutUint32(b[maplayout.TunnelLabel:], k.Label)
	putAddr(b[maplayout.TunnelSource:], k.Source)
	putAddr(b[maplayout.TunnelDestination:], k.Destination)
	le.PutUint32(b[maplayout.TunnelWritten:], uint32(len(k.Options)))
	copy(b[maplayout.TunnelOptions:], k.Options)
}

func putAddr(b []byte, a netip.Addr) {
	switch {
	case a.Is4():
		v := a.As4()
		le.PutUint32(b, be.Uint32(v[:]))
	case a.Is6():
		v := a.As16()
		copy(b, v[:])
	}
}

// ReadKey reads a key as it lies in card memory; false means that there is none. The
// options are those bytes, not a copy.
func ReadKey(b []byte) (k Key, ok bool) {
	mode := le.Uint32(b[maplayout.TunnelMode:])
	if mode == 0 {
		return k, false
	}
	k = Key{
		Set: mode&maplayout.TunnelSet != 0, ID: le.Uint32(b[maplayout.TunnelID:]), TOS: b[maplayout.TunnelTOS], TTL: b[maplayout.TunnelTOS+1],
		Label: le.Uint32(b[maplayout.TunnelLabel:]), Flags: uint16(mode >> maplayout.TunnelFlags),
	}
	six := mode&maplayout.TunnelIPv6 != 0
	k.Source, k.Destination = addr(b[maplayout.TunnelSource:], six), addr(b[maplayout.TunnelDestination:], six)
	n := min(le.Uint32(b[maplayout.TunnelOptionsLength:]), maplayout.TunnelOptionsMax)
	k.Options = b[maplayout.TunnelOptions:][:n:n]
	return k, true
}

func addr(b []byte, six bool) netip.Addr {
	if six {
		return netip.AddrFrom16([16]byte(b))
	}
	var v [4]byte
	be.PutUint32(v[:], le.Uint32(b))
	return netip.AddrFrom4(v)
}
