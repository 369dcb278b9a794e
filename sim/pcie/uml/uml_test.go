package uml

import (
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/sim/pcie"
)

// function is a PCI function with 16 bytes in BAR 0.
type function struct {
	cfg *pcie.Config
	mu  sync.Mutex
	bar [16]byte
	h   pcie.Host
}

func newFunction() *function {
	c := pcie.NewConfig(pcie.Identity{Vendor: 0x1234, Device: 0x5678})
	c.AddBAR(0, 1<<16)
	return &function{cfg: c}
}

func (f *function) Config() *pcie.Config             { return f.cfg }
func (f *function) WriteConfig(off uint64, p []byte) { f.cfg.Write(off, p) }

func (f *function) Connect(h pcie.Host) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.h = h
}

func (f *function) Read(bar int, off uint64, p []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if bar == 0 && off < uint64(len(f.bar)) {
		copy(p, f.bar[off:])
	}
}

func (f *function) Write(bar int, off uint64, p []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if bar == 0 && off < uint64(len(f.bar)) {
		copy(f.bar[off:], p)
	}
}

// The guest's memory: one region, and where its queues are.
const (
	base     = 0x10_0000
	memSize  = 1 << 16
	descAt   = base
	availAt  = base + 0x1000
	usedAt   = base + 0x2000
	dataAt   = base + 0x4000
	queueGap = 0x8000 // from queue 0 to queue 1
	entries  = 8
)

// frontEnd is user-mode Linux's side of the socket.
type frontEnd struct {
	t     testing.TB
	conn  *net.UnixConn
	mem   []byte
	memFD int
	kick  [numQueues]*os.File
	call  [numQueues]*os.File
	done  chan error
}

func memFD(t testing.TB, size int) int {
	fd, err := unix.MemfdCreate("guest", unix.MFD_CLOEXEC)
	require.NoError(t, err)
	require.NoError(t, unix.Ftruncate(fd, int64(size)))
	return fd
}

// connect serves a function and returns the guest's side.
func connect(t testing.TB, f pcie.Function) *frontEnd {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	g := &frontEnd{t: t, done: make(chan error, 1)}
	conns := [2]*net.UnixConn{}
	for i, fd := range fds {
		file := os.NewFile(uintptr(fd), "socket")
		c, err := net.FileConn(file)
		require.NoError(t, err)
		require.NoError(t, file.Close())
		conns[i] = c.(*net.UnixConn)
	}
	g.conn = conns[0]
	go func() { g.done <- Serve(conns[1], f, nil) }()
	return g
}

// send sends a message with descriptors.
func (g *frontEnd) send(req uint32, body []byte, fds ...int) {
	m := le.AppendUint32(nil, req)
	m = le.AppendUint32(m, 1)
	m = le.AppendUint32(m, uint32(len(body)))
	_, _, err := g.conn.WriteMsgUnix(append(m, body...), unix.UnixRights(fds...), nil)
	require.NoError(g.t, err)
}

func words(w ...uint64) (b []byte) {
	for _, v := range w {
		b = le.AppendUint64(b, v)
	}
	return b
}

