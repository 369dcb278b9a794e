package e2e

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/translate/bpf"
)

// uptime returns the seconds since the guest's kernel began.
func uptime(t testing.TB) float64 {
	t.Helper()
	b, err := os.ReadFile("/proc/uptime")
	require.NoError(t, err)
	var s float64
	_, err = fmt.Sscan(string(b), &s)
	require.NoError(t, err)
	return s
}

// returns is a program that returns a verdict.
func returns[V bpf.XDPAction | bpf.TCAction](v V) []bpf.Insn {
	return []bpf.Insn{bpf.Mov.Imm(bpf.R0, int32(v)), bpf.Return()}
}

// pinger sends ICMP echo requests.
type pinger struct {
	t   testing.TB
	fd  int
	to  unix.SockaddrInet4
	seq uint16
}

func newPinger(t testing.TB, to netip.Addr) *pinger {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP)
	require.NoError(t, err)
	closeFD(t, fd)
	return &pinger{t: t, fd: fd, to: unix.SockaddrInet4{Addr: to.As4()}}
}

// answerWait is how long what comes for certain may take: long enough for a machine
// that does much else.
const answerWait = time.Minute

// lost sends n small requests, each after the reply to the one before or when
// wait is over, and returns how many got none.
func (p *pinger) lost(n int, wait time.Duration) int { return p.lostOf(n, 64, wait) }

// lostOf is lost for requests of a size.
func (p *pinger) lostOf(n, size int, wait time.Duration) (lost int) {
	const id = 0x5157
	for range n {
		p.seq++
		m := make([]byte, size)
		m[0] = 8
		binary.BigEndian.PutUint16(m[4:], id)
		binary.BigEndian.PutUint16(m[6:], p.seq)
		binary.BigEndian.PutUint16(m[2:], internetSum(m))
		if err := unix.Sendto(p.fd, m, 0, &p.to); err != nil || !p.answered(m, wait) {
			lost++
		}
	}
	return lost
}

// answered waits for the reply to a request.
func (p *pinger) answered(m []byte, wait time.Duration) bool {
	buf := make([]byte, 1<<14)
	for end := time.Now().Add(wait); ; {
		left := time.Until(end)
		if left <= 0 {
			return false
		}
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(p.fd), Events: unix.POLLIN}}, int(left.Milliseconds())+1)
		if err == unix.EINTR {
			continue
		}
		require.NoError(p.t, err)
		if n == 0 {
			return false
		}
		size, _, err := unix.Recvfrom(p.fd, buf, 0)
		require.NoError(p.t, err)
		if head := int(buf[0]&15) * 4; size >= head+8 && buf[head] == 0 && bytes.Equal(buf[head+4:size], m[4:]) {
			return true
		}
	}
}

func internetSum(b []byte) uint16 {
	sum := uint32(0)
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}

// setRings sets the number of descriptors of an interface's rings.
func setRings(t testing.TB, name string, n uint32) {
	t.Helper()
	const getRings, setRings = 0x10, 0x11
	var rings struct{ cmd, rxMax, miniMax, jumboMax, txMax, rx, mini, jumbo, tx uint32 }
	var req struct {
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte
	}
	copy(req.name[:], name)
	req.data = unsafe.Pointer(&rings)
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	for _, cmd := range []uint32{getRings, setRings} {
		rings.cmd = cmd
		if cmd == setRings {
			rings.rx, rings.tx = n, n
		}
		_, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&req)))
		require.Zero(t, e, "rings of %d: %v", n, e)
	}
}

// namespace is a network namespace with a thread of its own.
type namespace struct {
	fd   int
	work chan func()
}

func newNamespace(t testing.TB) *namespace {
	n := &namespace{work: make(chan func())}
	ready := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the function
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			n.fd, err = unix.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		}
		ready <- err
		for f := range n.work {
			f()
		}
	}()
	require.NoError(t, <-ready)
	t.Cleanup(func() { close(n.work) })
	return n
}

// do runs f in the namespace.
func (n *namespace) do(f func() error) error {
	done := make(chan error, 1)
	n.work <- func() { done <- f() }
	return <-done
}

// place runs a function in a network namespace.
type place func(f func() error) error

func here(f func() error) error { return f() }

// transfer sends size bytes by TCP from client to server and checks that they
// arrive as they were.
func transfer(t testing.TB, server, client place, addr string, size int) {
	t.Helper()
	var l net.Listener
	require.NoError(t, server(func() (err error) {
		l, err = net.Listen("tcp4", addr+":7000")
		return err
	}))
	defer l.Close()
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(i >> 3 * 31)
	}
	got := make(chan []byte, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			got <- nil
			return
		}
		b, _ := io.ReadAll(c)
		got <- b
	}()
	var c net.Conn
	require.NoError(t, client(func() (err error) {
		c, err = net.DialTimeout("tcp4", addr+":7000", 10*time.Second)
		return err
	}))
	_, err := c.Write(data)
	require.NoError(t, err)
	require.NoError(t, c.Close())
	require.True(t, bytes.Equal(data, <-got), "what arrives is what was sent")
}
