package sim

import "syscall"

// firmware is what stands around the core: routines that a program branches
// to, and the meaning of the exit word.
type firmware interface {
	// call executes the routine of an eBPF helper, sets the context's routine
	// to its cost and returns where the program goes on.
	call(c *core, x *context, helper uint32) (pc uint32, ok bool)
	// verdict turns the exit word into the eBPF verdict.
	verdict(progType string, code uint32) (uint32, bool)
}

// bareFirmware has no routines: the exit word is the verdict. It is target
// skipsw.
type bareFirmware struct{}

func (bareFirmware) call(c *core, x *context, helper uint32) (uint32, bool) {
	c.fail(x, FaultUnsupported, "not supported: firmware routine for helper %d", helper)
	return 0, false
}

func (bareFirmware) verdict(_ string, code uint32) (uint32, bool) { return code, true }

// eBPF helper numbers of the firmware's routines.
const (
	helperLookup = 1
	helperUpdate = 2
	helperDelete = 3
	helperEvent  = 25
)

// Verdicts of eBPF programs.
const (
	xdpAborted = 0
	xdpDrop    = 1
	xdpPass    = 2
	xdpTX      = 3

	tcOK       = 0
	tcShot     = 2
	tcStolen   = 4
	tcRedirect = 7
)

// agilioFirmware models the Agilio BPF firmware.
type agilioFirmware struct {
	tables map[uint32]*Map
	key    []byte
	value  []byte
}

func (f *agilioFirmware) verdict(progType string, code uint32) (uint32, bool) {
	if code&^uint32(0xff<<16) != 0 {
		return 0, false
	}
	tc := progType == "tc"
	switch code >> 16 {
	case 0x82:
		return xdpAborted, !tc
	case 0x22:
		if tc {
			return tcShot, true
		}
		return xdpDrop, true
	case 0x11:
		if tc {
			return tcOK, true
		}
		return xdpPass, true
	case 0x44:
		if tc {
			return tcRedirect, true
		}
		return xdpTX, true
	case 0x02:
		return tcStolen, tc
	}
	return 0, false
}

// call executes a map or event routine. The return address is in B0, the
// result goes to A0/B0 (low) and A1/B1 (high).
func (f *agilioFirmware) call(c *core, x *context, helper uint32) (uint32, bool) {
	back, ok := f.reg(c, x, slotB, "the return address")
	if !ok {
		return 0, false
	}
	pc, ok := c.code.index(back)
	if !ok || int(pc) >= c.code.words {
		c.fail(x, FaultBadPC, "helper %d returns to control-store address %d, where there is no code", helper, back)
		return 0, false
	}
	var result uint64
	if helper == helperEvent {
		result, ok = f.event(c, x)
	} else {
		result, ok = f.mapCall(c, x, helper)
	}
	if !ok {
		return 0, false
	}
	f.clobber(c, x)
	x.regs[slotA], x.regs[slotB] = uint64(uint32(result)), uint64(uint32(result))
	x.regs[slotA+1], x.regs[slotB+1] = result>>32, result>>32
	return pc, true
}

// clobber loses what a routine may lose: registers below 12 and above 22,
// transfer registers, LM2, LM3, T_INDEX and the flags.
func (f *agilioFirmware) clobber(c *core, x *context) {
	v := c.blank
	if c.undefined {
		x.cc, x.cv = v, flagUndef
		x.lmSet &= 3
	}
	for r := range 32 {
		if r >= 12 && r <= 22 || r == 29 {
			continue
		}
		x.regs[slotA+r], x.regs[slotB+r] = v, v
	}
	for r := range 64 {
		if x.pending>>r&1 == 0 {
			x.regs[slotIn+r] = v
		}
		x.regs[slotOut+r] = v
	}
	x.forget(v)
}

func (f *agilioFirmware) reg(c *core, x *context, slot uint16, what string) (uint32, bool) {
	v := x.regs[slot]
	if v>>32 != 0 {
		c.undefinedUse(x, slot, "%s of a firmware routine was written by nobody", what)
		return 0, false
	}
	return uint32(v), true
}

