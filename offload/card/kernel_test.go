package card_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/oracle/oracletest"
	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/card"
	"github.com/skipsw/skipsw/offload/kernel"
	"github.com/skipsw/skipsw/sim/ports"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// space is a network namespace of a test.
type space struct {
	t *testing.T
	h netns.NsHandle
}

func newSpace(t *testing.T) *space {
	t.Helper()
	s := &space{t: t}
	onThread(func() {
		var err error
		s.h, err = netns.New()
		require.NoError(t, err)
	})
	t.Cleanup(func() { _ = s.h.Close() })
	return s
}

// onThread runs f on a thread that ends with it.
func onThread(f func()) {
	var wg sync.WaitGroup
	wg.Go(func() {
		runtime.LockOSThread()
		f()
	})
	wg.Wait()
}

// do runs f in the namespace. f leaves by returning.
func (s *space) do(f func() error) {
	s.t.Helper()
	var err error
	onThread(func() {
		if err = netns.Set(s.h); err == nil {
			err = f()
		}
	})
	require.NoError(s.t, err)
}

// up sets a link up, with an address if there is one, and without the noise of
// IPv6.
func up(name, addr string) error {
	if err := os.WriteFile("/proc/sys/net/ipv6/conf/"+name+"/disable_ipv6", []byte("1"), 0); err != nil && !os.IsNotExist(err) {
		return err
	}
	l, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	if addr != "" {
		a, err := netlink.ParseAddr(addr)
		if err != nil {
			return err
		}
		if err := netlink.AddrAdd(l, a); err != nil {
			return err
		}
	}
	return netlink.LinkSetUp(l)
}

// port opens a port in the namespace.
func (s *space) port(words string) (p ports.Port) {
	s.t.Helper()
	s.do(func() (err error) {
		p, err = ports.Open(words, ports.Options{UID: -1, GID: -1, Log: s.t.Logf})
		return err
	})
	return p
}

// veth makes a pair of interfaces that are up.
func (s *space) veth(a, b string) {
	s.t.Helper()
	s.do(func() error {
		v := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: a, MTU: 2000}, PeerName: b}
		if err := netlink.LinkAdd(v); err != nil {
			return err
		}
		if err := up(a, ""); err != nil {
			return err
		}
		return up(b, "")
	})
}

// start runs a card whose ports are open, without a control socket.
func start(t *testing.T, all ...card.Port) *card.Card {
	t.Helper()
	c, err := card.New(card.Spec{Name: "card0", Ports: all, Log: card.NewLog(testLog{t})})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { require.NoError(t, c.Run(ctx, false)) })
	t.Cleanup(func() { cancel(); wg.Wait() })
	return c
}

type testLog struct{ t *testing.T }

func (l testLog) Write(b []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}

// hop is the sample that takes one off the TTL, made to pass what it would send
// back.
func hop(t *testing.T, name string) *offload.Program {
	t.Helper()
	p, err := offload.ReadProgram("../../testdata/bpf/ttl_decrement.o", "", "", object.Options{})
	require.NoError(t, err)
	n := 0
	for i, in := range p.Insns {
		if in.Dst == bpf.R0 && in.IsALU() && in.ALUOp() == bpf.Mov && in.Src == 0 && in.Imm == int32(bpf.XDPTX) {
			p.Insns[i].Imm = int32(bpf.XDPPass)
			n++
		}
	}
	require.Positive(t, n)
	p.Name = name
	return p
}

// TestPingAndTCP joins two namespaces by a card with two taps, and by one with
// two veths, whose kernels leave checksums and cutting segments to a card: pings
// are answered, a stream comes through unharmed both ways while the program,
// which rewrites each packet, is replaced again and again. The same goes through the
// kernel's native XDP with that program.
func TestPingAndTCP(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	t.Run("taps", func(t *testing.T) {
		a, b := newSpace(t), newSpace(t)
		one, two := a.port("tap:ta"), b.port("tap:tb")
		a.do(func() error { return up("ta", "10.77.0.1/24") })
		b.do(func() error { return up("tb", "10.77.0.2/24") })
		pingAndTCP(t, a, b, one, two)
	})
	t.Run("veths", func(t *testing.T) {
		a, b := newSpace(t), newSpace(t)
		a.veth("va", "vc")
		b.veth("vb", "vc")
		a.do(func() error { return up("va", "10.77.0.1/24") })
		b.do(func() error { return up("vb", "10.77.0.2/24") })
		pingAndTCP(t, a, b, a.port("netdev:vc"), b.port("netdev:vc"))
	})
	t.Run("native XDP", func(t *testing.T) {
		a, b := newSpace(t), newSpace(t)
		a.veth("va", "ma")
		b.veth("vb", "mb")
		a.do(func() error { return up("va", "10.77.0.1/24") })
		b.do(func() error { return up("vb", "10.77.0.2/24") })
		nativePingAndTCP(t, a, b)
	})
}

