package judge_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/oracletest"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// Numbers of interfaces: port k of the wires is interface firstPort + k.
const (
	wires     = 3
	firstPort = 100
	liveProto = 0x88b5 // local experiments
)

// wired is three virtual cables in a network namespace of its own, and sockets at
// their far ends.
type wired struct {
	ports [wires]netlink.Link
	far   [wires]int
}

func networkOrder(v uint16) uint16 { return v>>8 | v<<8 }

// newWires makes the namespace and stays on its thread until the test ends.
func newWires(t *testing.T) *wired {
	runtime.LockOSThread()
	require.NoError(t, unix.Unshare(unix.CLONE_NEWNET))
	// The kernel's own reports about IPv6 would go the way of the frames.
	if err := os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0); err != nil {
		require.ErrorIs(t, err, os.ErrNotExist)
	}
	w := &wired{}
	for k := range wires {
		near, far := fmt.Sprint("port", k), fmt.Sprint("far", k)
		a := netlink.NewLinkAttrs()
		a.Name, a.Index = near, firstPort+k
		require.NoError(t, netlink.LinkAdd(&netlink.Veth{LinkAttrs: a, PeerName: far}))
		for _, name := range []string{near, far} {
			l, err := netlink.LinkByName(name)
			require.NoError(t, err)
			require.NoError(t, netlink.LinkSetUp(l))
			if name == near {
				w.ports[k] = l
				continue
			}
			fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
			require.NoError(t, err)
			t.Cleanup(func() { unix.Close(fd) })
			require.NoError(t, unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: l.Attrs().Index, Protocol: networkOrder(liveProto)}))
			w.far[k] = fd
		}
	}
	return w
}

// attach lets a program have the frames that come in by port 1. It returns what
// takes it off again.
func (w *wired) attach(t *testing.T, typ object.Type, fd int) (off func()) {
	port := w.ports[1]
	if typ == object.XDP {
		require.NoError(t, netlink.LinkSetXdpFdWithFlags(port, fd, unix.XDP_FLAGS_SKB_MODE))
		return func() { require.NoError(t, netlink.LinkSetXdpFdWithFlags(port, -1, unix.XDP_FLAGS_SKB_MODE)) }
	}
	q := &netlink.Clsact{QdiscAttrs: netlink.QdiscAttrs{LinkIndex: port.Attrs().Index, Handle: netlink.MakeHandle(0xffff, 0), Parent: netlink.HANDLE_CLSACT}}
	require.NoError(t, netlink.QdiscAdd(q))
	require.NoError(t, netlink.FilterAdd(&netlink.BpfFilter{
		FilterAttrs: netlink.FilterAttrs{LinkIndex: port.Attrs().Index, Parent: netlink.HANDLE_MIN_INGRESS, Handle: 1, Protocol: unix.ETH_P_ALL, Priority: 1},
		Fd:          fd, Name: "live", DirectAction: true,
	}))
	return func() { require.NoError(t, netlink.QdiscDel(q)) }
}

// send sends a frame in by port 1 and returns the far ends where n frames come
// out, in order. Frames that nobody expects have a moment to come, too.
func (w *wired) send(t *testing.T, frame []byte, n int) (got []int) {
	_, err := unix.Write(w.far[1], frame)
	require.NoError(t, err)
	limit, moment := time.Now().Add(time.Minute), time.Time{}
	for time.Now().Before(limit) {
		for k, fd := range w.far {
			var b [2048]byte
			size, from, err := unix.Recvfrom(fd, b[:], 0)
			if err != nil || from.(*unix.SockaddrLinklayer).Pkttype == unix.PACKET_OUTGOING {
				continue
			}
			require.Equal(t, frame, b[:size])
			got = append(got, k)
		}
		if len(got) >= n && moment.IsZero() {
			moment = time.Now().Add(30 * time.Millisecond)
		}
		if !moment.IsZero() && time.Now().After(moment) {
			break
		}
		time.Sleep(time.Millisecond)
	}
	slices.Sort(got)
	return got
}

