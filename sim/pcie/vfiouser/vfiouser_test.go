package vfiouser_test

import (
	"encoding/binary"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim/pcie"
	"github.com/skipsw/skipsw/sim/pcie/bpffw"
	"github.com/skipsw/skipsw/sim/pcie/nfp"
	"github.com/skipsw/skipsw/sim/pcie/vfiouser"
)

var le = binary.LittleEndian

// client is the virtual machine's side of the protocol.
type client struct {
	t    testing.TB
	conn *net.UnixConn
	id   uint16
	done chan error
}

func connect(t testing.TB, f pcie.Function) *client {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	c := &client{t: t, done: make(chan error, 1)}
	var conns [2]*net.UnixConn
	for i, fd := range fds {
		file := os.NewFile(uintptr(fd), "socket")
		conn, err := net.FileConn(file)
		require.NoError(t, err)
		require.NoError(t, file.Close())
		conns[i] = conn.(*net.UnixConn)
	}
	c.conn = conns[0]
	require.NoError(t, c.conn.SetDeadline(time.Now().Add(time.Minute)))
	go func() { c.done <- vfiouser.Serve(conns[1], f, nil) }()
	return c
}

// ask sends a request and returns the reply's data and errno.
func (c *client) ask(command uint16, body []byte, fds ...int) ([]byte, unix.Errno) {
	c.t.Helper()
	c.id++
	m := le.AppendUint16(le.AppendUint16(nil, c.id), command)
	m = le.AppendUint32(m, uint32(16+len(body)))
	m = append(m, make([]byte, 8)...)
	_, _, err := c.conn.WriteMsgUnix(append(m, body...), unix.UnixRights(fds...), nil)
	require.NoError(c.t, err)
	head := make([]byte, 16)
	_, err = io.ReadFull(c.conn, head)
	require.NoError(c.t, err)
	require.Equal(c.t, c.id, le.Uint16(head))
	require.NotZero(c.t, head[8]&1, "a reply")
	data := make([]byte, le.Uint32(head[4:])-16)
	_, err = io.ReadFull(c.conn, data)
	require.NoError(c.t, err)
	return data, unix.Errno(le.Uint32(head[12:]))
}

// must is ask for what is granted.
func (c *client) must(command uint16, body []byte, fds ...int) []byte {
	c.t.Helper()
	data, errno := c.ask(command, body, fds...)
	require.Zero(c.t, errno)
	return data
}

func words(w ...uint32) (b []byte) {
	for _, v := range w {
		b = le.AppendUint32(b, v)
	}
	return b
}

func longs(b []byte, w ...uint64) []byte {
	for _, v := range w {
		b = le.AppendUint64(b, v)
	}
	return b
}

func (c *client) read(region uint32, off uint64, n int) []byte {
	c.t.Helper()
	return c.must(9, append(longs(nil, off), words(region, uint32(n))...))[16:]
}

func (c *client) write(region uint32, off uint64, p ...byte) {
	c.t.Helper()
	c.must(10, append(append(longs(nil, off), words(region, uint32(len(p)))...), p...))
}

