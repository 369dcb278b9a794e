package ports

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

func init() {
	kinds["netdev"] = Kind{"netdev:NAME", "an interface of the kernel, by a packet socket; meant for a veth whose other end is somebody's", openNetdev}
}

// netdev is a port on an interface: what the interface receives comes in, and
// what leaves it sends. Offloads of the sender are made good: checksums that a
// card would have filled in are, VLAN tags that a driver took out are put back.
type netdev struct {
	o    Options
	name string
	file *os.File
	big  sync.Once // frames of segmentation offload are told once
}

// openNetdev opens a packet socket on an interface that is not the host's way
// out.
func openNetdev(name string, o Options) (Port, error) {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return nil, err
	}
	if err := notDefault(link, o.Force); err != nil {
		return nil, err
	}
	// Protocol 0 receives nothing before bind names one.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("packet socket: %w (it takes CAP_NET_RAW)", err)
	}
	index := link.Attrs().Index
	err = errors.Join(
		setOption(fd, unix.PACKET_VNET_HDR, "virtio headers"),
		setOption(fd, unix.PACKET_AUXDATA, "auxiliary data"),
		setOption(fd, unix.PACKET_IGNORE_OUTGOING, "leaving out what is sent"))
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: hostOrder(unix.ETH_P_ALL), Ifindex: index})
	}
	if err == nil {
		err = unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &unix.PacketMreq{Ifindex: int32(index), Type: unix.PACKET_MR_PROMISC})
	}
	if err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return &netdev{o: o, name: name, file: os.NewFile(uintptr(fd), "interface "+name)}, nil
}

func setOption(fd, option int, what string) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, option, 1); err != nil {
		return fmt.Errorf("packet socket: %s: %w", what, err)
	}
	return nil
}

// hostOrder makes a number of the network's byte order look so in memory.
func hostOrder(v uint16) uint16 {
	return binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, v))
}

// notDefault refuses the interface of a default route.
func notDefault(link netlink.Link, force bool) error {
	routes, err := netlink.RouteList(link, netlink.FAMILY_ALL)
	if err != nil {
		return fmt.Errorf("routes of %s: %w", link.Attrs().Name, err)
	}
	for _, r := range routes {
		if r.Dst != nil && !isZero(r.Dst) {
			continue
		}
		if force {
			return nil
		}
		return fmt.Errorf("the default route of this host goes by %s; --force takes it all the same", link.Attrs().Name)
	}
	return nil
}

func isZero(n *net.IPNet) bool {
	ones, _ := n.Mask.Size()
	return ones == 0 && n.IP.IsUnspecified()
}

// Finite implements Port.
func (p *netdev) Finite() bool { return false }

// Patient implements Port: the kernel does not wait.
func (p *netdev) Patient() bool { return false }

// A packet socket with PACKET_VNET_HDR has this header before each frame
// (linux/virtio_net.h): flags, type of segmentation, then numbers in the host's
// order.
const (
	vnetHeader     = 10
	vnetNeedsCsum  = 1
	vnetGSO        = 1 // byte
	vnetCsumStart  = 6
	vnetCsumOffset = 8
)

// struct tpacket_auxdata of linux/if_packet.h.
const (
	auxSize      = 20
	auxTCI       = 16
	auxTPID      = 18
	auxVLAN      = 1 << 4 // TP_STATUS_VLAN_VALID
	auxTPIDValid = 1 << 6 // TP_STATUS_VLAN_TPID_VALID
)

// Receive implements Port.
func (p *netdev) Receive(take func(Frame) bool) error {
	raw, err := p.file.SyscallConn()
	if err != nil {
		return nil // it is closed
	}
	buf, aux := make([]byte, vnetHeader+maxStream), make([]byte, unix.CmsgSpace(auxSize))
	for {
		var n, oobn int
		var got error
		err := raw.Read(func(fd uintptr) bool {
			n, oobn, _, _, got = unix.Recvmsg(int(fd), buf, aux, 0)
			return !errors.Is(got, unix.EAGAIN)
		})
		switch {
		case err != nil:
			return nil // it is closed
		case errors.Is(got, unix.ENETDOWN):
			p.o.logf("interface %s is down", p.name)
			continue
		case got != nil:
			return got
		case n < vnetHeader:
			continue
		}
		frame, ok := p.whole(buf[:n], aux[:oobn])
		if ok && !take(Frame{Data: frame, Due: time.Now()}) {
			return nil
		}
	}
}

// whole makes a frame as it would be on a wire; false for one that none carries.
func (p *netdev) whole(b, aux []byte) (frame []byte, ok bool) {
	head, frame := b[:vnetHeader], b[vnetHeader:]
	if head[vnetGSO] != 0 || len(frame) > MaxFrame {
		p.big.Do(func() {
			p.o.logf("interface %s: a frame of %d bytes is dropped, and those like it: the sender leaves cutting segments to a card; ethtool -K on the other end turns that off (tso off gso off)", p.name, len(frame))
		})
		return nil, false
	}
	if head[0]&vnetNeedsCsum != 0 {
		start, offset := int(binary.NativeEndian.Uint16(head[vnetCsumStart:])), int(binary.NativeEndian.Uint16(head[vnetCsumOffset:]))
		if start > len(frame) || start+offset+2 > len(frame) {
			return nil, false
		}
		fillChecksum(frame[start:], offset)
	}
	return withTag(frame, aux), true
}

// fillChecksum fills in a checksum whose place holds the sum of the pseudo
// header.
func fillChecksum(b []byte, at int) {
	var sum uint32
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	if len(b)%2 == 1 {
		sum += uint32(b[len(b)-1]) << 8
	}
	for sum > 0xffff {
		sum = sum&0xffff + sum>>16
	}
	check := ^uint16(sum)
	if check == 0 { // UDP's for none; for others the same number
		check = 0xffff
	}
	binary.BigEndian.PutUint16(b[at:], check)
}

// macs is how many bytes stand before the type of a frame.
const macs = 12

// withTag puts back a VLAN tag that the kernel keeps beside the frame.
func withTag(frame, aux []byte) []byte {
	all, err := unix.ParseSocketControlMessage(aux)
	if err != nil || len(frame) < macs {
		return frame
	}
	for _, m := range all {
		if m.Header.Level != unix.SOL_PACKET || m.Header.Type != unix.PACKET_AUXDATA || len(m.Data) < auxSize {
			continue
		}
		status := binary.NativeEndian.Uint32(m.Data)
		if status&auxVLAN == 0 {
			continue
		}
		tpid := uint16(unix.ETH_P_8021Q)
		if status&auxTPIDValid != 0 {
			tpid = binary.NativeEndian.Uint16(m.Data[auxTPID:])
		}
		out := append(make([]byte, 0, len(frame)+4), frame[:macs]...)
		out = binary.BigEndian.AppendUint16(out, tpid)
		out = binary.BigEndian.AppendUint16(out, binary.NativeEndian.Uint16(m.Data[auxTCI:]))
		return append(out, frame[macs:]...)
	}
	return frame
}

// Send implements Port.
func (p *netdev) Send(frame []byte) error {
	_, err := p.file.Write(append(make([]byte, vnetHeader, vnetHeader+len(frame)), frame...))
	switch {
	case errors.Is(err, unix.ENETDOWN), errors.Is(err, unix.ENXIO), errors.Is(err, os.ErrClosed):
		return fmt.Errorf("%w: %w", ErrNoPeer, err)
	case errors.Is(err, unix.EMSGSIZE):
		return fmt.Errorf("%w: %w", ErrSize, err)
	}
	return err
}

// Close implements Port.
func (p *netdev) Close() error {
	if err := p.file.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}
