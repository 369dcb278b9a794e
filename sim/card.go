package sim

import (
	"fmt"
	"io"
	"math/bits"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim/core"
	"github.com/skipsw/skipsw/sim/firmware"
	"github.com/skipsw/skipsw/sim/hostmap"
	"github.com/skipsw/skipsw/sim/mem"
	"github.com/skipsw/skipsw/sim/trace"
)

// card is what the cores that run one image have in common.
type card struct {
	img       *image.Image
	spec      Spec
	code      *core.Code
	mem       *mem.System
	space     *hostmap.Space // the maps'
	first     int            // number of the first context there
	model     firmware.Model
	maps      []*Map     // in the image's order
	packets   mem.UnitID // where packet buffers are
	rest      *rest      // where long packets go on, or nil
	profile   *Profile
	maxPacket int              // bytes that the packet vector can describe
	program   []int            // of each context of each core
	in        Input            // of the packet that enters
	out       firmware.Outcome // of the packet that leaves
}

// load puts an image on a card for a number of cores; shared says that they are
// advanced together.
func (m *card) load(img *image.Image, spec Spec, cores int, shared bool) error {
	m.img, m.spec = img, spec
	if err := m.check(cores); err != nil {
		return err
	}
	var err error
	if m.code, err = m.decode(); err != nil {
		return err
	}
	m.maxPacket = img.Target.MaxPacket()
	memory := spec.Memory
	if memory == nil {
		if memory, err = newMemory(img.Target, &spec, cores, img); err != nil {
			return err
		}
	}
	if err := memory.admits(shared); err != nil {
		return err
	}
	m.mem, m.space = memory.system, memory.space
	if shared {
		m.space.SetCPUs(cores * core.Contexts)
	}
	if m.packets, err = memory.unit(img.Target.Packet.Memory); err != nil {
		return err
	}
	if m.rest, err = memory.rest(img); err != nil {
		return err
	}
	if spec.Profile {
		m.profile = trace.NewProfile(len(img.Words))
	}
	m.program = make([]int, cores*core.Contexts)
	if m.maps, err = memory.createAll(img.Maps); err != nil {
		return err
	}
	if err := m.fillNetwork(); err != nil {
		memory.freeAll(m.maps)
		return err
	}
	m.guardSlots()
	m.guardEnds()
	if m.model, err = m.newModel(memory.tables); err != nil {
		memory.freeAll(m.maps)
		return err
	}
	memory.claim(shared)
	m.first = m.space.Join(cores * core.Contexts)
	return nil
}

// decode decodes the image's words.
func (m *card) decode() (*core.Code, error) {
	grant := core.Everything()
	if m.spec.Checks&CheckGrant != 0 {
		grant = firmware.Granted(m.img.Target)
	}
	return core.Load(m.img, grant, m.spec.CorrectECC)
}

// newModel makes the firmware around the image.
func (m *card) newModel(tables map[uint32]*Map) (firmware.Model, error) {
	models := m.spec.Models
	if models == nil {
		models = firmware.Builtin()
	}
	return models.New(m.firmware(), firmware.Config{
		Image: m.img, Maps: m.maps, Tables: tables, Costs: m.spec.Firmware, PacketOffset: m.spec.PacketOffset, Linear: m.linear(), KeepRecords: m.spec.KeepRecords,
		Cores: len(m.program) / core.Contexts,
	})
}

// newCore makes core id; shared says that there are others.
func (m *card) newCore(id int, shared bool) *core.Core {
	return core.New(m.config(), core.Wiring{
		ID: id, Shared: shared, Code: m.code, Memory: m.mem, Routines: m.model, Buffers: m.buffers(id), Fragments: m.rest.of(id, &m.img.Target.Packet),
	})
}

// config returns the core's parameters.
func (m *card) config() core.Config {
	s := &m.spec
	cfg := core.Config{
		Checks: s.Checks, Budget: s.Budget, PointerLatency: uint32(m.img.Target.LocalMemory.PointerDelay), SwapSlots: s.SwapSlots,
		WorkerWaits: m.img.Target.Exit.Writes == target.WritesWorker,
		Unwritten:   s.Unwritten, Seed: s.Seed, PacketBuffer: s.PacketBuffer, View: firmware.View(m.img.Target, len(m.img.Programs) > 0 && m.img.Programs[0].Type == "tc", s.PacketBuffer), Hooks: s.Hooks,
	}
	if m.profile != nil {
		cfg.Hooks = m.profile.Hooks().Join(cfg.Hooks)
	}
	return cfg
}

