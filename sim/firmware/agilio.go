package firmware

import (
	"syscall"

	"github.com/skipsw/skipsw/sim/core"
	"github.com/skipsw/skipsw/sim/hostmap"
)

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

// Agilio models the Agilio BPF firmware: maps and events are routines, and the
// exit word is an action.
type Agilio struct {
	*Convention
	tables map[uint32]*hostmap.Map
	key    []byte
	value  []byte
	sent   []sent // of each context
}

// sent is the events of a context's packet.
type sent struct {
	events []Event
	bytes  []byte
}

// NewAgilio makes the model.
func NewAgilio(cfg Config) (Model, error) {
	v, err := NewConvention(cfg)
	if err != nil {
		return nil, err
	}
	f := &Agilio{Convention: v, tables: map[uint32]*hostmap.Map{}, sent: make([]sent, max(cfg.Cores, 1)*core.Contexts)}
	for _, m := range cfg.Maps {
		f.tables[m.Info().ID] = m
	}
	return f, nil
}

// table returns the map of a number, or nil.
func (f *Agilio) table(id uint32) *hostmap.Map {
	if m := f.tables[id]; m != nil {
		return m
	}
	return f.cfg.Tables[id]
}

func (f *Agilio) sentBy(x *core.Context) *sent {
	return &f.sent[x.Core().ID()*core.Contexts+x.Slot()]
}

// Enter forgets the events of the packet before, too.
func (f *Agilio) Enter(x *core.Context, in *Input) {
	s := f.sentBy(x)
	s.events, s.bytes = s.events[:0], s.bytes[:0]
	f.Convention.Enter(x, in)
}

// Events returns what the context's packet has sent.
func (f *Agilio) Events(x *core.Context) []Event { return f.sentBy(x).events }

// Leave turns the action into a verdict.
func (f *Agilio) Leave(x *core.Context, program int, out *Outcome) bool {
	if !f.Convention.Leave(x, program, out) {
		return false
	}
	v, ok := f.verdict(f.cfg.Image.Programs[program].Type, out.Code)
	if !ok {
		x.Fail(core.FaultExit, "exit word %#x is no action", out.Code)
	}
	out.Verdict = v
	return ok
}

// verdict returns the eBPF verdict that an exit word stands for.
func (f *Agilio) verdict(progType string, code uint32) (uint32, bool) {
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

// Call executes a map or event routine. The return address is in B0, the
// result goes to A0/B0 (low) and A1/B1 (high).
func (f *Agilio) Call(x *core.Context, helper uint32) (uint32, core.Cost, bool) {
	back, ok := f.arg(x, core.FileB, 0, "the return address")
	if !ok {
		return 0, core.Cost{}, false
	}
	var result uint64
	var cost core.Cost
	switch helper {
	case helperLookup, helperUpdate, helperDelete:
		result, cost, ok = f.mapCall(x, helper)
	case helperEvent:
		cost = f.cfg.Costs.Event
		result, ok = f.event(x)
	default:
		x.Fail(core.FaultUnsupported, "not supported: firmware routine for helper %d", helper)
		ok = false
	}
	if !ok {
		return 0, cost, false
	}
	x.Lose(keep, keep)
	for _, file := range [...]core.File{core.FileA, core.FileB} {
		x.SetReg(file, 0, uint32(result))
		x.SetReg(file, 1, uint32(result>>32))
	}
	return back, cost, true
}

// keep is the registers that routines keep: 12 to 22, and 29.
const keep = 1<<23 - 1<<12 | 1<<29

// arg returns a register that a routine needs; what names it.
func (f *Agilio) arg(x *core.Context, file core.File, n int, what string) (uint32, bool) {
	if v, unwritten := x.Reg(file, n); unwritten == 0 {
		return v, true
	}
	return x.Arg(file, n, what+" of a firmware routine was written by nobody")
}

// mapCall executes lookup, update or delete.
func (f *Agilio) mapCall(x *core.Context, helper uint32) (result uint64, cost core.Cost, ok bool) {
	id, ok := f.arg(x, core.FileA, 0, "the table number")
	if !ok {
		return 0, cost, false
	}
	m := f.table(id)
	if m == nil {
		x.Fail(core.FaultMemory, "map helper %d is called with table number %d, which no map has", helper, id)
		return 0, cost, false
	}
	f.key = resize(f.key, m.KeySize())
	keyAt, _ := x.Pointer(0)
	if !x.LocalBytes(f.key, keyAt, "the key") {
		return 0, cost, false
	}
	costs := &f.cfg.Costs
	switch helper {
	case helperUpdate:
		result, ok = f.update(x, m)
		return result, costs.Update, ok
	case helperDelete:
		return negative(m.Remove(f.key)), costs.Delete, true
	}
	cost = costs.LookupArray
	if !m.IsArray() {
		cost = costs.LookupHash
	}
	if addr, ok := m.Find(f.key); ok {
		result = hostmap.Base>>8<<32 + (addr - hostmap.Base)
	}
	return result, cost, true
}

// update stores the value at ActLMAddr2 under the key.
func (f *Agilio) update(x *core.Context, m *hostmap.Map) (uint64, bool) {
	flags, ok := f.arg(x, core.FileA, 8, "the flags argument")
	if !ok {
		return 0, false
	}
	f.value = resize(f.value, m.ValueSize())
	valueAt, written := x.Pointer(2)
	if !written {
		x.Fail(core.FaultUndefined, "map update without ActLMAddr2")
		return 0, false
	}
	if !x.LocalBytes(f.value, valueAt, "the value") {
		return 0, false
	}
	addr, errno := m.Place(f.key, uint64(flags))
	if errno == 0 {
		// The routine stores words as they are; only hosts swap counters.
		copy(m.Bytes(addr), f.value)
	}
	return negative(errno), true
}

// Pointer types that a program passes with an event.
const (
	eventMapValue = 4
	eventStack    = 6
	// maxEvent is the most data and packet bytes of an event.
	maxEvent = 1 << 14
)

// event records a perf event: R2 is the map, R3 flags and packet length, R4
// and R5 the data, A1 the kind of the data pointer.
func (f *Agilio) event(x *core.Context) (uint64, bool) {
	var args [7]uint32
	for i, reg := range [...]int{4, 6, 7, 8, 9, 10, 1} {
		v, ok := f.arg(x, core.FileA, reg, "an argument")
		if !ok {
			return 0, false
		}
		args[i] = v
	}
	id, flags, extra, ptr, ptrHi, size, kind := args[0], args[1], args[2], args[3], args[4], args[5], args[6]
	frame := x.Frame()
	if size > maxEvent || extra > uint32(len(frame)) {
		return negative(syscall.EFAULT), true
	}
	s := f.sentBy(x)
	from := len(s.bytes)
	s.bytes = append(s.bytes, make([]byte, size)...)
	data := s.bytes[from:]
	switch kind {
	case eventStack:
		if !x.LocalBytes(data, ptr, "the event's data") {
			return 0, false
		}
	case eventMapValue:
		if !x.MemoryBytes(data, (uint64(ptrHi)<<8+uint64(ptr))&(1<<40-1)) {
			return 0, false
		}
	default:
		x.Fail(core.FaultUnsupported, "not supported: event data of pointer type %d", kind)
		return 0, false
	}
	ev := Event{Map: id, Flags: flags, Data: data}
	from = len(s.bytes)
	s.bytes = append(s.bytes, frame[:extra]...)
	ev.Packet = s.bytes[from:]
	s.events = append(s.events, ev)
	return 0, true
}

func negative(e syscall.Errno) uint64 { return uint64(-int64(e)) }

func resize(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}
