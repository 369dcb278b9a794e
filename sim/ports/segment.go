package ports

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// A sender of this host leaves work to a card, and says so in a header before
// the frame (struct virtio_net_hdr of linux/virtio_net.h, numbers in the host's
// order): to fill in a checksum, to cut a long TCP segment. These are the
// header's places.
const (
	vnetHeader     = 10
	vnetFlags      = 0 // byte
	vnetType       = 1 // byte
	vnetLength     = 2 // of the headers before the payload
	vnetSize       = 4 // of the payload of each segment
	vnetCsumStart  = 6
	vnetCsumOffset = 8

	vnetNeedsCsum = 1 // flag

	gsoNone  = 0
	gsoTCPv4 = 1
	gsoTCPv6 = 4
	gsoECN   = 0x80 // beside the type
)

// Where fields of IP and TCP headers are.
const (
	etherHeader = 14
	ipv4Length  = 2
	ipv4ID      = 4
	ipv4Check   = 10
	ipv4Addrs   = 12
	ipv6Length  = 4
	ipv6Addrs   = 8
	ipv6Header  = 40
	tcpSeq      = 4
	tcpFlags    = 13
	tcpCheck    = 16
	tcpHeader   = 20
	protocolTCP = 6

	tcpFIN, tcpPSH, tcpCWR = 0x01, 0x08, 0x80
)

var errVnet = errors.New("the sender's header does not fit the frame")

// onWire calls take for each frame that a card would have made of what a sender
// left to it; false means that take wants no more.
func onWire(head, frame []byte, take func(frame []byte) bool) (more bool, err error) {
	native := binary.NativeEndian
	start, offset := int(native.Uint16(head[vnetCsumStart:])), int(native.Uint16(head[vnetCsumOffset:]))
	needs := head[vnetFlags]&vnetNeedsCsum != 0
	if needs && start+offset+2 > len(frame) {
		return true, errVnet
	}
	switch kind := head[vnetType] &^ gsoECN; kind {
	case gsoNone:
		if needs {
			fillChecksum(frame[start:], offset)
		}
		return take(frame), nil
	case gsoTCPv4, gsoTCPv6:
		if !needs || offset != tcpCheck {
			return true, errVnet
		}
		return segments(frame, start, int(native.Uint16(head[vnetLength:])), int(native.Uint16(head[vnetSize:])), kind == gsoTCPv6, take)
	default:
		return true, fmt.Errorf("its sender leaves cutting it (type %d) to a card; ethtool -K on the sender's end turns that off", kind)
	}
}

// fillChecksum fills in a checksum whose place holds the sum of the pseudo
// header.
func fillChecksum(b []byte, at int) {
	check := ^fold(sumOf(b))
	if check == 0 { // UDP's for none; for others the same number
		check = 0xffff
	}
	binary.BigEndian.PutUint16(b[at:], check)
}

func sumOf(b []byte) (sum uint32) {
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	return sum
}

func fold(sum uint32) uint16 {
	for sum > 0xffff {
		sum = sum&0xffff + sum>>16
	}
	return uint16(sum)
}

// segments cuts a TCP segment that begins at tcp and whose headers have so many
// bytes.
func segments(frame []byte, tcp, headers, size int, v6 bool, take func([]byte) bool) (more bool, err error) {
	ip := ipAt(frame)
	least := ip + 20
	if v6 {
		least = ip + ipv6Header
	}
	if ip == 0 || tcp < least || headers < tcp+tcpHeader || headers >= len(frame) || size <= 0 || headers+size > MaxFrame {
		return true, errVnet
	}
	be := binary.BigEndian
	payload, seq, id := frame[headers:], be.Uint32(frame[tcp+tcpSeq:]), be.Uint16(frame[ip+ipv4ID:])
	for at, n := 0, 0; at < len(payload); at, n = at+size, n+1 {
		part := payload[at:min(at+size, len(payload))]
		f := append(append(make([]byte, 0, headers+len(part)), frame[:headers]...), part...)
		last := at+size >= len(payload)
		be.PutUint32(f[tcp+tcpSeq:], seq+uint32(at))
		if !last {
			f[tcp+tcpFlags] &^= tcpFIN | tcpPSH
		}
		if n > 0 {
			f[tcp+tcpFlags] &^= tcpCWR
		}
		pseudo := uint32(protocolTCP) + uint32(len(f)-tcp)
		if v6 {
			be.PutUint16(f[ip+ipv6Length:], uint16(len(f)-ip-ipv6Header))
			pseudo += sumOf(f[ip+ipv6Addrs : ip+ipv6Header])
		} else {
			be.PutUint16(f[ip+ipv4Length:], uint16(len(f)-ip))
			be.PutUint16(f[ip+ipv4ID:], id+uint16(n))
			be.PutUint16(f[ip+ipv4Check:], 0)
			be.PutUint16(f[ip+ipv4Check:], ^fold(sumOf(f[ip:tcp])))
			pseudo += sumOf(f[ip+ipv4Addrs : ip+20])
		}
		be.PutUint16(f[tcp+tcpCheck:], fold(pseudo))
		fillChecksum(f[tcp:], tcpCheck)
		if !take(f) {
			return false, nil
		}
	}
	return true, nil
}

// ipAt is where the IP header of a frame begins, behind VLAN tags; 0 for a frame
// without.
func ipAt(f []byte) int {
	for at := etherHeader; at+20 <= len(f); at += 4 {
		switch binary.BigEndian.Uint16(f[at-2:]) {
		case 0x8100, 0x88a8:
			continue
		case 0x0800, 0x86dd:
			return at
		}
		return 0
	}
	return 0
}
