package nfp

import (
	"fmt"

	"github.com/skipsw/skipsw/sim/pcie/internal/posixcrc"
)

// Where things are in target MU: memory of the ARM island, and external memory,
// island 24.
const (
	armBase       = 0x81_0000_0000
	armSize       = 0x2_0000
	resourceTable = armBase
	hwinfoBase    = armBase + 0x1000
	nspBase       = armBase + 0x2000
	nffwBase      = armBase + 0x3000
	nspBuffer     = armBase + 0x1_0000

	hwinfoSize    = 0x400
	nffwSize      = 0x1000
	nspRegsSize   = 0x100
	nspBufferSize = 0x1000

	ememIsland   = 24
	ememBase     = 0
	ememSize     = 0x8_0000
	mipBase      = 0
	symbolBase   = 0x1000
	stringBase   = 0x4000
	capsBase     = 0x8000
	controlBase  = 0x1_0000
	portsBase    = 0x2_0000
	controlBytes = 0x8000 // control memory of one vNIC
)

// initTables writes everything that the driver looks up.
func (c *Card) initTables() {
	c.initResources()
	c.mem.put(hwinfoBase, hwinfo([][2]string{
		{"board.state", "15"}, // running
		{"assembly.vendor", "SIM"},
		{"assembly.partno", "AMDA0099-0001"},
		{"assembly.serial", "00000001"},
		{"assembly.revision", "01"},
		{"cpld.version", "0x0"},
		{"nffw.partno", "AMDA0099-0001"},
		{"eth.count", fmt.Sprint(c.opt.Ports)},
	}))
	c.initNSP()
	c.initFirmwareInfo()
	caps := c.opt.BPF.encode()
	c.mem.put(capsBase, caps)
	c.ports = nil
	for i := range c.opt.Ports {
		c.ports = append(c.ports, c.newVNIC(fmt.Sprintf("port %d", i), i, portsBase+uint64(i)*controlBytes, firstPortQueue+portQueues*i))
	}
	c.control = c.newVNIC("control", controlPort, controlBase, controlQueue)
	c.initSymbols(len(caps))
}

// The resource table names locks and places. An entry is a lock (owner and
// state, key), a name, and a region in units of 256 bytes; entry 0 is the lock
// of the table.
const (
	resourceEntries = 128
	resourceSize    = 32
	resourceName    = 8 // bytes
)

func (c *Card) initResources() {
	var t [resourceSize * resourceEntries]byte
	copy(t[8:], "nfp.res")
	for i, r := range []struct {
		name       string
		addr, size uint64
	}{
		{"nfp.info", hwinfoBase, hwinfoSize},
		{"nfp.sp", nspBase, nspRegsSize},
		{"nfp.nffw", nffwBase, nffwSize},
	} {
		e := t[resourceSize*(i+1):][:resourceSize]
		copy(e[8:8+resourceName], r.name)
		le.PutUint32(e[4:], posixcrc.Sum(e[8:8+resourceName]))
		e[21], e[22], e[23] = actionRW, 0, targetMU
		le.PutUint32(e[24:], uint32(r.addr>>8))
		le.PutUint32(e[28:], uint32(r.size>>8))
	}
	c.mem.put(resourceTable, t[:])
}

// hwinfo encodes a version 2 table: header, keys and values as strings, CRC.
func hwinfo(pairs [][2]string) []byte {
	const header, version2 = 16, 'H'<<24 | 'I'<<16 | 2<<8
	b := make([]byte, header)
	for _, kv := range pairs {
		b = append(b, kv[0]+"\x00"+kv[1]+"\x00"...)
	}
	b = append(b, 0)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	le.PutUint32(b, version2)
	le.PutUint32(b[4:], uint32(len(b)+4))
	le.PutUint32(b[8:], hwinfoSize)
	return le.AppendUint32(b, posixcrc.Sum(b))
}

// initFirmwareInfo says which firmware is loaded and where its MIP is.
func (c *Card) initFirmwareInfo() {
	const version, initDone, loaded, entries = 2 << 16, 1, 1 << 31, 200
	b := make([]byte, 8+4*entries+12*entries)
	le.PutUint32(b, version|initDone)
	fw := b[8+4*entries:]
	le.PutUint32(fw, loaded)
	le.PutUint32(fw[4:], targetMU<<24|actionRW<<8|ememIsland)
	le.PutUint32(fw[8:], mipBase)
	c.mem.put(nffwBase, b)
}
