package core

import "github.com/skipsw/skipsw/nfpisa"

// numCSRs is the number of local CSRs, byte addresses 0 to 0x1fc.
const numCSRs = 128

// Local CSRs that act on a context or on the core, by byte address.
const (
	csrActCtxStatus = 0x44
	csrActSignals   = 0x4c
)

// lmCSR maps the address of an ActLMAddr CSR to the index register, or -1.
func lmCSR(addr uint32) int {
	switch addr {
	case nfpisa.CSRActLMAddr0:
		return 0
	case nfpisa.CSRActLMAddr1:
		return 1
	case nfpisa.CSRActLMAddr2:
		return 2
	case nfpisa.CSRActLMAddr3:
		return 3
	}
	return -1
}

// writeCSR writes a local CSR.
func (c *Core) writeCSR(x *Context, addr, v uint32, now uint64) bool {
	ready := now + 1 + uint64(c.cfg.PointerLatency)
	if i := lmCSR(addr); i >= 0 {
		x.lm[i].write(v&^3, ready)
		x.lmSet |= 1 << i
		return true
	}
	switch addr {
	case nfpisa.CSRXferIndex:
		x.tindex.write(v, ready)
	case nfpisa.CSRByteIndex:
		x.bindex.write(v, ready)
	case nfpisa.CSRCRCRemainder:
		c.crc = v
	case nfpisa.CSRPseudoRndNum:
		c.random = uint64(v) | 1<<32
	case nfpisa.CSRMailbox0, nfpisa.CSRMailbox0 + 4, nfpisa.CSRMailbox0 + 8, nfpisa.CSRMailbox0 + 12:
		c.csrs[addr/4] = v
	default:
		c.fail(x, FaultUnsupported, "not supported: writing local CSR %s, because a program has no use for it", csrName(addr))
		return false
	}
	return true
}

// readCSR reads a local CSR into the immed that must follow.
func (c *Core) readCSR(x *Context, u *uop, pc uint32, now uint64) bool {
	next := pc + 1
	if x.left == 1 {
		next = x.leftTarget
	}
	if n := &c.code.ops[next]; n.op != opImmed || n.imm != 0 {
		c.fail(x, FaultHazard, "the value of local_csr_rd goes to the next instruction, which must be immed[register, 0]")
		return false
	}
	v, ok := c.csr(x, u.imm, now)
	x.csrRead, x.csrValue = ok, v
	return ok
}

func (c *Core) csr(x *Context, addr uint32, now uint64) (uint32, bool) {
	if i := lmCSR(addr); i >= 0 {
		return x.lm[i].addr, true
	}
	switch addr {
	case nfpisa.CSRXferIndex:
		return x.tindex.addr, true
	case nfpisa.CSRByteIndex:
		return x.bindex.addr, true
	case nfpisa.CSRCRCRemainder:
		return c.crc, true
	case nfpisa.CSRPseudoRndNum:
		return c.nextRandom(), true
	case nfpisa.CSRTimestampLow:
		return uint32(c.timestamp(now)), true
	case nfpisa.CSRTimestampHgh:
		return uint32(c.timestamp(now) >> 32), true
	case csrActCtxStatus:
		return uint32(x.number()), true
	case csrActSignals:
		var v uint32
		for s := range x.arrival {
			if x.raised>>s&1 != 0 && now >= x.arrival[s] {
				v |= 1 << s
			}
		}
		return v, true
	case nfpisa.CSRMailbox0, nfpisa.CSRMailbox0 + 4, nfpisa.CSRMailbox0 + 8, nfpisa.CSRMailbox0 + 12:
		return c.csrs[addr/4], true
	}
	c.fail(x, FaultUnsupported, "not supported: reading local CSR %s, because a program has no use for it", csrName(addr))
	return 0, false
}

// timestamp returns what the timestamp has counted.
func (c *Core) timestamp(now uint64) uint64 {
	if c.frozen {
		now = 0
	}
	return (c.epoch + now) / nfpisa.TimestampTick
}

// Timestamp returns what the timestamp has counted by now.
func (c *Core) Timestamp() uint64 { return c.timestamp(c.now) }

// SetTimestamp sets the cycles that the timestamp has counted at cycle 0 of the
// core's clock; frozen says that it does not go on from there.
func (c *Core) SetTimestamp(cycles uint64, frozen bool) { c.epoch, c.frozen = cycles, frozen }

func csrName(addr uint32) string {
	if n := nfpisa.CSRName(uint16(addr)); n != "" {
		return n
	}
	return "at " + hex32(addr)
}

// nextRandom advances the pseudo random number generator (splitmix64).
func (c *Core) nextRandom() uint32 {
	c.random += 0x9e3779b97f4a7c15
	z := c.random
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return uint32((z ^ z>>31) >> 16)
}

func hex32(v uint32) string {
	const digits = "0123456789abcdef"
	b := []byte{'0', 'x'}
	for s := 28; s >= 0; s -= 4 {
		if d := v >> s & 15; d != 0 || len(b) > 2 || s == 0 {
			b = append(b, digits[d])
		}
	}
	return string(b)
}
