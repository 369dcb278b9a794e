package wire

import (
	"encoding/binary"
	"net/netip"
)

var be = binary.BigEndian

// Host is a far end that answers ARP requests and IPv4 echo requests for one
// address, at once and without ever waiting.
type Host struct {
	MAC  [6]byte
	Addr netip.Addr // IPv4
	To   Deliver
}

// Send implements nfp.Wire.
func (h *Host) Send(frame []byte) {
	if a := h.answer(frame); a != nil {
		h.To(a)
	}
}

const (
	etherIPv4 = 0x0800
	etherARP  = 0x0806

	etherHeader = 14
	arpSize     = etherHeader + 28
	arpRequest  = 1
	arpReply    = 2

	protocolICMP = 1
	echoReply    = 0
	echoRequest  = 8
)

// answer returns the answer to a frame, or nil.
func (h *Host) answer(f []byte) []byte {
	if len(f) < arpSize {
		return nil
	}
	switch be.Uint16(f[12:]) {
	case etherARP:
		return h.answerARP(f)
	case etherIPv4:
		return h.answerEcho(f)
	}
	return nil
}

// back returns a copy of a frame, addressed to its sender.
func (h *Host) back(f []byte) []byte {
	a := append([]byte(nil), f...)
	copy(a, f[6:12])
	copy(a[6:], h.MAC[:])
	return a
}

func (h *Host) answerARP(f []byte) []byte {
	ip := h.Addr.As4()
	if be.Uint16(f[20:]) != arpRequest || [4]byte(f[38:42]) != ip {
		return nil
	}
	a := h.back(f)
	be.PutUint16(a[20:], arpReply)
	copy(a[22:], h.MAC[:])
	copy(a[28:], ip[:])
	copy(a[32:], f[22:32])
	return a
}

func (h *Host) answerEcho(f []byte) []byte {
	at := etherHeader + int(f[14]&15)*4
	if f[23] != protocolICMP || [4]byte(f[30:34]) != h.Addr.As4() || len(f) < at+8 || f[at] != echoRequest {
		return nil
	}
	a := h.back(f)
	copy(a[26:], f[30:34])
	copy(a[30:], f[26:30])
	a[at] = echoReply
	// The type's byte went from 8 to 0, so the complement of the sum loses it.
	sum := uint32(be.Uint16(a[at+2:])) + echoRequest<<8
	be.PutUint16(a[at+2:], uint16(sum&0xffff+sum>>16))
	return a
}
