package pcie

import (
	"encoding/binary"
	"sync"
)

var le = binary.LittleEndian

// ConfigSize is the configuration space of a PCI Express function, in bytes.
const ConfigSize = 4096

// Config is the configuration space of a function. It is made once, by NewConfig
// and the Add methods; Read and Write may then come from any goroutine.
type Config struct {
	mu       sync.Mutex
	b        [ConfigSize]byte
	first    [ConfigSize]byte // as made: what a reset brings back
	writable [ConfigSize]byte // bits that a guest can change
	bar      [6]uint64        // size of each, 0 where there is none

	capEnd, capLink int // where the next capability goes, and its address
	extEnd, extLink int
}

// Identity says what a function is.
type Identity struct {
	Vendor, Device, SubVendor, SubDevice uint16
	Class                                uint32 // 24 bits: class, subclass, interface
	Revision                             uint8
}

// Registers of the header (PCI Local Bus 3.0, 6.1).
const (
	regCommand   = 0x04
	regStatus    = 0x06
	regClass     = 0x08
	regBAR       = 0x10
	regSubVendor = 0x2c
	regCaps      = 0x34
	regLine      = 0x3c
	regPin       = 0x3d

	firstCap = 0x40
	firstExt = 0x100

	statusCaps    = 1 << 4 // there is a list of capabilities
	commandBits   = 0x0547 // decode, bus master, parity, SERR, no INTx
	bar64Prefetch = 0xc    // 64-bit memory, prefetchable
	barFlags      = 0xf
)

// NewConfig returns the space of a function without BARs and capabilities.
func NewConfig(id Identity) *Config {
	c := &Config{capEnd: firstCap, capLink: regCaps, extEnd: firstExt}
	c.put16(0, id.Vendor)
	c.put16(2, id.Device)
	c.put32(regClass, id.Class<<8|uint32(id.Revision))
	c.put16(regSubVendor, id.SubVendor)
	c.put16(regSubVendor+2, id.SubDevice)
	c.first[regPin] = 1
	c.open(regCommand, commandBits, 2)
	c.open(regLine, 0xff, 1)
	c.Reset()
	return c
}

func (c *Config) put16(at int, v uint16) { le.PutUint16(c.first[at:], v) }
func (c *Config) put32(at int, v uint32) { le.PutUint32(c.first[at:], v) }

// open makes bits of n bytes writable.
func (c *Config) open(at int, bits uint64, n int) {
	for i := range n {
		c.writable[at+i] = byte(bits >> (8 * i))
	}
}

// AddBAR makes registers n and n+1 a 64-bit memory BAR of size bytes, a power of
// two.
func (c *Config) AddBAR(n int, size uint64) {
	c.bar[n] = size
	at := regBAR + 4*n
	c.put32(at, bar64Prefetch)
	c.open(at, ^(size-1)&^barFlags, 8)
	c.Reset()
}

// BAR returns the size of a BAR in bytes, 0 for none.
func (c *Config) BAR(n int) uint64 {
	if n < 0 || n >= len(c.bar) {
		return 0
	}
	return c.bar[n]
}

// Vectors returns the number of MSI-X vectors, 0 without the capability.
func (c *Config) Vectors() int {
	for at := c.first[regCaps]; at != 0; at = c.first[at+1] {
		if c.first[at] == capMSIX {
			return int(le.Uint16(c.first[int(at)+msixControl:])&msixCount) + 1
		}
	}
	return 0
}

// Reset brings back every register as it was made.
func (c *Config) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.b = c.first
}

// Read copies registers; beyond the space all bits are set.
func (c *Config) Read(off uint64, p []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	if off < ConfigSize {
		n = copy(p, c.b[off:])
	}
	for i := n; i < len(p); i++ {
		p[i] = 0xff
	}
}

// Write sets the bits of registers that can change.
func (c *Config) Write(off uint64, p []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, v := range p {
		if at := off + uint64(i); off < ConfigSize && at < ConfigSize {
			w := c.writable[at]
			c.b[at] = c.b[at]&^w | v&w
		}
	}
}

// word returns a 16-bit register.
func (c *Config) word(off int) uint16 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return le.Uint16(c.b[off:])
}