// onCard returns the ports by which the card sends a frame that came in by
// port 1.
func onCard(t *testing.T, p *object.Program, frame []byte) (out []int) {
	v, err := verify.Verify(p, verify.Options{})
	require.NoError(t, err)
	img, err := translate.Compile(v, translate.Options{})
	require.NoError(t, err)
	m, err := sim.New(img, sim.DefaultSpec())
	require.NoError(t, err)
	res := m.Run(sim.Input{Packet: frame, IngressIfindex: firstPort + 1})
	require.Nil(t, res.Fault)
	interfaces := res.Redirect.Interfaces
	switch {
	case p.Type == object.XDP && res.Verdict == uint32(bpf.XDPTX):
		interfaces = []uint32{firstPort + 1}
	case res.Redirect.Kind == target.RedirectPort:
		interfaces = []uint32{res.Redirect.To}
	}
	for _, i := range interfaces {
		if k := int(i) - firstPort; k >= 0 && k < wires {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

// TestLiveRedirects sends real frames through the kernel's forwarding on
// virtual cables: they come out where the card sends them.
func TestLiveRedirects(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	word := func(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }
	devices := func(typ bpf.MapType, size uint32, entries ...uint32) *object.Map {
		m := &object.Map{Name: "ports", Type: typ, KeySize: 4, ValueSize: size, MaxEntries: 8}
		for ; len(entries) > 0; entries = entries[2:] {
			m.Initial = append(m.Initial, object.Entry{Key: word(entries[0]), Value: append(word(entries[1]), 0, 0, 0, 0)[:size]})
		}
		return m
	}
	byMap := func(key, flags int32) []bpf.Insn {
		return append(bpf.LoadMap(1, 0), bpf.Mov.Imm(2, key), bpf.Mov.Imm(3, flags), bpf.CallHelper(bpf.HelperRedirectMap), bpf.Return())
	}
	direct := func(index int32) []bpf.Insn {
		return []bpf.Insn{bpf.Mov.Imm(1, index), bpf.Mov.Imm(2, 0), bpf.CallHelper(bpf.HelperRedirect), bpf.Return()}
	}
	const p0, p1, p2 = firstPort, firstPort + 1, firstPort + 2
	all := []uint32{0, p0, 3, p1, 5, p2}
	w := newWires(t)
	for n, c := range []struct {
		name string
		typ  object.Type
		m    *object.Map
		code []bpf.Insn
		want []int
	}{
		{"to another port", object.XDP, nil, direct(p2), []int{2}},
		{"back", object.XDP, nil, direct(p1), []int{1}},
		{"to no port", object.XDP, nil, direct(999), nil},
		{"a verdict alone", object.XDP, nil, []bpf.Insn{bpf.Mov.Imm(0, 4), bpf.Return()}, nil},
		{"by a device map", object.XDP, devices(bpf.MapTypeDevMap, 4, all...), byMap(5, 0), []int{2}},
		{"by a device map of 8 bytes", object.XDP, devices(bpf.MapTypeDevMap, 8, all...), byMap(0, 0), []int{0}},
		{"by a hash", object.XDP, devices(bpf.MapTypeDevMapHash, 4, 1<<30, p0), byMap(1<<30, 0), []int{0}},
		{"no entry, sent back", object.XDP, devices(bpf.MapTypeDevMap, 4, all...), byMap(1, 3), []int{1}},
		{"no entry, dropped", object.XDP, devices(bpf.MapTypeDevMap, 4, all...), byMap(1, 1), nil},
		{"to all", object.XDP, devices(bpf.MapTypeDevMap, 4, all...), byMap(1, 8), []int{0, 1, 2}},
		{"to the others", object.XDP, devices(bpf.MapTypeDevMap, 8, all...), byMap(1, 0x18), []int{0, 2}},
		{"to the others of a hash", object.XDP, devices(bpf.MapTypeDevMapHash, 8, 77, p1, 78, p2), byMap(0, 0x18), []int{2}},
		{"one of them twice", object.XDP, devices(bpf.MapTypeDevMap, 4, 1, p2, 4, p2, 5, p0), byMap(0, 8), []int{0, 2, 2}},
		{"to all of none", object.XDP, devices(bpf.MapTypeDevMap, 4), byMap(0, 8), nil},
		{"tc to another port", object.TC, nil, direct(p0), []int{0}},
		{"tc back", object.TC, nil, direct(p1), []int{1}},
		{"tc to no port", object.TC, nil, direct(999), nil},
		{"tc, a verdict alone", object.TC, nil, []bpf.Insn{bpf.Mov.Imm(0, 7), bpf.Return()}, nil},
	} {
		// A subtest would run on another thread, outside the namespace.
		func() {
			p := &object.Program{Name: "live", Type: c.typ, License: "GPL", Funcs: []object.Func{{Name: "live"}}, Insns: c.code}
			if c.m != nil {
				p.Maps = []*object.Map{c.m}
			}
			frame := make([]byte, 64)
			copy(frame, []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, liveProto >> 8, liveProto & 0xff, byte(n)})
			require.Equal(t, c.want, onCard(t, p, frame), c.name)
			k, err := oracle.LoadKernel(p, oracle.KernelOptions{NoLog: true})
			require.NoError(t, err)
			defer k.Close()
			defer w.attach(t, c.typ, k.FD())()
			require.Equal(t, c.want, w.send(t, frame, len(c.want)), c.name)
		}()
	}
}
