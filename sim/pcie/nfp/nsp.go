package nfp

import "bytes"

// Registers of the service processor, 8 bytes each.
const (
	nspStatus      = 0x00 // magic 63:48, version 47:32, result 15:8, busy 0
	nspCommand     = 0x08 // option 63:32, code 31:16, start 0
	nspBufferReg   = 0x10 // CPP ID 63:40, address 39:0
	nspDefault     = 0x18 // the same, of the buffer that is always there
	nspDefaultSize = 0x20 // 4 KiB units 15:8

	nspMagic    = 0xab10
	nspMinor    = 36 // version 0.36
	nspStart    = 1
	nspAddrMask = 1<<40 - 1
)

// Commands.
const (
	nspNoop         = 0
	nspSoftReset    = 1
	nspPortRescan   = 7
	nspPortControl  = 8
	nspIdentify     = 13
	nspFWStored     = 16
	nspHwinfoLookup = 17
	nspHwinfoSet    = 18
	nspFWLoaded     = 19
	nspVersions     = 21
	nspReadMedia    = 23
)

// Results, the kernel's errno numbers.
const (
	nspNoEntry     = 2
	nspUnsupported = 95
)

// A port's entry in the table of the port commands: description, state, MAC
// address in reverse order, control. The low bits of state and control are the
// same.
const (
	portEntry  = 32 // bytes
	portState  = 8
	portMAC    = 16
	portWrite  = 24
	portIndex  = 8  // shift in the description
	portLabel  = 54 // shift
	portLanes1 = 1

	portFlags = 15 // configured, enabled, transmitter and receiver on
	portRate  = 8  // shift in the state
	rate10G   = 4
	portKind  = 12 // shift
	kindSFP   = 10 // SFP+

	mediaHeader = 8
)

// nsp is the service processor.
type nsp struct {
	state []uint64 // portFlags of each port
}

func (c *Card) initNSP() {
	c.nsp.state = make([]uint64, c.opt.Ports)
	for i := range c.nsp.state {
		c.nsp.state[i] = portFlags
	}
	c.nspSet(nspStatus, nspMagic<<48|nspMinor<<32)
	const id = targetMU<<16 | actionRW
	c.nspSet(nspDefault, id<<40|nspBuffer)
	c.nspSet(nspDefaultSize, nspBufferSize>>12<<8)
	c.mem.watch(nspBase+nspCommand, 8, func(uint64, int) { c.nspExecute() })
}

func (c *Card) nspSet(reg, v uint64) { le.PutUint64(c.mem.view(nspBase+reg, 8), v) }

func (c *Card) nspGet(reg uint64) uint64 { return le.Uint64(c.mem.view(nspBase+reg, 8)) }

// nspExecute runs a command to its end; the driver never sees it busy.
func (c *Card) nspExecute() {
	cmd := c.nspGet(nspCommand)
	if cmd&nspStart == 0 {
		return
	}
	code, option := cmd>>16&0xffff, uint32(cmd>>32)
	var buf []byte
	if c.nspGet(nspBufferReg)&nspAddrMask == nspBuffer {
		buf = c.mem.view(nspBuffer, min(uint64(option), nspBufferSize))
	}
	ret, errno := c.nspRun(code, buf)
	c.opt.Log("service processor: command %d, option %d: %d, error %d", code, option, ret, errno)
	c.nspSet(nspStatus, nspMagic<<48|nspMinor<<32|errno<<8)
	c.nspSet(nspCommand, uint64(ret)<<32|code<<16)
}

// nspRun executes a command on its buffer, which may be shorter than the command
// wants. It returns the command's value and an errno.
func (c *Card) nspRun(code uint64, buf []byte) (ret uint32, errno uint64) {
	switch code {
	case nspNoop, nspSoftReset, nspFWStored, nspHwinfoSet:
		return 0, 0
	case nspFWLoaded:
		return 1, 0
	case nspPortRescan:
		c.portTable(buf)
		return uint32(c.opt.Ports), 0
	case nspPortControl:
		for i := range c.nsp.state {
			if len(buf) >= portEntry*(i+1) {
				c.nsp.state[i] = le.Uint64(buf[portEntry*i+portWrite:]) & portFlags
			}
		}
		return 0, 0
	case nspIdentify: // a name; no sensors
		clear(buf)
		copy(buf, "skipsw")
		return 0, 0
	case nspVersions: // no component has one of its own
		clear(buf)
		return 0, 0
	case nspReadMedia: // no link mode is known
		if len(buf) > mediaHeader {
			clear(buf[mediaHeader:])
		}
		return 0, 0
	case nspHwinfoLookup:
		return nspLookup(buf)
	}
	return 0, nspUnsupported
}

// nspLookup replaces a key by its value.
func nspLookup(buf []byte) (ret uint32, errno uint64) {
	end := bytes.IndexByte(buf, 0)
	if end < 0 {
		return 0, nspNoEntry
	}
	v, ok := nspInfo[string(buf[:end])]
	if !ok || len(v) >= len(buf) {
		return 0, nspNoEntry
	}
	clear(buf)
	copy(buf, v)
	return 0, 0
}

// nspInfo holds keys that the service processor alone knows. The first names
// the interfaces whose drivers load firmware: not ours, pcieInterface, which
// finds the firmware running and looks for no file.
var nspInfo = map[string]string{
	"abi_drv_load_ifc": "0x20ff",
}

// portTable writes the table of ports.
func (c *Card) portTable(buf []byte) {
	clear(buf)
	for i := range c.opt.Ports {
		if len(buf) < portEntry*(i+1) {
			return
		}
		e := buf[portEntry*i:]
		le.PutUint64(e, portLanes1|uint64(i)<<portIndex|uint64(i)<<portLabel)
		le.PutUint64(e[portState:], c.nsp.state[i]|rate10G<<portRate|kindSFP<<portKind)
		for k, b := range c.MAC(i) {
			e[portMAC+5-k] = b
		}
		le.PutUint64(e[portWrite:], c.nsp.state[i])
	}
}
