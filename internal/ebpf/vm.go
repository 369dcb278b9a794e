package ebpf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Options says how a VM runs. The zero value is right for most uses.
type Options struct {
	// OnStep is called before each instruction with its slot in the running
	// program (see VM.Running) and the registers. It must not change them.
	OnStep func(slot int, regs *[11]uint64)
	// Tail holds the programs that program arrays name, Called of the program if it
	// is nil. They share maps with it by the identity of *object.Map.
	Tail []*object.Program
	// MaxSteps is the number of instructions after which a run is a fault; 0
	// means DefaultMaxSteps.
	MaxSteps int
	// Raw makes programs start with R1 = Input.Memory and R2 = its length, the
	// other registers zero, whatever the program's type: the interface of
	// instruction set conformance suites.
	Raw bool
	// Addresses places the memory, Slide moves all of it, in bytes: 0 up to 1 MiB.
	Addresses Addresses
	Slide     int64
	// WatchStack asks to look for reads of stack bytes that the program has not
	// written, see VM.ReadUnwritten.
	WatchStack bool
	// Reserved is what the bytes of a record hold that a program has reserved and not
	// written: in a ring they are what was there before.
	Reserved byte
	// Network is what the helpers look into that ask for interfaces and routes.
	Network Network
	// Buffer bounds how far helpers that resize a frame move its ends; nil bounds
	// them as the kernel's test runs do.
	Buffer *Buffer
	// Linear is how many bytes of a frame lie between data and data_end for programs
	// that take frames in several pieces; 0 is all of them.
	Linear int
	// Order chooses the order of walks over hash maps, which is nobody's promise; 0
	// is that of the keys.
	Order uint64
	// Helpers replaces and adds helper functions by number. The registers
	// R1..R5 are passed, R0 is returned.
	Helpers map[bpf.HelperID]func(vm *VM, args [5]uint64) (uint64, error)
}

// Buffer is what a device's packet buffer lets the ends of a frame do, in bytes,
// where that is less than the kernel does.
type Buffer struct {
	// Back and Ahead are how far the start may move from where it was received,
	// to and from the front.
	Back, Ahead int
	// End is how far the end may be from where the start was received, 0 where it
	// does not move on.
	End int
	// Fragment is how many bytes of a frame may lie behind what is between data and
	// data_end.
	Fragment int
}

// DefaultMaxSteps bounds a run, in instructions.
const DefaultMaxSteps = 1 << 26

// Input is one packet with its surroundings.
type Input struct {
	Packet []byte
	// Memory is the memory of a raw run; the program works on a copy.
	Memory []byte
	// IngressIfindex is the interface that the packet came from; 0 means 1,
	// the loopback device that the kernel's test runs use.
	IngressIfindex uint32
	// EgressIfindex is the interface that the frame leaves by, for programs in entries
	// of device maps.
	EgressIfindex uint32
	RxQueue       uint32
	// Skb is the start of the writable fields of a tc program's context.
	Skb SkbFields
	// Tunnel is the key of the tunnel that the packet came out of, nil for none.
	Tunnel *Tunnel
	// Now is what the clock helpers return at first, in nanoseconds; Tick is how
	// much more at each further call.
	Now, Tick uint64
	// Seed starts the random helper's sequence.
	Seed uint64
}

// Result is what a run left behind.
type Result struct {
	R0 uint64
	// Packet is the frame afterwards, Memory a raw run's memory. Both are
	// valid until the next run.
	Packet []byte
	Memory []byte
	// Meta is the metadata in front of the packet. Valid until the next run.
	Meta []byte
	// Skb is the context of a tc program afterwards.
	Skb SkbFields
	// Queue is the receive queue that an XDP program chose by writing
	// rx_queue_index; QueueSet says that it did.
	Queue    uint32
	QueueSet bool
	// Redirect is where bpf_redirect or bpf_redirect_map sent the packet.
	Redirect Redirect
	// Ends is what the programs at the far ends of the redirect made of the frame.
	Ends []End
	// Tunnel is the key that the packet has afterwards, nil for none.
	Tunnel *Tunnel
	// Events are records sent to perf event arrays and ring buffers, in the order
	// in which there was room made for them.
	Events []Event
	// Prints are the texts of bpf_trace_printk and bpf_trace_vprintk.
	Prints []string
	// Steps is the number of instructions executed.
	Steps int
	macs  []byte // of the neighbour and the interface, when the frame leaves
}

