package sim

import (
	"fmt"
	"io"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim/core"
	"github.com/skipsw/skipsw/sim/firmware"
	"github.com/skipsw/skipsw/sim/mem"
	"github.com/skipsw/skipsw/sim/trace"
)

// Machine is one core with an image loaded, its maps, and the firmware that
// the image was made for.
type Machine struct {
	img     *image.Image
	spec    Spec
	core    *core.Core
	mem     *mem.System
	model   firmware.Model
	maps    []*Map // in the image's order
	profile *Profile
	program [core.Contexts]int // of each context
	in      Input              // of the packet that enters
	out     firmware.Outcome   // of the packet that leaves
}

// New loads an image. Words that are no instructions are faults when they
// execute, not errors here.
func New(img *image.Image, spec Spec) (*Machine, error) {
	m := &Machine{img: img, spec: spec}
	if err := m.load(); err != nil {
		return nil, fmt.Errorf("sim: %w", err)
	}
	return m, nil
}

func (m *Machine) load() error {
	if err := m.check(); err != nil {
		return err
	}
	code, err := core.Load(m.img, m.spec.CorrectECC)
	if err != nil {
		return err
	}
	memory := m.spec.Memory
	if memory == nil {
		memory = NewMemory(m.spec)
	}
	m.mem = memory.system
	for _, info := range m.img.Maps {
		mp, err := memory.space.Create(info)
		if err != nil {
			return err
		}
		if mp != nil {
			m.maps = append(m.maps, mp)
		}
	}
	models := m.spec.Models
	if models == nil {
		models = firmware.Builtin()
	}
	m.model, err = models.New(m.firmware(), firmware.Config{
		Image: m.img, Maps: m.maps, Tables: memory.tables, Costs: m.spec.Firmware, PacketOffset: m.spec.PacketOffset, Cores: 1,
	})
	if err != nil {
		return err
	}
	m.core = core.New(m.config(), core.Wiring{Code: code, Memory: m.mem, Routines: m.model, Buffers: m.buffers()})
	return nil
}

// config returns the core's parameters.
func (m *Machine) config() core.Config {
	s := &m.spec
	cfg := core.Config{
		Checks: s.Checks, Budget: s.Budget, PointerLatency: s.PointerLatency, SwapSlots: s.SwapSlots,
		Unwritten: s.Unwritten, Seed: s.Seed, PacketBuffer: s.PacketBuffer, View: firmware.View(), Hooks: s.Hooks,
	}
	if s.Profile {
		m.profile = trace.NewProfile(len(m.img.Words))
		cfg.Hooks = m.profile.Hooks().Join(cfg.Hooks)
	}
	return cfg
}

// packetAddress is the 32-bit memory address of a packet's buffer.
func packetAddress(number uint32) uint32 { return 1<<31 | number<<16 }

func (m *Machine) buffers() (out [core.Contexts]*mem.Region) {
	for i := range out {
		out[i] = &mem.Region{
			Name: "packet buffer", Unit: mem.CTM, Base: uint64(packetAddress(uint32(i) + 1)),
		}
	}
	return out
}

// firmware names the model that the machine provides.
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
	for _, p := range img.Programs {
		if int(p.Entry) >= len(img.Words) {
			return fmt.Errorf("program %q begins at word %d of %d", p.Name, p.Entry, len(img.Words))
		}
	}
	return nil
}

// Map returns the map of a name.
func (m *Machine) Map(name string) (*Map, bool) {
	for _, mp := range m.maps {
		if mp.Info().Name == name {
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
		if err := mp.Reset(); err != nil {
			return fmt.Errorf("sim: map %q: %w", mp.Info().Name, err)
		}
	}
	m.core.Reset()
	m.mem.Restart()
	return nil
}

// Run sends a packet through a program, alone on the core.
func (m *Machine) Run(in Input) Result {
	var res Result
	if f := m.refuse(&in); f != nil {
		res.Fault = f
		return res
	}
	c, x := m.core, m.core.Context(0)
	c.Restart()
	m.mem.Restart()
	m.in = in
	m.enter(x, &m.in)
	c.Begin(x)
	m.finish(x, c.RunAlone(x), &res)
	return res
}

func (m *Machine) enter(x *core.Context, in *Input) {
	m.program[x.Slot()] = in.Program
	m.model.Enter(x, in)
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
func (m *Machine) finish(x *core.Context, s core.Stop, res *Result) {
	n := x.End()
	res.Cycles, res.Instructions, res.Commands, res.MemWait = n.Cycles, n.Instructions, n.Commands, n.MemWait
	res.Events = m.model.Events(x)
	if s == core.StopDone {
		out := &m.out
		*out = firmware.Outcome{}
		ok := m.model.Leave(x, m.program[x.Slot()], out)
		res.Verdict, res.Code, res.Packet, res.QueueSelected, res.Queue = out.Verdict, out.Code, out.Packet, out.QueueSelected, out.Queue
		if ok {
			return
		}
		x.Fault().Cycle = res.Cycles
	}
	res.Fault = x.Fault()
}

// Profile returns the counts since New, or nil when Spec.Profile is off.
func (m *Machine) Profile() *Profile { return m.profile }

// WriteProfile writes the counts as a gzipped pprof profile with two values a
// sample: cycles and executed instructions. Addresses are control-store
// addresses, lines are those of the C source.
func (m *Machine) WriteProfile(w io.Writer) error {
	if m.profile == nil {
		return fmt.Errorf("sim: no profile was taken; set Spec.Profile")
	}
	return m.profile.Write(w, m.img)
}
