package sim

import (
	"fmt"
	"sort"
)

// emBase is the 40-bit address at which map memory begins.
const emBase = 0x20_0000_0000

// unitID names a memory unit.
type unitID uint8

const (
	unitCTM unitID = iota
	unitEMEM
	numUnits
)

// memory holds the maps' region and the memory units' clocks.
type memory struct {
	arena []byte // from emBase on
	maps  []*Map // sorted by place
	last  *Map   // of the last access
	free  [numUnits]uint64
}

// at returns the map whose region holds offset off, or nil.
func (m *memory) at(off uint64) *Map {
	if l := m.last; l != nil && off >= l.lo && off < l.hi {
		return l
	}
	i := sort.Search(len(m.maps), func(i int) bool { return m.maps[i].hi > off })
	if i == len(m.maps) || off < m.maps[i].lo {
		return nil
	}
	m.last = m.maps[i]
	return m.last
}

// access sends a command of n bytes to a unit at a cycle and returns when its
// signal comes.
func (m *memory) access(u unitID, issued uint64, kind cmdKind, n uint32, spec *Spec) uint64 {
	lat := &spec.CTM
	if u == unitEMEM {
		lat = &spec.EMEM
	}
	beats := uint64(n+7) / 8
	first := lat.Atomic
	switch kind {
	case cmdRead, cmdAtomicRead:
		first = lat.Read
	case cmdWrite:
		first = lat.Write
	}
	start := max(issued, m.free[u])
	m.free[u] = start + beats*uint64(lat.Busy)
	return start + uint64(first) + (beats-1)*uint64(lat.PerWord)
}

// packetBounds returns where the packet lies in its buffer, as the packet
// vector says; an impossible vector gives an empty packet.
func (c *core) packetBounds(x *context) (lo, hi uint32) {
	lo = uint32(c.lm[x.lmLo+pvPointer]) - x.bufAddr
	n := uint32(c.lm[x.lmLo+pvLength]) & pvLengthMask
	if lo > uint32(len(x.buf)) || lo+n > uint32(len(x.buf)) {
		return 0, 0
	}
	return lo, lo + n
}

// resolve finds the memory that a command of n bytes at addr reaches, and
// faults for memory that is not the program's.
func (c *core) resolve(x *context, addr uint64, n uint32, write bool) (span, unitID, bool) {
	if addr>>31 == 1 {
		return c.resolvePacket(x, uint32(addr), n, write)
	}
	off := addr - emBase
	m := c.mem.at(off)
	if m == nil || off+uint64(n) > m.hi {
		c.fail(x, FaultMemory, "%s of %d bytes at memory address %#x, which is neither packet nor map memory%s", verb(write), n, addr, c.nearMap(off))
		return span{}, 0, false
	}
	if c.spec.Checks&CheckMapValues != 0 && (!m.values.mixed() || c.code.ofProgram(x.swapPC)) {
		in, ok := m.values.inside(off-m.lo, n, m.valueWords)
		if !ok {
			c.fail(x, FaultMemory, "%s of %d bytes at offset %d of map %q, %d bytes from the start of a value of %d", verb(write), n, off-m.lo, m.info.Name, int64(in), m.info.ValueSize)
			return span{}, 0, false
		}
		if c.spec.Checks&CheckExact != 0 && !m.holds(in, n) {
			c.fail(x, FaultMemory, "%s of %d bytes at offset %d of a value of map %q, which has %d bytes", verb(write), n, in, m.info.Name, m.info.ValueSize)
			return span{}, 0, false
		}
	}
	return span{data: c.mem.arena[off : off+uint64(n)], hi: n}, unitEMEM, true
}

func (c *core) resolvePacket(x *context, addr, n uint32, write bool) (span, unitID, bool) {
	off := addr - x.bufAddr
	if size := uint32(len(x.buf)); off >= size || n > size-off {
		c.fail(x, FaultPacket, "%s of %d bytes at packet address %s, outside the packet buffer %s to %s",
			verb(write), n, hex32(addr), hex32(x.bufAddr), hex32(x.bufAddr+size-1))
		return span{}, 0, false
	}
	if write {
		x.dirty = max(x.dirty, off+n)
	}
	lo, hi := c.packetBounds(x)
	if off >= lo && off+n <= hi {
		return span{data: x.buf[off : off+n], hi: n}, unitCTM, true
	}
	if write && c.spec.Checks&CheckPacketWrites != 0 || !write && c.spec.Checks&CheckExact != 0 {
		c.fail(x, FaultPacket, "%s of %d bytes at packet offset %d; the packet has %d bytes", verb(write), n, int64(off)-int64(lo), hi-lo)
		return span{}, 0, false
	}
	p := span{data: x.buf[off : off+n]}
	p.lo, p.hi = min(max(lo, off)-off, n), min(max(hi, off)-off, n)
	return p, unitCTM, true
}

