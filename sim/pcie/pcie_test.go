package pcie_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/sim/pcie"
)

var le = binary.LittleEndian

func function() (*pcie.Config, *pcie.MSIX) {
	c := pcie.NewConfig(pcie.Identity{Vendor: 0x19ee, Device: 0x4000, SubVendor: 0x19ee, SubDevice: 1, Class: 0x020000, Revision: 3})
	c.AddBAR(0, 16<<20)
	c.AddBAR(2, 8<<32)
	c.AddExpress(3, 8)
	m := c.AddMSIX(4, 0, 0x1000, 2, 0x2000)
	c.AddSerial(0x00154d135d5810ff)
	return c, m
}

func read(c *pcie.Config, off uint64, n int) []byte {
	p := make([]byte, n)
	c.Read(off, p)
	return p
}

// TestConfig walks the space as a host does: identity, sizes of the BARs, both
// lists of capabilities.
func TestConfig(t *testing.T) {
	c, _ := function()
	require.Equal(t, []byte{0xee, 0x19, 0x00, 0x40}, read(c, 0, 4))
	require.Equal(t, []byte{3, 0, 0, 2}, read(c, 8, 4))

	for _, bar := range []struct {
		off  uint64
		size uint64
	}{{0x10, 16 << 20}, {0x18, 8 << 32}} {
		before := read(c, bar.off, 8)
		c.Write(bar.off, []byte{0xff, 0xff, 0xff, 0xff})
		c.Write(bar.off+4, []byte{0xff, 0xff, 0xff, 0xff})
		require.Equal(t, bar.size, -(le.Uint64(read(c, bar.off, 8)) &^ 15))
		c.Write(bar.off, before)
	}
	require.EqualValues(t, 8<<32, c.BAR(2))
	require.Zero(t, c.BAR(1))
	require.Zero(t, c.BAR(7))

	var ids []byte
	for at := read(c, 0x34, 1)[0]; at != 0; at = read(c, uint64(at)+1, 1)[0] {
		ids = append(ids, read(c, uint64(at), 1)[0])
	}
	require.Equal(t, []byte{0x10, 0x11}, ids)
	ext := le.Uint32(read(c, 0x100, 4))
	require.EqualValues(t, 3, ext&0xffff)
	require.Zero(t, ext>>20, "the last one")
	require.EqualValues(t, 0x10ff, le.Uint16(read(c, 0x104, 2)))
}

// TestFixed: what says what a function is does not change, whatever is written.
func TestFixed(t *testing.T) {
	c, _ := function()
	all := read(c, 0, pcie.ConfigSize)
	c.Write(0, make([]byte, pcie.ConfigSize))
	c.Write(0xff0, make([]byte, 64))
	c.Write(^uint64(0), make([]byte, 8))
	require.Equal(t, all, read(c, 0, pcie.ConfigSize))
	c.Write(4, []byte{0xff, 0xff})
	require.Equal(t, []byte{0x47, 0x05}, read(c, 4, 2))
	c.Reset()
	require.Equal(t, all, read(c, 0, pcie.ConfigSize))
	require.Equal(t, []byte{0, 0xff, 0xff}, read(c, pcie.ConfigSize-1, 3))
}

// host keeps interrupts.
type host struct {
	pcie.Host
	got []pcie.Message
}

func (h *host) Interrupt(_ int, m pcie.Message) { h.got = append(h.got, m) }

// TestMSIX: a vector that is masked, or that is not on, keeps its message.
func TestMSIX(t *testing.T) {
	c, m := function()
	h := &host{}
	entry := func(addr uint64, data, control uint32) []byte {
		return le.AppendUint32(le.AppendUint32(le.AppendUint64(nil, addr), data), control)
	}
	control := uint64(0x7c + 2)
	m.Write(16, entry(0xfee00000, 42, 0), h)
	m.Fire(1, h)
	require.Empty(t, h.got, "not on")
	c.Write(control, []byte{0, 0xc0})
	m.Retry(h)
	require.Empty(t, h.got, "all masked")
	c.Write(control, []byte{0, 0x80})
	m.Retry(h)
	require.Equal(t, []pcie.Message{{Addr: 0xfee00000, Data: 42}}, h.got)
	m.Write(28, []byte{1}, h)
	m.Fire(1, h)
	m.Fire(1, h)
	require.Len(t, h.got, 1)
	m.Write(28, []byte{0}, h)
	require.Len(t, h.got, 2, "once")
	m.Write(28, []byte{0}, h)
	m.Fire(4, h)
	m.Fire(-1, h)
	m.Fire(1, nil)
	require.Len(t, h.got, 2)
	require.EqualValues(t, 64, m.Size())
	p := make([]byte, 4)
	m.Read(24, p)
	require.EqualValues(t, 42, p[0])
}