// mapCall executes lookup, update or delete.
func (f *agilioFirmware) mapCall(c *core, x *context, helper uint32) (uint64, bool) {
	id, ok := f.reg(c, x, slotA, "the table number")
	if !ok {
		return 0, false
	}
	m := f.tables[id]
	if m == nil {
		c.fail(x, FaultMemory, "map helper %d is called with table number %d, which no map has", helper, id)
		return 0, false
	}
	f.key = resize(f.key, int(m.info.KeySize))
	if !c.localBytes(x, f.key, x.lm[0].addr, "the key") {
		return 0, false
	}
	fw := &c.spec.Firmware
	switch helper {
	case helperLookup:
		x.routine = fw.LookupArray
		if !isArray(m.info.Type) {
			x.routine = fw.LookupHash
		}
		v, ok := m.table.find(f.key)
		if !ok {
			return 0, true
		}
		return emBase>>8<<32 + v, true
	case helperUpdate:
		x.routine = fw.Update
		flags, ok := f.reg(c, x, slotA+8, "the flags argument")
		if !ok {
			return 0, false
		}
		f.value = resize(f.value, int(m.info.ValueSize))
		if x.lmSet>>2&1 == 0 && c.undefined {
			c.fail(x, FaultUndefined, "map update without ActLMAddr2")
			return 0, false
		}
		if !c.localBytes(x, f.value, x.lm[2].addr, "the value") {
			return 0, false
		}
		v, errno := m.place(f.key, uint64(flags))
		if errno == 0 {
			// The routine stores words as they are; only hosts swap counters.
			copy(m.mem.arena[v:], f.value)
		}
		return negative(errno), true
	case helperDelete:
		x.routine = fw.Delete
		return negative(m.table.remove(f.key)), true
	}
	c.fail(x, FaultUnsupported, "not supported: firmware routine for helper %d", helper)
	return 0, false
}

func negative(e syscall.Errno) uint64 { return uint64(-int64(e)) }

// Pointer types that a program passes with an event.
const (
	eventMapValue = 4
	eventStack    = 6
	// maxEvent is the most data and packet bytes of an event.
	maxEvent = 1 << 14
)

// event records a perf event: R2 is the map, R3 flags and packet length, R4
// and R5 the data, A1 the kind of the data pointer.
func (f *agilioFirmware) event(c *core, x *context) (uint64, bool) {
	var args [8]uint32
	for i, slot := range [...]uint16{slotA + 4, slotA + 6, slotA + 7, slotA + 8, slotA + 9, slotA + 10, slotA + 1} {
		v, ok := f.reg(c, x, slot, "an argument")
		if !ok {
			return 0, false
		}
		args[i] = v
	}
	id, flags, extra, ptr, ptrHi, size, kind := args[0], args[1], args[2], args[3], args[4], args[5], args[6]
	x.routine = c.spec.Firmware.Event
	lo, hi := c.packetBounds(x)
	if size > maxEvent || extra > hi-lo {
		return negative(syscall.EFAULT), true
	}
	from := len(x.eventBytes)
	x.eventBytes = append(x.eventBytes, make([]byte, size)...)
	data := x.eventBytes[from:]
	switch kind {
	case eventStack:
		if !c.localBytes(x, data, ptr, "the event's data") {
			return 0, false
		}
	case eventMapValue:
		p, _, ok := c.resolve(x, (uint64(ptrHi)<<8+uint64(ptr))&(1<<40-1), size, false)
		if !ok {
			return 0, false
		}
		copy(data, p.data)
	default:
		c.fail(x, FaultUnsupported, "not supported: event data of pointer type %d", kind)
		return 0, false
	}
	ev := Event{Map: id, Flags: flags, Data: data}
	from = len(x.eventBytes)
	x.eventBytes = append(x.eventBytes, x.buf[lo:lo+extra]...)
	ev.Packet = x.eventBytes[from:]
	x.events = append(x.events, ev)
	return 0, true
}

// localBytes copies bytes of local memory from byte address addr on; a word's
// first byte is its least significant.
func (c *core) localBytes(x *context, dst []byte, addr uint32, what string) bool {
	for i := range dst {
		a := addr + uint32(i)
		w := a >> 2 & (lmWords - 1)
		if w-x.lmLo >= x.lmLen {
			c.fail(x, FaultLocalMemory, "%s of a firmware routine reaches local-memory byte %d, outside the context's packet vector and stack", what, a)
			return false
		}
		v := c.lm[w]
		if v>>32>>(8*(a&3))&0xff != 0 {
			c.fail(x, FaultUndefined, "byte %d of %s of a firmware routine was written by nobody", i, what)
			return false
		}
		dst[i] = byte(v >> (8 * (a & 3)))
	}
	return true
}

func resize(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}
