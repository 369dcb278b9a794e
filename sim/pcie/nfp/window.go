package nfp

import "fmt"

// An expansion BAR is an eighth of a BAR. Its register: map type in bits 31:29,
// access width 28:27, target 26:23, token 22:21, action 20:16, base address
// 15:0. A bulk mapping uses 20:0 for the base.
const (
	mapShift = 29

	mapFixed   = 0
	mapBulk    = 1
	mapGeneral = 3

	bulkShift  = 19 // base address in units of 512 KiB
	fixedShift = 24 // in units of 16 MiB
	perBAR     = 8
)

// CPP targets.
const (
	targetPCIe = 0 // the PCIe island itself, as seen from inside
	targetMU   = 7
	targetARM  = 10
	targetXPB  = 14
)

// Actions of target MU, and the one of all targets for plain reads and writes.
const (
	actionRW          = 32
	actionAtomicRead  = 3
	actionAtomicWrite = 4
	actionSet         = 5
	tokenImmediate    = 3
)

// Places in BAR0.0, the general window onto the PCIe island.
const (
	windowRegs = 0x30000
	queueBase  = 0x80000
)

// access is one transaction on the CPP bus.
type access struct {
	target, action, token uint8
	addr                  uint64
	write                 bool
}

func (a access) String() string {
	return fmt.Sprintf("target %d action %d token %d address %#x write %t", a.target, a.action, a.token, a.addr, a.write)
}

// Read implements pcie.Function.
func (c *Card) Read(bar int, off uint64, p []byte) {
	clear(p)
	c.bar(bar, off, p, false)
}

// Write implements pcie.Function.
func (c *Card) Write(bar int, off uint64, p []byte) { c.bar(bar, off, p, true) }

func (c *Card) bar(bar int, off uint64, p []byte, write bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	size := c.cfg.BAR(bar)
	if off >= size || uint64(len(p)) > size-off {
		c.unknown("BAR%d offset %#x, %d bytes", bar, off, len(p))
		return
	}
	slice := size / perBAR
	k := bar/2*perBAR + int(off/slice)
	off %= slice
	r := c.windows[k]
	a := access{target: uint8(r >> 23 & 15), token: uint8(r >> 21 & 3), action: actionRW, write: write}
	switch kind := r >> mapShift; kind {
	case mapGeneral:
		c.island(off, p, write)
		return
	case mapBulk:
		a.addr = uint64(r&(1<<21-1))<<bulkShift | off
	case mapFixed:
		a.action = uint8(r >> 16 & 31)
		a.addr = uint64(r&(1<<16-1))<<fixedShift | off
	default:
		c.unknown("window %d of map type %d", k, kind)
		return
	}
	c.cpp(a, p)
}

// island is the PCIe island's own address space.
func (c *Card) island(off uint64, p []byte, write bool) {
	n := uint64(len(p))
	word := n == 4 && off%4 == 0
	switch {
	case off < c.msix.Size() && n <= c.msix.Size()-off:
		if write {
			c.msix.Write(off, p, c.host)
		} else {
			c.msix.Read(off, p)
		}
	case word && off >= windowRegs && off < windowRegs+4*uint64(len(c.windows)):
		if i := (off - windowRegs) / 4; write {
			c.windows[i] = le.Uint32(p)
		} else {
			le.PutUint32(p, c.windows[i])
		}
	case word && off >= queueBase && off < queueBase+numQueues*queueStride:
		c.queueController(off-queueBase, p, write)
	default:
		c.unknown("PCIe island offset %#x, %d bytes, write %t", off, n, write)
	}
}

// cpp executes a transaction. A read finds p cleared.
func (c *Card) cpp(a access, p []byte) {
	ok := true
	switch a.target {
	case targetPCIe:
		c.island(a.addr, p, a.write)
	case targetMU:
		ok = c.memoryUnit(a, p)
	case targetXPB:
		ok = c.register(a, p)
	case targetARM: // soft-model registers, which the driver reads and ignores
	default:
		ok = false
	}
	if !ok {
		c.unknown("%v, %d bytes", a, len(p))
	}
}

// memoryUnit executes commands of the memory units.
func (c *Card) memoryUnit(a access, p []byte) bool {
	switch {
	case a.action == actionRW && a.write, a.action == actionAtomicWrite && a.token == 0 && a.write:
		return c.mem.store(a.addr, p)
	case a.action == actionRW, a.action == actionAtomicRead && a.token == 0 && !a.write:
		return c.mem.load(a.addr, p)
	case a.action == actionSet && a.token == tokenImmediate && !a.write && len(p) == 4:
		// Test and set immediate: the old word comes back, then the bits of the
		// command's byte mask are set, which for a word are the low four.
		if !c.mem.load(a.addr, p) {
			return false
		}
		return c.mem.store(a.addr, le.AppendUint32(nil, le.Uint32(p)|0xf))
	}
	return false
}

// register accesses the registers of the XPB bus.
func (c *Card) register(a access, p []byte) bool {
	v, ok := c.xpb[a.addr]
	if !ok || len(p) < 4 {
		return false
	}
	if a.write {
		c.xpb[a.addr] = le.Uint32(p)
	} else {
		le.PutUint32(p, v)
	}
	return true
}

// Registers of the XPB bus: what chip this is (island 1, slave 1, device 16),
// and a table of 16 words that says how addresses of each target name islands.
const (
	xpbIdentity = 0x0150_0004
	xpbIslands  = 0xa_0000
	numTargets  = 16

	partNFP4000 = 0x6200
	stepping    = 0x20

	islandMode1 = 1 << 13
	islandAddr  = 1 << 12 // 40-bit addresses
)

// initXPB sets the registers that tell what chip this is.
func (c *Card) initXPB() {
	c.xpb = map[uint64]uint32{xpbIdentity: partNFP4000<<16 | stepping}
	for t := range uint64(numTargets) {
		c.xpb[xpbIslands+4*t] = 0
	}
	c.xpb[xpbIslands+4*targetMU] = islandMode1 | islandAddr | (ememIsland+1)<<6 | ememIsland
	c.xpb[xpbIslands+4*targetXPB] = islandMode1
}