func card(t testing.TB) *nfp.Card {
	tgt := target.MustBuiltin("agilio")
	caps, err := bpffw.Capabilities(tgt)
	require.NoError(t, err)
	fw, err := bpffw.New(tgt, caps)
	require.NoError(t, err)
	c, err := nfp.New(fw, nfp.Options{Ports: 1, BPF: caps})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// TestCard drives a card as a virtual machine does: version, regions, interrupts,
// memory, registers, a frame by DMA with its interrupt, reset, the end.
func TestCard(t *testing.T) {
	dev := card(t)
	c := connect(t, dev)
	v := c.must(1, []byte{0, 0, 1, 0})
	require.Equal(t, []byte{0, 0, 1, 0}, v[:4])
	require.Contains(t, string(v), `"max_data_xfer_size"`)
	require.Equal(t, words(16, 3, 9, 5), c.must(4, words(16, 0, 0, 0)))
	require.EqualValues(t, 16<<20, le.Uint64(c.must(5, words(32, 0, 0, 0, 0, 0, 0, 0))[16:]))
	require.EqualValues(t, 128<<20, le.Uint64(c.must(5, words(32, 0, 2, 0, 0, 0, 0, 0))[16:]))
	require.EqualValues(t, 0, le.Uint64(c.must(5, words(32, 0, 6, 0, 0, 0, 0, 0))[16:]))
	require.Equal(t, words(16, 9, 2, 64), c.must(7, words(16, 0, 2, 0)))
	require.Equal(t, []byte{0xee, 0x19, 0, 0x40}, c.read(7, 0, 4))

	// Memory: a ring of one descriptor and its buffer.
	const base, size = 0x8000_0000, 1 << 16
	const ring, buffer = base + 0x1000, base + 0x2000
	mem, err := unix.MemfdCreate("guest", unix.MFD_CLOEXEC)
	require.NoError(t, err)
	require.NoError(t, unix.Ftruncate(mem, size))
	p, err := unix.Mmap(mem, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	require.NoError(t, err)
	c.must(2, longs(words(32, 3), 0, base, size), mem)
	le.PutUint32(p[0x1004:], buffer)

	// The port: window 2 on its control memory, window 3 on the queues.
	word := func(off uint64, v uint32) { c.write(0, off, le.AppendUint32(nil, v)...) }
	const window, port, queues = 2 << 20, 0x20000, 0x80000
	word(0x30000+8, 1<<29|7<<23)
	word(0x30000+12, 1<<29)
	regs := uint64(2*window + port)
	q := uint64(3*window + queues)
	word(regs+0x800, ring)
	word(regs+0x10, 1)
	c.write(0, regs+0xa00, 0)
	c.write(0, regs+0xa40, 5)
	word(regs+0x1c, 2048)
	word(regs, 1|1<<1)
	word(regs+4, 3)
	word(q+0x804, 1)
	word(q+2*0x800+4, 1)
	require.Zero(t, le.Uint32(c.read(0, regs+4, 4)))

	require.True(t, dev.Deliver(0, []byte("a frame from the wire, long enough")))
	require.Eventually(t, func() bool { return p[0x1003]&0x80 != 0 }, time.Minute, time.Millisecond)
	require.Equal(t, "a frame from the wire, long enough", string(p[0x2000:][:le.Uint16(p[0x1000:])]))

	// The interrupt waited for its eventfd.
	ev, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	require.NoError(t, err)
	c.must(8, words(24, 1<<2|1<<5, 2, 5, 1), ev)
	got := make([]byte, 8)
	_, err = unix.Read(ev, got)
	require.NoError(t, err)
	require.EqualValues(t, 1, le.Uint64(got))
	c.must(8, words(20, 1|1<<5, 2, 0, 0))

	c.must(13, nil)
	require.Zero(t, le.Uint32(c.read(0, 0x30000+8, 4)), "as after power-up")
	c.must(3, longs(words(24, 0), base, size))
	require.NoError(t, c.conn.Close())
	require.NoError(t, <-c.done)
}

// TestRefused answers with an errno what there is not, and goes on.
func TestRefused(t *testing.T) {
	c := connect(t, card(t))
	for name, r := range map[string]struct {
		command uint16
		body    []byte
		errno   unix.Errno
	}{
		"another version":       {1, []byte{1, 0, 0, 0}, unix.EINVAL},
		"no version":            {1, nil, unix.EINVAL},
		"memory without a file": {2, longs(words(32, 3), 0, 0, 4096), unix.EINVAL},
		"memory that is not":    {3, longs(words(24, 0), 0, 4096), unix.ENOENT},
		"region 9":              {5, words(32, 0, 9), unix.EINVAL},
		"interrupt 5":           {7, words(16, 0, 5, 0), unix.EINVAL},
		"vector 65":             {8, words(20, 1<<2|1<<5, 2, 64, 1), unix.EINVAL},
		"eventfds that are not": {8, words(20, 1<<2|1<<5, 2, 0, 3), unix.EINVAL},
		"read beyond the end":   {9, append(longs(nil, 4095), words(7, 2)...), unix.EINVAL},
		"read of a lot":         {9, append(longs(nil, 0), words(0, 1<<24)...), unix.EINVAL},
		"write of less":         {10, append(longs(nil, 0), words(0, 8, 1)...), unix.EINVAL},
		"cut short":             {9, nil, unix.EINVAL},
		"migration":             {16, nil, unix.ENOTSUP},
	} {
		_, errno := c.ask(r.command, r.body)
		require.Equal(t, r.errno, errno, name)
	}
	require.Equal(t, []byte{0xee, 0x19}, c.read(7, 0, 2))
	_, err := c.conn.Write(append(words(1, 1<<30), make([]byte, 8)...))
	require.NoError(t, err)
	require.ErrorContains(t, <-c.done, "message of 1073741824 bytes")
}

// FuzzClient sends requests of any kind, with and without files.
func FuzzClient(f *testing.F) {
	f.Add(byte(9), append(longs(nil, 4), words(7, 4)...), byte(0))
	f.Add(byte(2), longs(words(32, 3), 0, 0, 4096), byte(1))
	f.Add(byte(8), words(24, 1<<2|1<<5, 2, 0, 2), byte(2))
	f.Fuzz(func(t *testing.T, command byte, body []byte, files byte) {
		c := connect(t, card(t))
		fd, err := unix.MemfdCreate("guest", unix.MFD_CLOEXEC)
		require.NoError(t, err)
		require.NoError(t, unix.Ftruncate(fd, 1<<16))
		var fds []int
		for range files % 4 {
			fds = append(fds, fd)
		}
		if len(body) < 1<<16 {
			c.ask(uint16(command), body, fds...)
		}
		require.Equal(t, []byte{0xee, 0x19}, c.read(7, 0, 2))
		require.NoError(t, c.conn.Close())
		require.NoError(t, <-c.done)
		require.NoError(t, unix.Close(fd))
	})
}