// TestDefaultRoute: the interface of the default route is refused without force.
func TestDefaultRoute(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	s := newSpace(t)
	s.veth("va", "vb")
	s.do(func() error {
		if err := up("va", "10.78.0.1/24"); err != nil {
			return err
		}
		l, err := netlink.LinkByName("va")
		if err != nil {
			return err
		}
		return netlink.RouteAdd(&netlink.Route{LinkIndex: l.Attrs().Index, Gw: net.IPv4(10, 78, 0, 2)})
	})
	open := func(name string, force bool) (err error) {
		s.do(func() error {
			p, e := ports.Open("netdev:"+name, ports.Options{UID: -1, GID: -1, Force: force})
			if err = e; err == nil {
				return p.Close()
			}
			return nil
		})
		return err
	}
	require.ErrorContains(t, open("va", false), "the default route of this host goes by va; --force")
	require.NoError(t, open("va", true))
	require.NoError(t, open("vb", false))
	require.Error(t, open("none", false))
}

// pingAndTCP goes from namespace a to b through a card.
func pingAndTCP(t *testing.T, a, b *space, one, two ports.Port) {
	c := start(t, card.Port{Wire: one, Name: "one", Bridge: 1}, card.Port{Wire: two, Name: "two", Bridge: 0})
	a.ping(net.IPv4(10, 77, 0, 2), 64, 3)
	_, err := offload.Attach(t.Context(), c.Device(), offload.Request{Program: hop(t, "hop0")})
	require.NoError(t, err)
	a.ping(net.IPv4(10, 77, 0, 2), 63, 10)

	took, replaced := stream(t, a, b, func(k int) {
		_, err := offload.Replace(t.Context(), c.Device(), offload.Request{Program: hop(t, fmt.Sprint("hop", k))})
		require.NoError(t, err)
	})
	s := stats(t, c.Device().(offload.Counting))
	t.Logf("%d MB each way in %s, %d replacements, %d packets, behind at most %d us", megabytes(), took, replaced, s["card packets"], s["time behind_most_us"])
	require.Zero(t, s["fate fault"])
}

// nativePingAndTCP goes from namespace a to b through a bridge between two veths, at both
// of which the kernel's native XDP runs the program that the card does.
func nativePingAndTCP(t *testing.T, a, b *space) {
	m := newSpace(t)
	for name, s := range map[string]*space{"ma": a, "mb": b} {
		s.do(func() error {
			l, err := netlink.LinkByName(name)
			if err == nil {
				err = netlink.LinkSetNsFd(l, int(m.h))
			}
			return err
		})
	}
	m.do(func() error {
		br := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0"}}
		if err := netlink.LinkAdd(br); err != nil {
			return err
		}
		for _, name := range []string{"ma", "mb", "br0"} {
			if err := up(name, ""); err != nil {
				return err
			}
			if l, err := netlink.LinkByName(name); err != nil {
				return err
			} else if name == "br0" {
				continue
			} else if err := netlink.LinkSetMaster(l, br); err != nil {
				return err
			}
		}
		return nil
	})
	a.ping(net.IPv4(10, 77, 0, 2), 64, 3)
	hook := offload.Hook{Type: object.XDP, Mode: offload.Driver}
	devices := []offload.Device{openKernel(t, m, "ma"), openKernel(t, m, "mb")}
	for _, d := range devices {
		_, err := offload.Attach(t.Context(), d, offload.Request{Program: hop(t, "hop0"), Hook: hook})
		require.NoError(t, err)
	}
	a.ping(net.IPv4(10, 77, 0, 2), 63, 10)
	took, replaced := stream(t, a, b, func(k int) {
		_, err := offload.Replace(t.Context(), devices[k%2], offload.Request{Program: hop(t, fmt.Sprint("hop", k)), Hook: hook})
		require.NoError(t, err)
	})
	t.Logf("%d MB each way in %s, %d replacements", megabytes(), took, replaced)
}

