package e2e

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/offload/kernel"
	"github.com/skipsw/skipsw/translate/bpf"
)

// port returns a port of the card by its number.
func port(t testing.TB, n int) netlink.Link {
	t.Helper()
	l, err := netlink.LinkByName(fmt.Sprintf("eth%d", n))
	require.NoError(t, err)
	return l
}

// up brings an interface up and waits for its carrier.
func up(t testing.TB, l netlink.Link) {
	t.Helper()
	require.NoError(t, bringUp(l))
}

// bringUp is up in the network namespace of the calling thread.
func bringUp(l netlink.Link) error {
	if err := netlink.LinkSetUp(l); err != nil {
		return err
	}
	for end := time.Now().Add(answerWait); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		now, err := netlink.LinkByName(l.Attrs().Name)
		if err != nil {
			return err
		}
		if now.Attrs().RawFlags&unix.IFF_LOWER_UP != 0 && now.Attrs().OperState == netlink.OperUp {
			return nil
		}
	}
	return fmt.Errorf("%s has no carrier", l.Attrs().Name)
}

// addAddress gives an interface an address.
func addAddress(l netlink.Link, prefix string) error {
	addr, err := netlink.ParseAddr(prefix)
	if err != nil {
		return err
	}
	return netlink.AddrAdd(l, addr)
}

// load loads a program for a device and returns its descriptor, or what the
// kernel and the driver say.
func load(typ bpf.ProgType, insns []bpf.Insn, ifindex int) (int, string, error) {
	log := make([]byte, 1<<20)
	fd, err := sys.LoadProg(&sys.ProgSpec{Type: typ, Insns: bpf.Encode(nil, insns), License: "GPL", Name: "test", Ifindex: ifindex, LogLevel: 1, Log: log})
	return fd, sys.CString(log), err
}

// closeFD closes a descriptor at the test's end.
func closeFD(t testing.TB, fd int) {
	t.Cleanup(func() { _ = unix.Close(fd) })
}

// attachXDP puts a program onto the card; -1 takes it off.
func attachXDP(l netlink.Link, fd int) error {
	return netlink.LinkSetXdpFdWithFlags(l, fd, unix.XDP_FLAGS_HW_MODE)
}

// Flags of a classifier, TCA_BPF_FLAGS_GEN.
const (
	skipHW = 1
	skipSW = 2
	inHW   = 4
)

// filter is a classifier with direct action on the ingress of an interface.
func filter(l netlink.Link, typ uint16, flags int, fd int, gen uint32) *nl.NetlinkRequest {
	const all = 3
	req := nl.NewNetlinkRequest(int(typ), unix.NLM_F_ACK|flags)
	req.AddData(&nl.TcMsg{Ifindex: int32(l.Attrs().Index), Handle: 1, Parent: netlink.HANDLE_MIN_INGRESS, Info: netlink.MakeHandle(1, nl.Swap16(all))})
	req.AddData(nl.NewRtAttr(nl.TCA_KIND, nl.ZeroTerminated("bpf")))
	if typ == unix.RTM_NEWTFILTER {
		o := nl.NewRtAttr(nl.TCA_OPTIONS, nil)
		o.AddRtAttr(nl.TCA_BPF_FD, nl.Uint32Attr(uint32(fd)))
		o.AddRtAttr(nl.TCA_BPF_NAME, nl.ZeroTerminated("test"))
		o.AddRtAttr(nl.TCA_BPF_FLAGS, nl.Uint32Attr(nl.TCA_BPF_FLAG_ACT_DIRECT))
		o.AddRtAttr(nl.TCA_BPF_FLAGS_GEN, nl.Uint32Attr(gen))
		req.AddData(o)
	}
	return req
}

// attachTC puts a classifier onto the card; replace takes the place of one.
func attachTC(l netlink.Link, fd int, replace bool) error {
	flags := unix.NLM_F_CREATE
	if replace {
		flags |= unix.NLM_F_REPLACE
	}
	_, err := filter(l, unix.RTM_NEWTFILTER, flags, fd, skipSW).Execute(unix.NETLINK_ROUTE, 0)
	return err
}

// detachTC takes the classifier off.
func detachTC(l netlink.Link) error {
	_, err := filter(l, unix.RTM_DELTFILTER, 0, -1, 0).Execute(unix.NETLINK_ROUTE, 0)
	return err
}

// classifiers makes an interface ready for tc offload.
func classifiers(t testing.TB, l netlink.Link) {
	t.Helper()
	tcOffload(t, l, true)
	require.NoError(t, netlink.QdiscAdd(&netlink.Clsact{QdiscAttrs: netlink.QdiscAttrs{LinkIndex: l.Attrs().Index, Handle: netlink.MakeHandle(0xffff, 0), Parent: netlink.HANDLE_CLSACT}}))
}

// tcOffload turns the driver's hw-tc-offload on or off.
func tcOffload(t testing.TB, l netlink.Link, on bool) {
	t.Helper()
	d, err := kernel.Open(l.Attrs().Name, kernel.Options{})
	require.NoError(t, err)
	require.NoError(t, d.SetTCOffload(on))
	require.NoError(t, d.Close())
}

// tap sees every frame that an interface gets.
type tap struct {
	fd  int
	buf []byte
}

// newTap opens a tap, which also makes the interface promiscuous.
func newTap(t testing.TB, l netlink.Link) *tap {
	t.Helper()
	const all = unix.ETH_P_ALL<<8&0xff00 | unix.ETH_P_ALL>>8
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, all)
	require.NoError(t, err)
	closeFD(t, fd)
	require.NoError(t, unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: l.Attrs().Index}))
	require.NoError(t, unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_AUXDATA, 1))
	require.NoError(t, unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &unix.PacketMreq{Ifindex: int32(l.Attrs().Index), Type: unix.PACKET_MR_PROMISC}))
	return &tap{fd, make([]byte, 1<<16)}
}

// next waits for the next frame that came in; nil means that none came.
func (p *tap) next(t testing.TB, wait time.Duration) []byte {
	t.Helper()
	for end := time.Now().Add(wait); ; {
		left := max(0, time.Until(end))
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(p.fd), Events: unix.POLLIN}}, int(left.Milliseconds()))
		if err == unix.EINTR {
			continue
		}
		require.NoError(t, err)
		if n == 0 {
			return nil
		}
		oob := make([]byte, 128)
		size, on, _, from, err := unix.Recvmsg(p.fd, p.buf, oob, 0)
		require.NoError(t, err)
		if ll, ok := from.(*unix.SockaddrLinklayer); ok && ll.Pkttype == unix.PACKET_OUTGOING {
			continue
		}
		return withTag(bytes.Clone(p.buf[:size]), oob[:on])
	}
}

// withTag puts a VLAN tag back that the kernel has taken out of a frame.
func withTag(frame, oob []byte) []byte {
	msgs, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return frame
	}
	for _, m := range msgs {
		if m.Header.Level != unix.SOL_PACKET || m.Header.Type != unix.PACKET_AUXDATA || len(m.Data) < 20 {
			continue
		}
		status, tci, tpid := binary.NativeEndian.Uint32(m.Data), binary.NativeEndian.Uint16(m.Data[16:]), binary.NativeEndian.Uint16(m.Data[18:])
		if status&unix.TP_STATUS_VLAN_VALID != 0 {
			tag := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, tpid), tci)
			frame = append(frame[:12:12], append(tag, frame[12:]...)...)
		}
	}
	return frame
}
