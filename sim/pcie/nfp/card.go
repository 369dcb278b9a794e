package nfp

import (
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/skipsw/skipsw/sim/pcie"
)

var (
	le = binary.LittleEndian
	be = binary.BigEndian
)

// MaxPorts is the most ports of a card.
const MaxPorts = 8

// Options describe a card.
type Options struct {
	Ports  int     // 1 to MaxPorts
	Serial [6]byte // of the card, and the MAC address of port 0; the zero value is one of Netronome's
	// Log gets what the card does, a line a call; nil is silent. It may be called
	// from any goroutine.
	Log func(format string, args ...any)
	// Ran sees what became of a frame that went through a port's program. Its
	// arguments are valid during the call.
	Ran func(port int, frame []byte, out *Outcome)
	// Changed sees each change of a port's state, in the order of the card's work.
	Changed func(port int, s PortState)
	BPF     Capabilities
}

// PortState says whether the guest has a port up, and a program on it.
type PortState struct{ Up, Program bool }

// Sizes of the BARs. An access through an expansion BAR with a fixed action
// needs 16 MiB, an eighth of a BAR; the driver uses such accesses for locks.
const (
	bar0Size = 16 << 20
	bar2Size = 128 << 20
	bar4Size = 16 << 20

	vectors     = 64
	msixTable   = 0 // in the PCIe SRAM, BAR0.0
	msixPending = 0x200000
	busWidth    = 8 // lanes
	busGen      = 3 // 8 GT/s
)

// netronome is the vendor, and its part of a MAC address.
const netronome = 0x19ee

var defaultSerial = [6]byte{0x00, 0x15, 0x4d, 0x13, 0x5d, 0x58}

// pcieInterface is the card's side of the driver's locks: type PCI, unit 0,
// channel 255. It stands in the low bits of the serial number capability.
const pcieInterface = 0x10ff

// Card is one card. It implements pcie.Function.
type Card struct {
	opt  Options
	fw   Firmware
	cfg  *pcie.Config
	work *worker

	mu      sync.Mutex // guards what follows
	msix    *pcie.MSIX
	host    pcie.Host  // nil without a guest
	windows [24]uint32 // expansion BAR registers
	mem     memory     // target MU
	xpb     map[uint64]uint32
	queues  [numQueues]queuePair
	nsp     nsp
	ports   []*vnic
	control *vnic
	wires   []Wire
	faults  Faults
	strange int // accesses without a model
}

// New makes a card with a firmware, and starts it. Close stops it.
func New(fw Firmware, opt Options) (*Card, error) {
	if opt.Ports < 1 || opt.Ports > MaxPorts {
		return nil, fmt.Errorf("card with %d ports; it must be 1 to %d", opt.Ports, MaxPorts)
	}
	if err := opt.BPF.check(); err != nil {
		return nil, err
	}
	if opt.Serial == [6]byte{} {
		opt.Serial = defaultSerial
	}
	if opt.Log == nil {
		opt.Log = func(string, ...any) {}
	}
	c := &Card{opt: opt, fw: fw, wires: make([]Wire, opt.Ports), work: newWorker()}
	c.cfg = pcie.NewConfig(pcie.Identity{
		Vendor: netronome, Device: 0x4000, SubVendor: netronome, SubDevice: 0x4001, Class: 0x020000,
	})
	c.cfg.AddBAR(0, bar0Size)
	c.cfg.AddBAR(2, bar2Size)
	c.cfg.AddBAR(4, bar4Size)
	c.cfg.AddExpress(busGen, busWidth)
	c.msix = c.cfg.AddMSIX(vectors, 0, msixTable, 0, msixPending)
	serial := uint64(be.Uint32(opt.Serial[:]))<<32 | uint64(be.Uint16(opt.Serial[4:]))<<16 | pcieInterface
	c.cfg.AddSerial(serial)
	c.reset()
	go c.work.run()
	return c, nil
}

// Close stops the card. What is still to do is not done.
func (c *Card) Close() { c.work.close() }

// Config implements pcie.Function.
func (c *Card) Config() *pcie.Config { return c.cfg }

// WriteConfig implements pcie.Function.
func (c *Card) WriteConfig(off uint64, p []byte) {
	c.cfg.Write(off, p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.msix.Retry(c.host)
}

// Connect implements pcie.Function.
func (c *Card) Connect(h pcie.Host) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.host = nil
	c.reset()
	c.work.clear()
	c.work.pushSure(c.fw.Reset)
	c.host = h
}

// Attach plugs a cable into a port.
func (c *Card) Attach(port int, w Wire) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wires[port] = w
}

// Ports returns the number of ports.
func (c *Card) Ports() int { return c.opt.Ports }

// MAC returns the address of a port.
func (c *Card) MAC(port int) [6]byte {
	m := c.opt.Serial
	m[5] += byte(port)
	return m
}

// Do runs f when what came before it is done, between packets, and waits for
// it. It reports false for a card that was closed.
func (c *Card) Do(f func(Firmware)) bool {
	done := make(chan struct{})
	if !c.work.pushSure(func() { f(c.fw); close(done) }) {
		return false
	}
	select {
	case <-done:
		return true
	case <-c.work.stopped:
		return false
	}
}

// reset brings the card to the state after power-up with the firmware loaded.
func (c *Card) reset() {
	c.cfg.Reset()
	c.msix.Reset()
	c.windows = [len(c.windows)]uint32{mapGeneral << mapShift}
	c.queues = [numQueues]queuePair{}
	c.strange = 0
	for _, v := range append(c.ports, c.control) {
		if v != nil { // work under way must not go on with a new guest
			v.setRings(false)
			v.enabled = false
		}
	}
	c.mem = newMemory()
	c.initXPB()
	c.initTables()
}

// maxStrange is how many accesses without a model are logged.
const maxStrange = 100

// unknown says what the driver did that the card has no model of.
func (c *Card) unknown(format string, args ...any) {
	switch c.strange++; {
	case c.strange < maxStrange:
		c.opt.Log("not modelled: "+format, args...)
	case c.strange == maxStrange:
		c.opt.Log("not modelled: more than that; the rest is not told")
	}
}