// megabytes is how much goes each way.
func megabytes() int { return times(4) }

// stream sends bytes from namespace a to b and back, while somebody replaces the program
// on the way again and again. It returns how long that took and how often they did.
func stream(t *testing.T, a, b *space, replace func(k int)) (took time.Duration, replaced int) {
	size := megabytes() << 20
	var l net.Listener
	b.do(func() (err error) {
		l, err = net.Listen("tcp4", "10.77.0.2:7")
		return err
	})
	defer l.Close()
	var wg sync.WaitGroup
	wg.Go(func() { // sends back what it gets
		conn, err := l.Accept()
		if err == nil {
			_, _ = io.Copy(conn, conn)
			_ = conn.Close()
		}
	})
	var conn net.Conn
	a.do(func() (err error) {
		conn, err = net.DialTimeout("tcp4", "10.77.0.2:7", time.Minute)
		return err
	})
	var done atomic.Bool
	wg.Go(func() {
		for ; !done.Load() && replaced < 1000; replaced++ {
			replace(replaced)
		}
	})
	data := bytes.Repeat([]byte("through the card "), size/17+1)[:size]
	wg.Go(func() {
		_, err := conn.Write(data)
		require.NoError(t, err)
		require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	})
	begin := time.Now()
	got := sha256.New()
	n, err := io.Copy(got, conn)
	require.NoError(t, err)
	took = time.Since(begin)
	done.Store(true)
	wg.Wait()
	require.EqualValues(t, size, n)
	want := sha256.Sum256(data)
	require.Equal(t, want[:], got.Sum(nil))
	require.Positive(t, replaced)
	return took, replaced
}

// ping sends echo requests one after the other and looks at the TTL of replies.
func (s *space) ping(to net.IP, ttl byte, n int) {
	s.t.Helper()
	s.do(func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 30}); err != nil {
			return err
		}
		buf := make([]byte, 2000)
		for seq := range n {
			req := []byte{8, 0, 0, 0, 0x51, 0x57, 0, byte(seq), 1, 2, 3, 4}
			binary.BigEndian.PutUint16(req[2:], ^sum16(req))
			if err := unix.Sendto(fd, req, 0, &unix.SockaddrInet4{Addr: [4]byte(to.To4())}); err != nil {
				return err
			}
			for {
				n, _, err := unix.Recvfrom(fd, buf, 0)
				if err != nil {
					return fmt.Errorf("no reply to ping %d: %w", seq, err)
				}
				if n < 32 || buf[20] != 0 || buf[27] != byte(seq) {
					continue
				}
				if buf[8] != ttl {
					return fmt.Errorf("a reply has TTL %d, want %d", buf[8], ttl)
				}
				break
			}
		}
		return nil
	})
}

func sum16(b []byte) uint16 {
	var s uint32
	for i := 0; i+1 < len(b); i += 2 {
		s += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for s > 0xffff {
		s = s&0xffff + s>>16
	}
	return uint16(s)
}

// sight collects the frames that come out at a port. Frames of the kernel's own
// have other addresses than those of captures.
type sight struct {
	port   ports.Port
	mu     sync.Mutex
	frames [][]byte
}

func watch(t *testing.T, p ports.Port) *sight {
	s := &sight{port: p}
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = p.Receive(func(f ports.Frame) bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.frames = append(s.frames, bytes.Clone(f.Data))
			return true
		})
	})
	t.Cleanup(func() { _ = p.Close(); wg.Wait() })
	return s
}

func (s *sight) all() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.frames
}

func (s *sight) count() int { return len(s.all()) }