// bufferNumbers returns how many packet buffers pointers tell apart.
func bufferNumbers(p *target.Packet) int {
	return 1 << (bits.TrailingZeros64(p.PointerSet) - int(p.NumberLow))
}

// buffers returns the packet buffers of a core.
func (m *card) buffers(id int) (out [core.Contexts]*mem.Region) {
	p := &m.img.Target.Packet
	for i := range out {
		number := uint64(id*core.Contexts + i + 1)
		out[i] = &mem.Region{Name: "packet buffer", Unit: m.packets, Base: p.PointerSet | number<<p.NumberLow, Size: uint64(m.spec.PacketBuffer)}
	}
	return out
}

// firmware names the model that the machine provides.
func (m *card) firmware() string {
	if m.spec.Interface != "" {
		return m.spec.Interface
	}
	return m.img.Target.Firmware
}

// check rejects what the machine cannot take.
func (m *card) check(cores int) error {
	img, s := m.img, &m.spec
	if img.Target == nil {
		return fmt.Errorf("image says no target, so nobody knows what is around its code")
	}
	t := img.Target
	if err := t.CheckForm(); err != nil {
		return fmt.Errorf("target %s: %w", t.Name, err)
	}
	if img.Machine.Mode != nfpisa.Ctx4 || t.Core.Contexts != core.Contexts {
		return unsupported.New("eight contexts", "a core has four here")
	}
	if t.Core.CodeSharers != 1 {
		return unsupported.New(fmt.Sprintf("core.code_sharers %d", t.Core.CodeSharers), "a core has a control store of its own here")
	}
	if n := t.Packet.PointerBits; n > 32 {
		return unsupported.New(fmt.Sprintf("packet.pointer_bits %d", n), "the packet vector has a word for the pointer")
	}
	if most := bufferNumbers(&t.Packet); cores*core.Contexts >= most {
		return fmt.Errorf("%d cores of %d contexts; packet pointers of target %s tell %d buffers apart, without number 0", cores, core.Contexts, t.Name, most-1)
	}
	if c := &t.Card; c.CPUs == target.CPUsContext && cores*core.Contexts > c.Contexts {
		return fmt.Errorf("%d cores of %d contexts; target %s numbers %d, by card.contexts", cores, core.Contexts, t.Name, c.Contexts)
	}
	if len(img.Words) > t.Core.CodeWords {
		return fmt.Errorf("image has %d words; target %s has room for %d", len(img.Words), t.Name, t.Core.CodeWords)
	}
	most := 1 << t.Packet.OffsetBits
	if n := s.PacketBuffer; n < 256 || n > most || n&(n-1) != 0 {
		return fmt.Errorf("packet buffer of %d bytes; by packet.offset_bits of target %s it must be a power of two from 256 to %d", n, t.Name, most)
	}
	if s.PacketOffset < 0 || s.PacketOffset >= s.PacketBuffer {
		return fmt.Errorf("packet offset %d lies outside the packet buffer of %d bytes", s.PacketOffset, s.PacketBuffer)
	}
	if s.Linear < 0 {
		return fmt.Errorf("%d bytes of a long frame in its buffer; 0 is as many as there is room for", s.Linear)
	}
	if s.IslandCores < 0 {
		return fmt.Errorf("%d cores of an island; 0 is one island for all", s.IslandCores)
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
func (m *card) Map(name string) (*Map, bool) {
	for _, mp := range m.maps {
		if mp.Info().Name == name {
			return mp, true
		}
	}
	return nil, false
}

// Maps returns all maps in the image's order.
func (m *card) Maps() []*Map { return m.maps }

// resetMaps brings back the initial contents of all maps.
func (m *card) resetMaps() error {
	for _, mp := range m.maps {
		if err := mp.Reset(); err != nil {
			return fmt.Errorf("sim: map %q: %w", mp.Info().Name, err)
		}
	}
	return m.fillNetwork()
}

// fillNetwork puts the host's network into the maps for it.
func (m *card) fillNetwork() error {
	if m.spec.Network == nil {
		return nil
	}
	return m.spec.Network.Fill(m.maps)
}

// place returns the place of a context among those of all cores.
func place(x *core.Context) int { return x.Core().ID()*core.Contexts + x.Slot() }

func (m *card) enter(x *core.Context, in *Input) {
	m.space.Begin(m.first + place(x))
	m.program[place(x)] = in.Program
	m.model.Enter(x, in)
}

// MaxPacket returns the longest frame that the packet buffer and the packet
// vector take, in bytes.
func (m *card) MaxPacket() int {
	return min(firmware.End(m.img.Target, m.spec.PacketBuffer)-m.spec.PacketOffset, m.maxPacket)
}

// MaxFrame returns the longest frame that a program of the image takes, in bytes: one
// that takes frames in several pieces has more than a buffer.
func (m *card) MaxFrame(program int) int {
	if m.rest == nil || !m.img.Programs[program].Fragments {
		return m.MaxPacket()
	}
	return m.linear() + m.rest.size
}

// linear returns how many bytes of a long frame its buffer takes.
func (m *card) linear() int {
	if n := m.spec.Linear; n > 0 {
		return min(n, m.MaxPacket())
	}
	return m.MaxPacket()
}

// refuse returns a fault for input that the machine cannot take.
func (m *card) refuse(in *Input) *Fault {
	if in.Program < 0 || in.Program >= len(m.img.Programs) {
		return &Fault{Kind: FaultInput, Word: -1, Insn: -1, Reason: fmt.Sprintf("program %d of %d", in.Program, len(m.img.Programs))}
	}
	n, room := len(in.Packet), m.MaxFrame(in.Program)
	if n <= room {
		return nil
	}
	why := fmt.Sprintf("packet of %d bytes; the buffer and the packet vector take %d", n, room)
	if m.img.Programs[in.Program].Fragments {
		why = fmt.Sprintf("packet of %d bytes; the buffer, what lies behind it and the packet vector take %d", n, room)
	} else if m.rest != nil && n <= m.linear()+m.rest.size {
		why += ", and the program does not take more: " + HowFragments
	}
	return &Fault{Kind: FaultInput, Word: -1, Insn: -1, Reason: why}
}

// HowFragments says how a program comes to take frames that a packet buffer has no
// room for.
const HowFragments = `it must be in section xdp.frags, or be a tc program compiled with --frags`

// finish fills in the result of a context that stopped.
func (m *card) finish(x *core.Context, s core.Stop, res *Result) {
	m.space.End(m.first + place(x))
	n := x.End()
	res.Cycles, res.Instructions, res.Commands, res.MemWait, res.Settled = n.Cycles, n.Instructions, n.Commands, n.MemWait, n.Settled
	res.Events = m.model.Events(x)
	if s == core.StopDone {
		out := &m.out
		*out = firmware.Outcome{}
		ok := m.model.Leave(x, m.program[place(x)], out)
		res.Verdict, res.Code, res.Packet, res.QueueSelected, res.Queue = out.Verdict, out.Code, out.Packet, out.QueueSelected, out.Queue
		res.Redirect, res.Metadata, res.Before, res.Linear = out.Redirect, out.Metadata, out.Before, out.Linear
		res.Tunnel, res.Tunnelled, res.Skb, res.HasSkb = out.Tunnel, out.Tunnelled, out.Skb, out.HasSkb
		if ok {
			return
		}
		x.Fault().Cycle = res.Cycles
	}
	res.Fault = x.Fault()
}

// Profile returns the counts since New, or nil when Spec.Profile is off.
func (m *card) Profile() *Profile { return m.profile }

// WriteProfile writes the counts as a gzipped pprof profile with two values a
// sample: cycles and executed instructions. Addresses are control-store
// addresses, lines are those of the C source.
func (m *card) WriteProfile(w io.Writer) error {
	if m.profile == nil {
		return fmt.Errorf("sim: no profile was taken; set Spec.Profile")
	}
	return m.profile.Write(w, m.img)
}