// nearMap says which map ends before or begins after a wrong address.
func (c *core) nearMap(off uint64) string {
	i := sort.Search(len(c.mem.maps), func(i int) bool { return c.mem.maps[i].hi > off })
	if i > 0 {
		m := c.mem.maps[i-1]
		return fmt.Sprintf("; map %q ends %d bytes before", m.info.Name, off-m.hi)
	}
	return ""
}

func verb(write bool) string {
	if write {
		return "write"
	}
	return "read"
}

// Words of the packet vector.
const (
	pvLength    = 0
	pvPointer   = 2
	pvQueueFlag = 4
	pvQueue     = 6
	pvIfindex   = 8
	pvRxQueue   = 9

	pvLengthMask = 0x3fff
	pvQueueBit   = 1 << 4
	pvQueueMask  = 0xff
	pvWords      = 16
)

// Geometry of a context's local memory: the packet vector, then the stack.
const (
	lmPerContext = 1024 // bytes
	stackBase    = 64   // bytes from the context's first
	maxStack     = lmPerContext - stackBase
)

// packetAddress is the 32-bit memory address of a packet's buffer.
func packetAddress(number uint32) uint32 { return 1<<31 | number<<16 }

// enter puts a context at a program's first word with a packet in its buffer.
func (c *core) enter(x *context, entry uint32, in *Input, stackSize uint32) {
	x.reset(c.blank)
	base := uint32(x.slot) * lmPerContext
	x.lmLo, x.lmLen = base/4, (stackBase+stackSize+3)/4
	if c.spec.Checks&CheckLocalMemory == 0 {
		x.lmLen = lmPerContext / 4
	}
	lm := c.lm[x.lmLo : x.lmLo+x.lmLen]
	for i := range lm {
		lm[i] = c.blank
	}
	if x.buf == nil {
		x.buf = make([]byte, c.spec.PacketBuffer)
	}
	off := uint32(c.spec.PacketOffset)
	end := off + uint32(copy(x.buf[off:], in.Packet))
	clear(x.buf[:off])
	clear(x.buf[end:max(end, x.dirty)])
	x.dirty = end
	tag := func(known, value uint32) uint64 {
		return c.blank&(uint64(^known)<<32|uint64(^known)) | uint64(value)
	}
	lm[pvLength] = tag(pvLengthMask, uint32(len(in.Packet)))
	lm[pvPointer] = uint64(x.bufAddr + off)
	lm[pvQueueFlag] = tag(pvQueueBit, 0)
	lm[pvIfindex] = uint64(in.IngressIfindex)
	lm[pvRxQueue] = uint64(in.RxQueue)

	x.regs[slotA+22] = uint64(base + stackBase)
	x.lm[0].addr, x.lm[1].addr = base+stackBase, base
	x.lmSet = 3
	x.program = in.Program
	x.pc = entry
}

// begin starts a context's clock at its first word.
func (c *core) begin(x *context) {
	x.start, x.limit = c.now, c.now+c.spec.Budget
	c.switched(x, SwitchBegin)
}

// leave reads the exit state of a context into a result.
func (c *core) leave(x *context, res *Result) bool {
	a0 := x.regs[slotA]
	if a0>>32 != 0 {
		c.undefinedUse(x, slotA, "the exit word has bits that nobody wrote")
		return false
	}
	res.Code = uint32(a0)
	pv := c.lm[x.lmLo : x.lmLo+pvWords]
	if pv[pvLength]>>32&pvLengthMask != 0 || pv[pvPointer]>>32 != 0 {
		c.fail(x, FaultUndefined, "the packet vector's length or pointer has bits that nobody wrote")
		return false
	}
	off, n := uint32(pv[pvPointer])-x.bufAddr, uint32(pv[pvLength])&pvLengthMask
	if size := uint32(len(x.buf)); off > size || n > size-off {
		c.fail(x, FaultPacket, "the packet vector at exit has pointer %s and length %d, outside the packet buffer", hex32(uint32(pv[pvPointer])), n)
		return false
	}
	res.Packet = x.buf[off : off+n : off+n]
	res.QueueSelected = uint32(pv[pvQueueFlag])&pvQueueBit != 0
	if res.QueueSelected {
		res.Queue = uint8(pv[pvQueue] & pvQueueMask)
	}
	return true
}