// TestAsNativeXDP sends captures through samples on the card and through the
// same objects in the kernel's native XDP on a veth: what goes back and what
// reaches the host is the same, byte by byte and in the same order.
func TestAsNativeXDP(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	most := times(300)
	for _, name := range []string{
		"ttl_decrement", "l2_swap_tx", "vlan_filter", "mac_rewrite", "vlan_pop", "ipip_encap", "sampler", "count_by_proto", "syn_filter", "l4_balance",
	} {
		t.Run(name, func(t *testing.T) {
			frames := captured(t, name, most)
			p, err := offload.ReadProgram(filepath.Join("../../testdata/bpf", name+".o"), "", "", object.Options{})
			require.NoError(t, err)

			s := newSpace(t)
			s.veth("w0", "w1")
			s.veth("h0", "h1")
			c := start(t, card.Port{Wire: s.port("netdev:w1"), Name: "netdev:w1", Host: s.port("netdev:h0"), HostName: "netdev:h0", Bridge: -1})
			_, err = offload.Attach(t.Context(), c.Device(), offload.Request{Program: p})
			require.NoError(t, err)
			counters := c.Device().(offload.Counting)
			back, host := replay(t, s.port("netdev:w0"), s.port("netdev:h1"), frames, func(back, host int) bool {
				n := stats(t, counters)
				var fates uint64
				for name, x := range n {
					if strings.HasPrefix(name, "fate ") {
						fates += x
					}
				}
				return fates == uint64(len(frames)) && uint64(back) == n["fate sent"] && uint64(host) == n["fate to_host"]
			})
			require.Positive(t, len(back)+len(host))

			s = newSpace(t)
			s.veth("n0", "n1")
			_, err = offload.Attach(t.Context(), openKernel(t, s, "n1"), offload.Request{Program: p, Hook: offload.Hook{Type: object.XDP, Mode: offload.Driver}})
			require.NoError(t, err)
			passes := &offload.Program{Program: &object.Program{
				Name: "pass", Type: object.XDP, License: "GPL", Insns: []bpf.Insn{bpf.Mov.Imm(bpf.R0, int32(bpf.XDPPass)), bpf.Return()}, Funcs: []object.Func{{Name: "pass"}},
			}}
			// A veth sends back only to an end that has a program, too.
			_, err = offload.Attach(t.Context(), openKernel(t, s, "n0"), offload.Request{Program: passes, Hook: offload.Hook{Type: object.XDP, Mode: offload.Driver}})
			require.NoError(t, err)
			nativeBack, nativeHost := replay(t, s.port("netdev:n0"), s.port("netdev:n1"), frames, func(b, h int) bool {
				return b >= len(back) && h >= len(host)
			})
			require.Equal(t, nativeBack, back, "sent back")
			require.Equal(t, nativeHost, host, "to the host")
		})
	}
}

// captured returns frames of a sample's capture that an interface sends: with a
// whole Ethernet header and no longer than it takes.
func captured(t *testing.T, name string, most int) (frames [][]byte) {
	all, err := pcap.ReadFile(filepath.Join("../../testdata/pcap", name+".pcap"))
	require.NoError(t, err)
	for _, p := range all {
		if len(p.Data) >= 14 && len(p.Data) <= 1514 && len(frames) < most {
			frames = append(frames, p.Data)
		}
	}
	require.NotEmpty(t, frames)
	return frames
}

// openKernel opens an interface of a namespace as a device.
func openKernel(t *testing.T, s *space, name string) offload.Device {
	t.Helper()
	d, err := kernel.Scheme().Open(t.Context(), name, offload.OpenOptions{Netns: fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), int(s.h))})
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// quiet is how long nothing may come behind the frames that are waited for.
const quiet = 50 * time.Millisecond

// replay sends frames and returns what comes back and what reaches the host,
// once so many have come that done says yes, or none comes any more.
func replay(t *testing.T, wire, host ports.Port, frames [][]byte, done func(back, host int) bool) (back, up [][]byte) {
	t.Helper()
	b, h := watch(t, wire), watch(t, host)
	for i, f := range frames {
		require.NoError(t, wire.Send(f))
		if i%16 == 15 {
			time.Sleep(time.Millisecond) // within what the queues hold
		}
	}
	for end := time.Now().Add(30 * time.Second); !done(b.count(), h.count()) && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(quiet)
	return b.all(), h.all()
}
