package firmware

import (
	"fmt"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim/core"
	"github.com/skipsw/skipsw/sim/hostmap"
	"github.com/skipsw/skipsw/translate/bpf"
)

// Agilio models the Agilio BPF firmware: maps and events are routines.
type Agilio struct {
	*Convention
	tables map[uint32]*hostmap.Map
	key    []byte
	value  []byte
	sent   []sent // of each context
	keep   uint32 // registers of both banks that routines keep
	index  uint8  // index registers that they keep
}

// NewAgilio makes the model.
func NewAgilio(cfg Config) (Model, error) {
	v, err := NewConvention(cfg)
	if err != nil {
		return nil, err
	}
	if v.t.Calls.Map == nil {
		return nil, unsupported.New("target "+v.t.Name+" without calls.map", "the firmware's routines serve all maps")
	}
	f := &Agilio{Convention: v, tables: map[uint32]*hostmap.Map{}, sent: make([]sent, max(cfg.Cores, 1)*core.Contexts)}
	for _, r := range v.t.Calls.Kept {
		f.keep |= 1 << r
	}
	for _, i := range v.t.Calls.KeptIndexes {
		f.index |= 1 << i
	}
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

// Enter forgets the events of the packet before, too.
func (f *Agilio) Enter(x *core.Context, in *Input) {
	f.sent[place(x)].clear()
	f.Convention.Enter(x, in)
}

// Events returns what the context's packet has sent.
func (f *Agilio) Events(x *core.Context) []Event { return f.sent[place(x)].events }

// Call executes a map or event routine by the target's calling convention.
func (f *Agilio) Call(x *core.Context, helper bpf.HelperID) (uint32, core.Cost, bool) {
	back, ok := f.arg(x, f.t.Calls.Return, "the return address")
	if !ok {
		return 0, core.Cost{}, false
	}
	var result uint64
	var cost core.Cost
	switch {
	case helper == bpf.HelperMapLookupElem, helper == bpf.HelperMapUpdateElem, helper == bpf.HelperMapDeleteElem:
		result, cost, ok = f.mapCall(x, helper)
	case helper == bpf.HelperPerfEventOutput && f.t.Event != nil:
		cost = f.cfg.Costs.Event
		result, ok = f.event(x, f.t.Event)
	default:
		x.Fail(core.FaultUnsupported, "%v", unsupported.New("firmware routine for "+helper.String(), "the model has none"))
		ok = false
	}
	if !ok {
		return 0, cost, false
	}
	x.Lose(f.keep, f.index)
	for i, w := range [...]uint32{uint32(result), uint32(result >> 32)} {
		a, b := both(f.t.Calls.Result + target.GPR(i))
		x.SetReg(a, w)
		x.SetReg(b, w)
	}
	return back, cost, true
}

// arg returns a register that a routine needs; what names it.
func (f *Agilio) arg(x *core.Context, r target.Reg, what string) (uint32, bool) {
	if v, unwritten := x.Reg(r); unwritten == 0 {
		return v, true
	}
	return x.Arg(r, what+" of a firmware routine was written by nobody")
}

// mapCall executes lookup, update or delete.
func (f *Agilio) mapCall(x *core.Context, helper bpf.HelperID) (result uint64, cost core.Cost, ok bool) {
	id, ok := f.arg(x, *f.t.Calls.Map, "the table number")
	if !ok {
		return 0, cost, false
	}
	m := f.table(id)
	if m == nil {
		x.Fail(core.FaultMemory, "%v is called with table number %d, which no map has", helper, id)
		return 0, cost, false
	}
	f.key = resize(f.key, m.KeySize())
	keyAt, _ := x.Pointer(int(f.t.Calls.Key.Index))
	if !x.LocalBytes(f.key, keyAt, "the key") {
		return 0, cost, false
	}
	costs := &f.cfg.Costs
	switch helper {
	case bpf.HelperMapUpdateElem:
		result, ok = f.update(x, m)
		return result, costs.Update, ok
	case bpf.HelperMapDeleteElem:
		return m.Remove(f.key).Result(), costs.Delete, true
	}
	cost = costs.LookupArray
	if !m.IsArray() {
		cost = costs.LookupHash
	}
	if addr, ok := m.Find(f.key); ok {
		result = pointer(addr)
	}
	return result, cost, true
}

// pointer returns an address as programs have it: address bits 31:0 in the low
// word, bits 39:32 in bits 31:24 of the high word.
func pointer(addr uint64) uint64 { return addr>>32<<56 | addr&(1<<32-1) }

// address returns the address of a pointer.
func address(low, high uint32) uint64 { return (uint64(high)<<8 + uint64(low)) & (1<<40 - 1) }

// update stores the value that the value's index register points at.
func (f *Agilio) update(x *core.Context, m *hostmap.Map) (uint64, bool) {
	flagsReg, _ := both(f.t.Calls.Flags)
	flags, ok := f.arg(x, flagsReg, "the flags argument")
	if !ok {
		return 0, false
	}
	f.value = resize(f.value, m.ValueSize())
	index := int(f.t.Calls.Value.Index)
	valueAt, written := x.Pointer(index)
	if !written {
		x.Fail(core.FaultUndefined, "map update without ActLMAddr%d", index)
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
	return errno.Result(), true
}

// maxEvent is the most data and packet bytes of an event.
const maxEvent = 1 << 14

// event records a perf event. The high word of the flags is the number of
// packet bytes.
func (f *Agilio) event(x *core.Context, e *target.Event) (uint64, bool) {
	kind, ok := f.arg(x, e.Kind, "an argument")
	if !ok {
		return 0, false
	}
	var args [6]uint32
	for i, r := range [...]target.GPR{e.Map, e.Flags, e.Flags + 1, e.Data, e.Data + 1, e.Size} {
		a, _ := both(r)
		if args[i], ok = f.arg(x, a, "an argument"); !ok {
			return 0, false
		}
	}
	id, flags, extra, size := args[0], args[1], args[2], args[5]
	frame := x.Frame()
	if size > maxEvent || extra > uint32(len(frame)) {
		return bpf.EFAULT.Result(), true
	}
	s := &f.sent[place(x)]
	from := len(s.bytes)
	s.bytes = append(s.bytes, make([]byte, size)...)
	data := s.bytes[from:]
	switch kind {
	case uint32(e.Stack):
		ok = x.LocalBytes(data, args[3], "the event's data")
	case uint32(e.MapValue):
		ok = x.MemoryBytes(data, address(args[3], args[4]))
	default:
		x.Fail(core.FaultUnsupported, "%v", unsupported.New(fmt.Sprintf("event data of pointer type %d", kind), "events have data on the stack or in map values"))
		ok = false
	}
	if !ok {
		return 0, false
	}
	ev := Event{Map: id, Flags: flags, Data: data}
	from = len(s.bytes)
	s.bytes = append(s.bytes, frame[:extra]...)
	ev.Packet = s.bytes[from:]
	s.events = append(s.events, ev)
	return 0, true
}

func resize(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}