// Left returns the frame as it leaves: with the link addresses of the neighbour that
// it is redirected to, and with the tag that the kernel keeps beside it put in.
func (r *Result) Left() []byte {
	if len(r.macs) > 0 {
		f := *r
		f.macs, f.Packet = nil, slices.Concat(r.macs, r.Packet[len(r.macs):])
		return f.Left()
	}
	if r.Skb.VlanPresent == 0 || len(r.Packet) < 12 {
		return r.Packet
	}
	tag := le.AppendUint16(nil, uint16(r.Skb.VlanProto))
	tag = binary.BigEndian.AppendUint16(tag, uint16(r.Skb.VlanTCI))
	return slices.Concat(r.Packet[:12], tag, r.Packet[12:])
}

// Redirect is the target of a redirect helper: the last one that found its
// target.
type Redirect struct {
	Set     bool
	Ifindex uint32      // bpf_redirect, or the device map's entry
	Type    bpf.MapType // bpf_redirect_map: type and name of the map, and key
	Map     string
	Key     uint32
	Flags   uint64
	// Neighbour says that the frame gets the link addresses of a neighbour when it
	// leaves: of the one that Hop names, or the route to its destination.
	Neighbour bool
	Hop       netip.Addr
	// Copies are the interfaces that get a copy, in the order of their keys, with
	// BPF_F_BROADCAST; they hold as of the call.
	Copies []uint32
	// Program is the number of the program at the far end, from 1 on among the VM's, 0
	// for none. Programs are those of Copies.
	Program  uint32
	Programs []uint32
}

// Event is a record for the host.
type Event struct {
	Map   string
	Index int // of the map in VM.Maps
	Data  []byte
	// Packet holds the bytes of the packet that were appended to Data.
	Packet    []byte
	discarded bool
}

// VM runs one program. It keeps its maps between runs. It must not be used by
// two goroutines at once.
type VM struct {
	layout
	opt   Options
	progs []*program
	byTyp object.Type
	maps  []*Map
	index map[*object.Map]int

	run   *program
	main  *program // the one that the packet entered
	regs  [11]uint64
	stack []byte // of all frames
	// written tells which bytes of stack the program has written
	written       []bool
	readUnwritten bool
	entered       int // frames
	depth         int
	bottom        int // frame of the running program: 0, or that of a function that made a tail call
	calls         []callFrame
	steps         int
	limit         int

	in              Input
	buf             []byte // headroom, packet, tailroom
	meta, data, end int    // offsets in buf
	fragment        int    // bytes behind end that no pointer reaches
	network         int    // offset in buf of the network header, tc programs
	received        int    // offset in buf of the packet's start when it came
	raw             []byte
	skb             SkbFields
	csumLevel       uint64 // checksums found right
	encapsulated    bool   // the program has put the frame into another
	queue           uint32
	queueSet        bool
	redirect        Redirect
	tunnel          *Tunnel
	events          []Event
	prints          []string
	records         []record
	recordMem       []byte
	tailCalls       int
	lock            heldLock
	mayGoto         uint64
	random, clock   uint64
}

// program is one of the programs of a VM, with the VM's numbers of its maps.
type program struct {
	src  *object.Program
	maps []int
}

type callFrame struct {
	ret   int // slot to return to
	prog  *program
	saved [4]uint64 // r6..r9
	// bottom is that of the caller
	bottom int
}