// setUp shares memory and starts the queues, as the kernel does it.
func (g *frontEnd) setUp() {
	t := g.t
	g.send(setOwner, nil)
	g.send(getFeatures, nil)
	reply := make([]byte, headerSize+8)
	_, err := io.ReadFull(g.conn, reply)
	require.NoError(t, err)
	require.Equal(t, uint64(featureVersion1|featureProtocol), le.Uint64(reply[headerSize:]))
	fd := memFD(t, memSize)
	g.mem, err = unix.Mmap(fd, 0, memSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	require.NoError(t, err)
	g.send(setMemTable, words(1, base, memSize, base, 0), fd)
	g.memFD = fd
	for q := range uint64(numQueues) {
		at := q * queueGap
		g.send(setVringNum, words(q|entries<<32))
		g.send(setVringBase, words(q))
		g.send(setVringAddr, words(q, descAt+at, usedAt+at, availAt+at, 0))
		g.call[q] = g.pass(setVringCall, q)
		g.kick[q] = g.pass(setVringKick, q)
	}
}

// pass gives the server one end of a pipe: the end that it reads for a kick, the
// other one for a call.
func (g *frontEnd) pass(req uint32, q uint64) *os.File {
	var p [2]int
	require.NoError(g.t, unix.Pipe2(p[:], unix.O_CLOEXEC))
	mine, theirs := p[1], p[0]
	if req == setVringCall {
		mine, theirs = theirs, mine
	}
	g.send(req, words(q), theirs)
	require.NoError(g.t, unix.Close(theirs))
	return os.NewFile(uintptr(mine), "pipe")
}

// put makes one request available: in from the guest, room for the answer.
func (g *frontEnd) put(q uint64, n uint16, in []byte, room int) {
	at := q * queueGap
	copy(g.mem[dataAt-base+at:], in)
	d := g.mem[descAt-base+at:]
	le.PutUint64(d, dataAt+at)
	le.PutUint32(d[8:], uint32(len(in)))
	le.PutUint32(d[12:], descNext|1<<16)
	le.PutUint64(d[16:], dataAt+at+0x800)
	le.PutUint32(d[24:], uint32(room))
	le.PutUint32(d[28:], descWrite)
	first := uint16(0)
	if len(in) == 0 {
		first = 1
	}
	if room == 0 {
		le.PutUint32(d[12:], 0)
	}
	a := g.mem[availAt-base+at:]
	le.PutUint16(a[4+2*(n%entries):], first)
	le.PutUint16(a[2:], n+1)
	_, err := g.kick[q].Write(make([]byte, 8))
	require.NoError(g.t, err)
}

// used waits until the server has finished n requests, and returns the last
// answer.
func (g *frontEnd) used(q uint64, n uint16) []byte {
	at := q * queueGap
	u := g.mem[usedAt-base+at:]
	require.Eventually(g.t, func() bool { return le.Uint16(u[2:]) == n }, time.Minute, time.Millisecond)
	size := le.Uint32(u[4+8*((n-1)%entries)+4:])
	return g.mem[dataAt-base+at+0x800:][:size]
}

func pci(op, bar byte, size uint32, addr uint64, data ...byte) []byte {
	m := append([]byte{op, bar, 0, 0}, le.AppendUint32(nil, size)...)
	return append(le.AppendUint64(m, addr), data...)
}

// TestServe does what the kernel does: handshake, configuration and BAR
// accesses, interrupts with and without room, and the end.
func TestServe(t *testing.T) {
	f := newFunction()
	g := connect(t, f)
	g.setUp()
	g.put(0, 0, pci(opConfigRead, 0, 4, 0), 8)
	require.Equal(t, []byte{0x34, 0x12, 0x78, 0x56}, g.used(0, 1))
	g.put(0, 1, pci(opWrite, 0, 4, 4, 1, 2, 3, 4), 0)
	g.used(0, 2)
	g.put(0, 2, pci(opRead, 0, 8, 0), 8)
	require.Equal(t, []byte{0, 0, 0, 0, 1, 2, 3, 4}, g.used(0, 3))
	g.put(0, 3, pci(opSet, 0, 3, 0, 9), 0)
	g.used(0, 4)
	g.put(0, 4, pci(opConfigWrite, 0, 2, 4, 6, 0, 0, 0, 0, 0, 0, 0), 0)
	g.used(0, 5)
	g.put(0, 5, pci(opRead, 0, 4, 0), 8)
	require.Equal(t, []byte{9, 9, 9, 0}, g.used(0, 6))

	f.mu.Lock()
	h := f.h
	f.mu.Unlock()
	p := make([]byte, 8)
	require.NoError(t, h.WriteMemory(base+memSize-8, []byte("end of m")))
	require.NoError(t, h.ReadMemory(base+memSize-8, p))
	require.Equal(t, "end of m", string(p))
	for _, addr := range []uint64{0, base - 1, base + memSize - 7, base + memSize, ^uint64(0) - 3} {
		require.Error(t, h.ReadMemory(addr, p))
		require.Error(t, h.WriteMemory(addr, p))
	}

	g.put(1, 0, nil, 20)
	want := pci(opMSI, 0, 4, 0xa0000, 5, 0, 0, 0)
	h.Interrupt(1, pcie.Message{Addr: 0xa0000, Data: 5})
	require.Equal(t, want, g.used(1, 1))
	h.Interrupt(2, pcie.Message{Addr: 0xa0000, Data: 7}) // no room yet
	h.Interrupt(2, pcie.Message{Addr: 0xa0000, Data: 8}) // the same vector again
	g.put(1, 1, nil, 20)
	require.Equal(t, pci(opMSI, 0, 4, 0xa0000, 8, 0, 0, 0), g.used(1, 2))

	require.NoError(t, g.conn.Close())
	require.NoError(t, <-g.done)
	require.Nil(t, f.h)
	require.Error(t, h.ReadMemory(base, p), "the guest is gone")
}

// TestMemoryTakenAway: a guest that cuts its memory short ends its connection, not
// the card.
func TestMemoryTakenAway(t *testing.T) {
	f := newFunction()
	g := connect(t, f)
	g.setUp()
	g.put(0, 0, pci(opConfigRead, 0, 4, 0), 8)
	g.used(0, 1)
	f.mu.Lock()
	h := f.h
	f.mu.Unlock()
	require.NoError(t, unix.Ftruncate(g.memFD, 0))
	p := make([]byte, 8)
	require.ErrorContains(t, h.ReadMemory(base, p), "taken away")
	require.ErrorContains(t, h.WriteMemory(base+4096, p[:3]), "taken away")
	h.Interrupt(1, pcie.Message{})
	_, err := g.kick[0].Write(make([]byte, 8))
	require.NoError(t, err)
	require.ErrorContains(t, <-g.done, "taken away")
}

// TestRefused ends the connection of a guest that breaks the protocol.
func TestRefused(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(g *frontEnd)
		err  string
	}{
		{"unknown message", func(g *frontEnd) { g.send(99, nil) }, "not supported: vhost-user message 99"},
		{"memory behind the file's end", func(g *frontEnd) { g.send(setMemTable, words(1, 0, 8192, 0, 0), memFD(g.t, 4096)) }, "of a file of 4096"},
		{"memory while queues run", func(g *frontEnd) { g.setUp(); g.send(setMemTable, words(1, 0, 4096, 0, 0), memFD(g.t, 4096)) }, "another memory table"},
		{"memory without a file", func(g *frontEnd) { g.send(setMemTable, words(1, 0, 8192, 0, 0)) }, "1 regions with 0 descriptors"},
		{"no such queue", func(g *frontEnd) { g.send(setVringNum, words(2)) }, "a queue that there is not"},
		{"queue of 3", func(g *frontEnd) { g.send(setVringNum, words(3<<32)) }, "queue of 3 entries"},
		{"queue at an odd place", func(g *frontEnd) { g.send(setVringAddr, words(0, 8, 8, 8, 0)) }, "not aligned"},
		{"body too long", func(g *frontEnd) { g.send(setOwner, make([]byte, maxBody+1)) }, "message of 4097 bytes"},
		{"queue outside memory", func(g *frontEnd) {
			g.setUp()
			le.PutUint16(g.mem[availAt-base+2:], 1)
			le.PutUint64(g.mem[descAt-base:], base+memSize)
			le.PutUint32(g.mem[descAt-base+8:], 1)
			_, _ = g.kick[0].Write(make([]byte, 8))
		}, "not in the memory"},
		{"descriptors in a ring", func(g *frontEnd) {
			g.setUp()
			le.PutUint16(g.mem[availAt-base+2:], 1)
			le.PutUint64(g.mem[descAt-base:], dataAt)
			le.PutUint32(g.mem[descAt-base+12:], descNext)
			_, _ = g.kick[0].Write(make([]byte, 8))
		}, "form a ring"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := connect(t, newFunction())
			tt.do(g)
			require.ErrorContains(t, <-g.done, tt.err)
		})
	}
}

