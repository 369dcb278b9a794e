package nfp_test

import (
	"encoding/binary"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim/pcie"
	"github.com/skipsw/skipsw/sim/pcie/bpffw"
	"github.com/skipsw/skipsw/sim/pcie/nfp"
)

var (
	le = binary.LittleEndian
	be = binary.BigEndian
)

// host is the guest's side of the bus: memory, and the interrupts it got.
type host struct {
	mu     sync.Mutex
	mem    []byte
	raised chan int
}

func (h *host) inside(addr uint64, n int) error {
	if addr > uint64(len(h.mem)) || uint64(n) > uint64(len(h.mem))-addr {
		return fmt.Errorf("address %#x, %d bytes", addr, n)
	}
	return nil
}

func (h *host) ReadMemory(addr uint64, p []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.inside(addr, len(p)); err != nil {
		return err
	}
	copy(p, h.mem[addr:])
	return nil
}

func (h *host) WriteMemory(addr uint64, p []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.inside(addr, len(p)); err != nil {
		return err
	}
	copy(h.mem[addr:], p)
	return nil
}

func (h *host) Interrupt(v int, _ pcie.Message) {
	select {
	case h.raised <- v:
	default:
	}
}

// driver does in short what the driver does with the card.
type driver struct {
	t testing.TB
	c *nfp.Card
	h *host
}

// agilio is the target whose firmware the driver knows, and its capabilities.
func agilio(t testing.TB) (*target.Target, nfp.Capabilities) {
	tgt := target.MustBuiltin("agilio")
	caps, err := bpffw.Capabilities(tgt)
	require.NoError(t, err)
	return tgt, caps
}

// probe makes a card with its firmware and gives it a host.
func probe(t testing.TB, opt nfp.Options, change func(*nfp.Capabilities)) *driver {
	tgt, caps := agilio(t)
	if change != nil {
		change(&caps)
	}
	fw, err := bpffw.New(tgt, caps)
	require.NoError(t, err)
	opt.BPF = caps
	c, err := nfp.New(fw, opt)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	d := &driver{t, c, &host{mem: make([]byte, 1<<20), raised: make(chan int, 1<<12)}}
	c.Connect(d.h)
	c.WriteConfig(0x7c+2, []byte{0x00, 0x80}) // MSI-X on
	for v := range 16 {
		d.write(0, uint64(16*v+8), uint32(v))
		d.write(0, uint64(16*v+12), 0)
	}
	return d
}

func (d *driver) write(bar int, off uint64, v uint32) { d.c.Write(bar, off, le.AppendUint32(nil, v)) }

func (d *driver) read(bar int, off uint64) uint32 {
	var b [4]byte
	d.c.Read(bar, off, b[:])
	return le.Uint32(b[:])
}

// Places that the driver knows: the windows' registers, the size of a window in
// BAR0 and in BAR2, the queue controller, control memories.
const (
	windows  = 0x30000
	window0  = 2 << 20
	window2  = 16 << 20
	queueCtl = 0x80000
	ports    = 0x20000
	control  = 0x10000
	vnicSize = 0x8000
	mu       = 7
)

// bulk maps 2 MiB of a target at window n of BAR0 and returns where an address is.
func (d *driver) bulk(n int, target uint32, addr uint64) uint64 {
	d.write(0, windows+4*uint64(n), 1<<29|target<<23|uint32(addr>>21<<2))
	return uint64(n)*window0 + addr%window0
}

// vnic is a vNIC as the driver uses it: registers, queues, rings of 16.
type vnic struct {
	*driver
	regs, queues   uint64 // offsets in BAR0
	tx, rx         uint64 // rings
	entry          int
	sent, buffers  uint32
	queue, bufSize uint64
}

const ringLog, ringSize = 4, 16

