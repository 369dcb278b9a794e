package sim

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
)

// Machine is one core with an image loaded, its maps, and the firmware that
// the image was made for.
type Machine struct {
	img  *image.Image
	spec Spec
	core core
	mem  memory
	maps []*Map // in the image's order
}

// Targets whose firmware the simulator knows.
const (
	targetAgilio = "agilio"
	targetSkipsw = "skipsw"
)

// New loads an image. Words that are no instructions are faults when they
// execute, not errors here.
func New(img *image.Image, spec Spec) (*Machine, error) {
	m := &Machine{img: img, spec: spec}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("sim: %w", err)
	}
	cd, err := predecode(img, &m.spec)
	if err != nil {
		return nil, fmt.Errorf("sim: %w", err)
	}
	if err := m.placeMaps(); err != nil {
		return nil, fmt.Errorf("sim: %w", err)
	}
	c := &m.core
	c.code, c.spec, c.mem = cd, &m.spec, &m.mem
	c.alone = true
	c.undefined = spec.Checks&CheckUndefined != 0
	c.blank = uint64(spec.Unwritten)
	if c.undefined {
		c.blank |= undefAll
		c.logic = flagUndef
	}
	for i := range c.ctx {
		x := &c.ctx[i]
		x.slot = uint8(i)
		x.bufAddr = packetAddress(uint32(i) + 1)
		x.constants()
		x.reset(c.blank)
	}
	c.fw = bareFirmware{}
	if m.firmware() == targetAgilio {
		f := &agilioFirmware{tables: map[uint32]*Map{}}
		for _, mp := range m.maps {
			f.tables[mp.info.ID] = mp
		}
		c.fw = f
	}
	if spec.Profile {
		c.prof = newProfile(cd.words)
	}
	return m, m.Reset()
}

// firmware names the interface that the machine provides.
func (m *Machine) firmware() string {
	if m.spec.Interface != "" {
		return m.spec.Interface
	}
	if m.img.Target == nil {
		return ""
	}
	return m.img.Target.Firmware
}

// check rejects what the machine cannot take.
func (m *Machine) check() error {
	img, s := m.img, &m.spec
	if t := m.firmware(); t != targetAgilio && t != targetSkipsw {
		return fmt.Errorf("not supported: target %q; the simulator has the interfaces of %s and %s, Spec.Interface can name one of them", t, targetAgilio, targetSkipsw)
	}
	if img.Machine.Mode != nfpisa.Ctx4 {
		return fmt.Errorf("not supported: eight contexts, because the interfaces of both targets are for four")
	}
	if n := s.PacketBuffer; n < 256 || n > 8192 || n&(n-1) != 0 {
		return fmt.Errorf("packet buffer of %d bytes; it must be a power of two from 256 to 8192", n)
	}
	if s.PacketOffset < 0 || s.PacketOffset >= s.PacketBuffer {
		return fmt.Errorf("packet offset %d lies outside the packet buffer of %d bytes", s.PacketOffset, s.PacketBuffer)
	}
	if s.Budget == 0 {
		return fmt.Errorf("cycle budget is 0; DefaultSpec has a sensible one")
	}
	if img.Machine.StackSize > maxStack {
		return fmt.Errorf("image uses %d bytes of stack; a context has %d", img.Machine.StackSize, maxStack)
	}
	for _, p := range img.Programs {
		if int(p.Entry) >= len(img.Words) {
			return fmt.Errorf("program %q begins at word %d of %d", p.Name, p.Entry, len(img.Words))
		}
	}
	return nil
}

// Limits of map memory.
const (
	mapAlign  = 256
	maxRegion = 1 << 30
)

// isArray tells the maps that are addressed by index.
func isArray(typ string) bool { return typ == "array" || typ == "percpu_array" }

// placeMaps lays the maps out in memory.
func (m *Machine) placeMaps() error {
	next := uint64(mapAlign)
	for i := range m.img.Maps {
		info := m.img.Maps[i]
		mp, err := m.placeMap(info, next)
		if err != nil {
			return fmt.Errorf("map %q: %w", info.Name, err)
		}
		if mp == nil {
			continue
		}
		if mp.hi > maxRegion {
			return fmt.Errorf("map %q: map memory of %d bytes is more than %d", info.Name, mp.hi, maxRegion)
		}
		next = max(next, (mp.hi+mapAlign-1)&^(mapAlign-1))
		m.maps = append(m.maps, mp)
	}
	m.mem.maps = slices.SortedFunc(slices.Values(m.maps), func(a, b *Map) int { return cmp.Compare(a.lo, b.lo) })
	for i := 1; i < len(m.mem.maps); i++ {
		if a, b := m.mem.maps[i-1], m.mem.maps[i]; a.hi > b.lo {
			return fmt.Errorf("maps %q and %q overlap in memory", a.info.Name, b.info.Name)
		}
	}
	m.mem.arena = make([]byte, next+mapAlign)
	for _, mp := range m.maps {
		switch t := mp.table.(type) {
		case *chainTable:
			t.mem = m.mem.arena[mp.lo:mp.hi]
		case *trieTable:
			t.mem = m.mem.arena[mp.lo:mp.hi]
		}
	}
	return nil
}

