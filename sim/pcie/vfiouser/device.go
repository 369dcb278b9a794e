package vfiouser

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/sim/pcie"
)

// Regions and interrupts of a PCI device, as linux/vfio.h numbers them.
const (
	regionConfig = 7 // 0 to 5 are BARs
	numRegions   = 9
	irqMSIX      = 2
	numIRQs      = 5

	deviceReset = 1 << 0
	devicePCI   = 1 << 1

	regionRead  = 1 << 0
	regionWrite = 1 << 1

	irqEventfd  = 1 << 0
	irqNoResize = 1 << 3

	setNone    = 1 << 0
	setEventfd = 1 << 2
	setTrigger = 1 << 5
)

// info is the reply to a question: argument size, then words.
func info(words ...uint32) []byte {
	b := le.AppendUint32(nil, uint32(4+4*len(words)))
	for _, w := range words {
		b = le.AppendUint32(b, w)
	}
	return b
}

func (c *client) deviceInfo() ([]byte, unix.Errno) {
	return info(deviceReset|devicePCI, numRegions, numIRQs), 0
}

// regionSize returns the bytes of a region, 0 for one that is not there.
func (c *client) regionSize(region uint32) uint64 {
	if region == regionConfig {
		return pcie.ConfigSize
	}
	if region >= numRegions {
		return 0
	}
	return c.f.Config().BAR(int(region))
}

func (c *client) regionInfo(region uint32) ([]byte, unix.Errno) {
	if region >= numRegions {
		return nil, unix.EINVAL
	}
	size, flags := c.regionSize(region), uint32(0)
	if size > 0 {
		flags = regionRead | regionWrite
	}
	return info(flags, region, 0, uint32(size), uint32(size>>32), 0, 0), 0
}

func (c *client) irqInfo(irq uint32) ([]byte, unix.Errno) {
	switch {
	case irq >= numIRQs:
		return nil, unix.EINVAL
	case irq == irqMSIX:
		return info(irqEventfd|irqNoResize, irq, uint32(len(c.vectors))), 0
	}
	return info(0, irq, 0), 0
}

// setIRQs takes or drops eventfds of vectors: argument size 32, flags 32, index
// 32, first vector 32, number 32.
func (c *client) setIRQs(m *message) unix.Errno {
	flags, irq, first, n := m.word(4), m.word(8), m.word(12), m.word(16)
	total := uint32(len(c.vectors))
	if len(m.body) < 20 || irq != irqMSIX || flags&setTrigger == 0 || first > total || n > total-first {
		return unix.EINVAL
	}
	switch {
	case flags&setEventfd != 0 && uint32(len(m.files)) == n:
		c.setVectors(int(first), m.files)
		clear(m.files) // they are the client's now
	case flags&setNone != 0 && n == 0: // all off
		c.setVectors(0, make([]*os.File, total))
	default:
		return unix.EINVAL
	}
	return 0
}

// setVectors takes eventfds from vector first on, and raises what waited for them.
func (c *client) setVectors(first int, fds []*os.File) {
	c.irqMu.Lock()
	defer c.irqMu.Unlock()
	for i, f := range fds {
		v := first + i
		if old := c.vectors[v]; old != nil {
			_ = old.Close()
		}
		if c.vectors[v] = f; f != nil && c.waiting[v] {
			c.raise(v)
		}
	}
}

// KeepsVectors implements pcie.VectorKeeper.
func (c *client) KeepsVectors() {}

// Interrupt implements pcie.Host.
func (c *client) Interrupt(v int, _ pcie.Message) {
	c.irqMu.Lock()
	defer c.irqMu.Unlock()
	c.raise(v)
}

func (c *client) raise(v int) {
	f := c.vectors[v]
	c.waiting[v] = f == nil
	if f != nil {
		_, _ = f.Write(le.AppendUint64(nil, 1))
	}
}
