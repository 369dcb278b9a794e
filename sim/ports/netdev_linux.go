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
// what leaves it sends. What the sender left to a card is done: checksums filled
// in, long TCP segments cut, and VLAN tags that a driver took out are put back.
type netdev struct {
	device
	o    Options
	name string
	odd  sync.Once // frames that cannot be taken are told once
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
	return &netdev{device: device{os.NewFile(uintptr(fd), "interface "+name)}, o: o, name: name}, nil
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
		due, tag := time.Now(), tagOf(aux[:oobn])
		more, err := onWire(buf[:vnetHeader], buf[vnetHeader:n], func(frame []byte) bool {
			frame = withTag(frame, tag)
			if len(frame) > MaxFrame {
				p.odd.Do(func() {
					p.o.logf("interface %s: a frame of %d bytes is dropped, and those like it: ports take up to %d", p.name, len(frame), MaxFrame)
				})
				return true
			}
			return take(Frame{Data: frame, Due: due})
		})
		if err != nil {
			p.odd.Do(func() { p.o.logf("interface %s: a frame is dropped, and those like it: %v", p.name, err) })
		}
		if !more {
			return nil
		}
	}
}

// macs is how many bytes stand before the type of a frame.
const macs = 12

// tagOf is the VLAN tag that the kernel keeps beside a frame, nil for none.
func tagOf(aux []byte) []byte {
	all, err := unix.ParseSocketControlMessage(aux)
	if err != nil {
		return nil
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
		return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, tpid), binary.NativeEndian.Uint16(m.Data[auxTCI:]))
	}
	return nil
}

// withTag puts a VLAN tag back.
func withTag(frame, tag []byte) []byte {
	if tag == nil || len(frame) < macs {
		return frame
	}
	out := append(make([]byte, 0, len(frame)+len(tag)), frame[:macs]...)
	return append(append(out, tag...), frame[macs:]...)
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