func (m *Machine) placeMap(info image.Map, next uint64) (*Map, error) {
	if (isArray(info.Type) || isArray(info.Layout)) && info.KeySize != 4 {
		return nil, fmt.Errorf("key of %d bytes, an array has 4", info.KeySize)
	}
	if (info.ValueSize == 0 || info.KeySize == 0) && info.Type != "perf_event_array" {
		return nil, fmt.Errorf("key of %d bytes and value of %d; neither can be 0", info.KeySize, info.ValueSize)
	}
	if uint64(info.ValueSize)*uint64(info.MaxEntries) > maxRegion {
		return nil, fmt.Errorf("%d values of %d bytes are more than %d bytes", info.MaxEntries, info.ValueSize, maxRegion)
	}
	stride := (info.ValueSize + 7) &^ 7
	size := uint64(stride) * uint64(info.MaxEntries)
	if info.Layout != "" && (info.Base < emBase+8 || info.Base-emBase >= maxRegion || info.Base&7 != 0) {
		return nil, fmt.Errorf("base address %#x is not in map memory, which begins at %#x", info.Base, uint64(emBase))
	}
	switch info.Layout {
	case "":
		switch {
		case isArray(info.Type):
			return m.arrayMap(info, next, stride), nil
		case info.Type == "hash":
			mp := newMap(&m.mem, info, next, next+size, stride)
			mp.values = valuesIn{stride: uint64(stride)}
			mp.table = &firmwareTable{lo: next, stride: uint64(stride), entries: info.MaxEntries}
			return mp, nil
		case info.Type == "perf_event_array":
			return nil, nil // belongs to the host
		}
	case "array", "percpu_array":
		if info.Stride < stride || info.Stride&7 != 0 {
			return nil, fmt.Errorf("stride %d does not hold a value of %d bytes", info.Stride, info.ValueSize)
		}
		return m.arrayMap(info, info.Base-emBase, info.Stride), nil
	case "hash":
		t, err := newChainTable(&info)
		if err != nil {
			return nil, err
		}
		mp := newMap(&m.mem, info, t.lo, t.lo+t.size(), info.Stride)
		mp.table, mp.values = t, valuesIn{t.first, t.stride, t.value}
		return mp, nil
	case "lpm_trie":
		t, err := newTrieTable(&info)
		if err != nil {
			return nil, err
		}
		mp := newMap(&m.mem, info, t.lo, t.lo+t.size(), info.Stride)
		mp.table, mp.values = t, valuesIn{t.first, t.stride, t.value}
		return mp, nil
	}
	return nil, fmt.Errorf("not supported: type %q in layout %q", info.Type, info.Layout)
}

func (m *Machine) arrayMap(info image.Map, lo uint64, stride uint32) *Map {
	mp := newMap(&m.mem, info, lo, lo+uint64(stride)*uint64(info.MaxEntries), stride)
	mp.values = valuesIn{stride: uint64(stride)}
	mp.table = &arrayTable{lo: lo, stride: uint64(stride), entries: info.MaxEntries, keySize: info.KeySize}
	return mp
}

// Map returns the map of a name.
func (m *Machine) Map(name string) (*Map, bool) {
	for _, mp := range m.maps {
		if mp.info.Name == name {
			return mp, true
		}
	}
	return nil, false
}

// Maps returns all maps in the image's order.
func (m *Machine) Maps() []*Map { return m.maps }

// Reset brings back the initial contents of all maps and the state of the
// core; counts of a profile stay.
func (m *Machine) Reset() error {
	for _, mp := range m.maps {
		if err := mp.reset(); err != nil {
			return fmt.Errorf("sim: map %q: %w", mp.info.Name, err)
		}
	}
	c := &m.core
	c.now, c.random = 0, m.spec.Seed
	c.cam, c.crc = cam{}, 0
	clear(c.csrs[:])
	m.mem.free = [numUnits]uint64{}
	return nil
}

// Run sends a packet through a program, alone on the core.
func (m *Machine) Run(in Input) Result {
	var res Result
	c := &m.core
	x := &c.ctx[0]
	if f := m.refuse(&in); f != nil {
		res.Fault = f
		return res
	}
	c.now, m.mem.free = 0, [numUnits]uint64{}
	c.enter(x, m.img.Programs[in.Program].Entry, &in, m.img.Machine.StackSize)
	c.begin(x)
	m.finish(x, c.run(x), &res)
	return res
}

// refuse returns a fault for input that the machine cannot take.
func (m *Machine) refuse(in *Input) *Fault {
	if in.Program < 0 || in.Program >= len(m.img.Programs) {
		return &Fault{Kind: FaultInput, Word: -1, Insn: -1, Reason: fmt.Sprintf("program %d of %d", in.Program, len(m.img.Programs))}
	}
	if room := m.spec.PacketBuffer - m.spec.PacketOffset; len(in.Packet) > room {
		return &Fault{Kind: FaultInput, Word: -1, Insn: -1, Reason: fmt.Sprintf("packet of %d bytes; the buffer takes %d", len(in.Packet), room)}
	}
	return nil
}

// finish fills in the result of a context that stopped.
func (m *Machine) finish(x *context, s stop, res *Result) {
	c := &m.core
	c.switched(x, SwitchEnd)
	res.Cycles = c.now - x.start
	res.MemWait, res.Commands = x.waited, x.commands
	res.Instructions = res.Cycles - x.waited - x.lost
	res.Events = x.events
	if s == stopDone && c.leave(x, res) {
		v, ok := c.fw.verdict(m.img.Programs[x.program].Type, res.Code)
		if ok {
			res.Verdict = v
			return
		}
		c.fail(x, FaultExit, "exit word %s is no action", hex32(res.Code))
	}
	if s == stopDone {
		x.fault.Cycle = res.Cycles
	}
	res.Fault = x.fault
}