// New makes a VM with fresh maps.
func New(p *object.Program, o Options) (*VM, error) {
	vm := &VM{layout: layouts[o.Addresses].slid(o.Slide), opt: o, byTyp: p.Type, index: make(map[*object.Map]int), limit: o.MaxSteps}
	if vm.limit == 0 {
		vm.limit = DefaultMaxSteps
	}
	if o.Tail == nil {
		o.Tail = p.Called
	}
	for _, p := range append([]*object.Program{p}, o.Tail...) {
		if len(p.Insns) == 0 {
			return nil, fmt.Errorf("program %q has no instructions", p.Name)
		}
		prog := &program{src: p}
		for _, spec := range p.Maps {
			k, err := vm.addMap(spec)
			if err != nil {
				return nil, err
			}
			prog.maps = append(prog.maps, k)
		}
		vm.progs = append(vm.progs, prog)
	}
	// The list grows while it is walked: an inner map may be one of maps.
	for i := 0; i < len(vm.maps); i++ {
		inners := vm.maps[i].spec.Inners
		for _, k := range slices.Sorted(maps.Keys(inners)) {
			if _, err := vm.addMap(inners[k]); err != nil {
				return nil, err
			}
		}
	}
	if err := vm.Reset(); err != nil {
		return nil, err
	}
	return vm, nil
}

func (vm *VM) addMap(spec *object.Map) (int, error) {
	if k, ok := vm.index[spec]; ok {
		return k, nil
	}
	m, err := newMap(spec, vm.layout)
	if err != nil {
		return 0, err
	}
	k := len(vm.maps)
	m.index = k
	vm.index[spec] = k
	vm.maps = append(vm.maps, m)
	return k, nil
}

// Reset gives all maps their initial entries again.
func (vm *VM) Reset() error {
	for _, m := range vm.maps {
		if err := vm.resetMap(m); err != nil {
			return err
		}
	}
	return nil
}

// Map returns the map of the given name, or nil.
func (vm *VM) Map(name string) *Map {
	for _, m := range vm.maps {
		if m.spec.Name == name {
			return m
		}
	}
	return nil
}

// MapOf returns the map of a definition, or nil.
func (vm *VM) MapOf(spec *object.Map) *Map {
	if k, ok := vm.index[spec]; ok {
		return vm.maps[k]
	}
	return nil
}

// Maps returns all maps: those of the program in its order, then others that
// it reaches through tail calls and maps of maps.
func (vm *VM) Maps() []*Map { return vm.maps }

// MapIndex translates an index into Running().Maps to the number by which Ref
// names the map. For the main program they are the same.
func (vm *VM) MapIndex(i int) int { return vm.run.maps[i] }

// Running returns the program that a step hook's slot belongs to: the main
// program, or the one that a tail call entered.
func (vm *VM) Running() *object.Program { return vm.run.src }

// Frame returns the number of the running function's frame, 0 for the program.
func (vm *VM) Frame() int { return vm.depth }

// Entered returns how many frames the run has entered so far, the program's too.
func (vm *VM) Entered() int { return vm.entered }

// PacketLen returns the bytes of the packet between data and data_end at this moment
// of the run.
func (vm *VM) PacketLen() int { return vm.end - vm.data }

// Fault is a run that went wrong: what the program did, and where.
type Fault struct {
	Program string
	Slot    int
	Line    *object.Line // nil if the object has no line information
	Reason  string
	TooLong bool // the run was ended after Options.MaxSteps
	Missing bool // the program calls a helper that the interpreter does not have
}

// Error gives program, instruction, C line and reason.
func (f *Fault) Error() string {
	if f.Line != nil {
		return fmt.Sprintf("program %s, instruction %d (%s:%d): %s", f.Program, f.Slot, f.Line.File, f.Line.LineNo, f.Reason)
	}
	return fmt.Sprintf("program %s, instruction %d: %s", f.Program, f.Slot, f.Reason)
}

func (vm *VM) faultAt(slot int, format string, args ...any) *Fault {
	return &Fault{Program: vm.run.src.Name, Slot: slot, Line: vm.run.src.PlaceAt(slot), Reason: fmt.Sprintf(format, args...)}
}

func (vm *VM) tooLong(slot int) error {
	f := vm.faultAt(slot, "runs for more than %d instructions", vm.limit)
	f.TooLong = true
	return f
}

// poison is what a register holds that the program must not read.
const poison = 0xdead_0000_beef_0000

// Room around the packet, as XDP test runs in the kernel have it, in bytes.
const (
	headroom = 256
	tailroom = 320
	xdpFrame = 4096
)