// up brings up the vNIC with control memory at an address, its first queue and a
// piece of memory for its rings and buffers.
func (d *driver) up(base, queue, memory uint64, entry int) *vnic {
	v := &vnic{
		driver: d, regs: d.bulk(2, mu, base), queues: d.bulk(3, 0, queueCtl), tx: memory, rx: memory + 0x1000,
		entry: entry, queue: queue, bufSize: 2048,
	}
	reg := func(off uint64, x uint32) { d.write(0, v.regs+off, x) }
	reg(0x200, uint32(v.tx))
	reg(0x800, uint32(v.rx))
	reg(0x08, 1)
	reg(0x10, 1)
	for off, b := range map[uint64]byte{0x600: ringLog, 0xa00: ringLog, 0x640: byte(entry), 0xa40: byte(entry), 0x20: byte(entry + 1)} {
		d.c.Write(0, v.regs+off, []byte{b})
	}
	reg(0x1c, uint32(v.bufSize))
	reg(0x00, 1|1<<1) // enabled, promiscuous
	v.update(1 | 2)
	for range ringSize - 1 {
		v.give()
	}
	return v
}

// update has the card take over registers.
func (v *vnic) update(bits uint32) {
	require.Zero(v.t, v.try(bits))
}

// try is update for one that may fail: it returns what the card answers.
func (v *vnic) try(bits uint32) uint32 {
	v.write(0, v.regs+4, bits)
	v.write(0, v.queues+(v.queue+1)*0x800+4, 1)
	var got uint32
	require.Eventually(v.t, func() bool {
		got = v.read(0, v.regs+4)
		return got == 0 || got>>31 != 0
	}, time.Minute, 100*time.Microsecond)
	return got
}

func (v *vnic) buffer(i uint32) uint64 { return v.rx + 0x1000 + uint64(i%ringSize)*v.bufSize }

// give puts a buffer into the free list.
func (v *vnic) give() {
	d := make([]byte, 8)
	le.PutUint32(d[4:], uint32(v.buffer(v.buffers)))
	require.NoError(v.t, v.h.WriteMemory(v.rx+8*uint64(v.buffers%ringSize), d))
	v.buffers++
	v.write(0, v.queues+(v.queue+2)*0x800+4, 1)
}

// send sends a frame.
func (v *vnic) send(frame []byte) {
	at := v.tx + 0x12000 + v.bufSize*uint64(v.sent%ringSize)
	require.NoError(v.t, v.h.WriteMemory(at, frame))
	d := make([]byte, 16)
	le.PutUint16(d[1:], uint16(len(frame)))
	d[3] = 0x80
	le.PutUint32(d[4:], uint32(at))
	le.PutUint16(d[14:], uint16(len(frame)))
	require.NoError(v.t, v.h.WriteMemory(v.tx+16*uint64(v.sent%ringSize), d))
	v.sent++
	v.write(0, v.queues+v.queue*0x800+4, 1)
}

// receive waits for a frame, number n of all that came.
func (v *vnic) receive(n uint32) []byte {
	d := make([]byte, 8)
	require.Eventually(v.t, func() bool {
		require.NoError(v.t, v.h.ReadMemory(v.rx+8*uint64(n%ringSize), d))
		v.c.Write(0, v.regs+0xc00+uint64(v.entry), []byte{0}) // unmask
		return d[3]&0x80 != 0
	}, time.Minute, 100*time.Microsecond, "frame %d", n)
	frame := make([]byte, le.Uint16(d))
	require.NoError(v.t, v.h.ReadMemory(v.buffer(n), frame))
	v.give()
	return frame
}

// load loads a program and turns programs on.
func (v *vnic) load(words []uint64) uint32 {
	const at = 0xe0000
	for i, w := range words {
		require.NoError(v.t, v.h.WriteMemory(at+8*uint64(i), le.AppendUint64(nil, w)))
	}
	v.c.Write(0, v.regs+0x8e, le.AppendUint16(nil, uint16(len(words))))
	v.write(0, v.regs+0x90, at)
	v.write(0, v.regs+0x94, 0)
	if e := v.try(1 << 10); e != 0 {
		return e
	}
	v.write(0, v.regs, 1|1<<1|1<<27)
	return v.try(1)
}