// FuzzProtocol sends messages of any kind. Each step of data is a request, a
// length, whether memory comes along, and the body.
func FuzzProtocol(f *testing.F) {
	f.Add([]byte{setMemTable, 40, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16})
	f.Add([]byte{setVringKick, 8, 1, 0, setVringAddr, 40, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		g := connect(t, newFunction())
		_ = g.conn.SetDeadline(time.Now().Add(time.Minute))
		go func() { _, _ = io.Copy(io.Discard, g.conn) }()
		fd := memFD(t, memSize)
		for len(data) >= 3 {
			m := le.AppendUint32(nil, uint32(data[0]))
			m = le.AppendUint32(m, 1)
			m = le.AppendUint32(m, uint32(data[1]))
			var oob []byte
			if n := int(data[2] % 4); n > 0 {
				oob = unix.UnixRights([]int{fd, fd, fd}[:n]...)
			}
			body := make([]byte, data[1])
			data = data[3+copy(body, data[3:]):]
			if _, _, err := g.conn.WriteMsgUnix(append(m, body...), oob, nil); err != nil {
				break
			}
		}
		_ = g.conn.Close()
		<-g.done
		_ = unix.Close(fd)
	})
}

// FuzzQueue has memory, and so the queues in it, hold anything.
func FuzzQueue(f *testing.F) {
	f.Add(uint16(1), []byte{0, 0, 0x10, 0, 0, 0, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0})
	f.Add(uint16(8), []byte{})
	f.Fuzz(func(t *testing.T, idx uint16, data []byte) {
		fn := newFunction()
		g := connect(t, fn)
		g.setUp()
		for at := 0; len(data) > 0 && at < memSize; at += len(data) {
			copy(g.mem[at:], data)
		}
		for q := range uint64(numQueues) {
			le.PutUint16(g.mem[availAt-base+q*queueGap+2:], idx)
			_, _ = g.kick[q].Write(make([]byte, 8))
		}
		fn.mu.Lock()
		h := fn.h
		fn.mu.Unlock()
		if h != nil {
			h.Interrupt(3, pcie.Message{Addr: 1, Data: 2})
		}
		_ = g.conn.Close()
		<-g.done
		require.NoError(t, unix.Munmap(g.mem))
		require.NoError(t, unix.Close(g.memFD))
		for q := range numQueues {
			_ = g.kick[q].Close()
			_ = g.call[q].Close()
		}
	})
}