// Run runs the program once. An error is a *Fault if the program did something
// that no verified program does.
//
// The programs at the far ends of its redirect run then; there is one of them alone
// that a fault is of.
func (vm *VM) Run(in Input) (Result, error) {
	if !vm.opt.Raw && vm.byTyp == object.UnknownType {
		return Result{}, errors.New("the program's type is unknown: it needs xdp or tc, or Options.Raw")
	}
	vm.start(in)
	r, err := vm.runProgram(0)
	if err == nil {
		err = vm.runEnds(&r)
	}
	return r, err
}

// runProgram runs a program on the packet that is there.
func (vm *VM) runProgram(number int) (Result, error) {
	vm.begin(number)
	err := vm.exec(0, 0)
	for _, m := range vm.maps {
		m.endRun()
		m.drain()
	}
	if err != nil {
		return Result{}, err
	}
	if vm.lock.held {
		return Result{}, vm.faultAt(0, "ends with the lock of a value of map %s held", vm.maps[vm.lock.value.Map].spec.Name)
	}
	if len(vm.records) > 0 {
		return Result{}, vm.faultAt(0, "ends with a reserved ring buffer record neither submitted nor discarded")
	}
	macs := vm.leaveToNeighbour()
	return Result{
		macs: macs, R0: vm.regs[0], Packet: vm.frame(), Memory: vm.raw, Meta: vm.buf[vm.meta:vm.data:vm.data],
		Skb: vm.skb, Tunnel: vm.tunnel, Queue: vm.queue, QueueSet: vm.queueSet, Redirect: vm.redirect, Events: vm.sent(), Prints: vm.prints, Steps: vm.steps,
	}, nil
}

func (vm *VM) start(in Input) {
	vm.in, vm.clock = in, in.Now
	vm.prints, vm.tunnel = nil, in.Tunnel
	vm.random = in.Seed*0x9e3779b97f4a7c15 + 0x632be59bd9b4e019
	vm.readUnwritten = false
	size := headroom + len(in.Packet) + tailroom
	if vm.byTyp == object.XDP && size < xdpFrame {
		size = xdpFrame
	}
	if cap(vm.buf) < size {
		vm.buf = make([]byte, size)
	}
	vm.buf = vm.buf[:size]
	clear(vm.buf[:headroom]) // what grows at the end is cleared then
	vm.meta, vm.data, vm.end = headroom, headroom, headroom+len(in.Packet)
	vm.fragment = 0
	if n := vm.opt.Linear; n > 0 && vm.progs[0].src.Fragments && len(in.Packet) > n {
		vm.end, vm.fragment = vm.data+n, len(in.Packet)-n
	}
	vm.received, vm.network = vm.data, vm.data+etherHeader
	copy(vm.buf[vm.data:], in.Packet)
	vm.raw = append(vm.raw[:0], in.Memory...)
	vm.skb = in.Skb
	vm.csumLevel, vm.encapsulated = 0, false
	if vm.byTyp == object.TC {
		vm.skb.start(vm)
	}
}

// begin sets registers and stack to what a program finds.
func (vm *VM) begin(number int) {
	vm.run, vm.main = vm.progs[number], vm.progs[number]
	for i := range vm.regs {
		vm.regs[i] = poison + uint64(i)
	}
	vm.depth, vm.bottom, vm.steps, vm.tailCalls, vm.mayGoto = 0, 0, 0, 0, 0
	vm.grow()
	clear(vm.stack[:StackSize]) // calls clear their frames
	vm.queue, vm.queueSet, vm.redirect = vm.in.RxQueue, false, Redirect{}
	vm.events, vm.records, vm.recordMem = nil, vm.records[:0], vm.recordMem[:0]
	vm.regs[10] = vm.address(regStack, StackSize)
	vm.entered, vm.lock = 0, heldLock{}
	vm.newFrame()
	vm.regs[1] = vm.address(regCtx, 0)
	if vm.opt.Raw {
		clear(vm.regs[:10])
		vm.regs[1] = vm.address(regMemory, 0)
		vm.regs[2] = uint64(len(vm.raw))
	}
}

// secondHalf reports whether slot is the second slot of a 64-bit immediate
// load, where no jump may land.
func secondHalf(insns []bpf.Insn, slot int) bool {
	return slot > 0 && insns[slot-1].Wide() && !(slot > 1 && secondHalf(insns, slot-1))
}
