package judge

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/skipsw/skipsw/internal/oracle/hosttables"

	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/sim/network"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Witnesses returns interpreters that tell programs apart whose runs need not
// agree (oracle.Harness). The first is the usual one. They are many, because
// chance and addresses may reach an outcome only now and then.
func Witnesses() []oracle.Judge {
	w := []oracle.Judge{
		Interpreter{},
		Interpreter{Fill: 0xa5, Near: 0xa5, Addresses: ebpf.Reversed, Chance: 1},
		Interpreter{Fill: 0x5a, Addresses: ebpf.Low, Chance: 2},
		Interpreter{Watch: true, Addresses: ebpf.Reversed}, // few numbers look like these addresses
	}
	layouts := []ebpf.Addresses{ebpf.FarApart, ebpf.Reversed, ebpf.Low}
	for chance := uint64(3); chance < chances; chance++ {
		w = append(w, Interpreter{Addresses: layouts[chance%3], Chance: chance})
	}
	return append(w, Interpreter{Ingress: 1})
}

// chances is the number of different courses of chance that the witnesses see:
// what reaches an outcome in one of 15 runs escapes them once in a hundred
// times.
const chances = 64

// Interpreter is the reference interpreter as a judge. It proves nothing: it
// takes every program and checks accesses while it runs.
type Interpreter struct {
	// Fill is what stack bytes hold that the program has not written, and those of
	// records that it has reserved, Near what the former do that are less than 64 bytes from the frame pointer, and Addresses
	// is where memory lies. Interpreters that differ in these and in Chance agree
	// on every program that reads only what it wrote and makes nothing of
	// addresses, chance and time.
	Fill, Near byte
	Addresses  ebpf.Addresses
	// Chance chooses the random numbers, what the clocks show and the order of hash
	// maps, and moves all memory by some multiple of 8 bytes, below a MiB; 0 is no
	// move and a clock that stands at 0.
	Chance uint64
	// Watch makes a run fail that reads stack bytes which the program has not
	// written, or takes an address for a number.
	Watch bool
	// Ingress is the interface that tc frames come in by: 0 in the kernel's test runs,
	// where a card always has one.
	Ingress uint32
	// Network is what programs find that look into the host's network.
	Network *network.Tables
	// Buffer bounds how far the ends of a frame move; nil bounds them as the kernel does.
	Buffer *ebpf.Buffer
}

// Name returns "interpreter", with what is not as usual.
func (j Interpreter) Name() string {
	switch {
	case j.Buffer != nil:
		return "interpreter/buffer"
	case j.Watch:
		return "interpreter/watch"
	case j.Ingress != 0:
		return fmt.Sprintf("interpreter/ingress %d", j.Ingress)
	case j.Fill != 0:
		return fmt.Sprintf("interpreter/fill %#02x", j.Fill)
	case j.Chance != 0:
		return fmt.Sprintf("interpreter/chance %d", j.Chance)
	}
	return "interpreter"
}

// maxSteps bounds a run: generated programs take some thousand steps.
const maxSteps = 1 << 18

// nearBytes is the part of the stack that Interpreter.Near fills.
const nearBytes = 64

// Load makes a VM for the program.
func (j Interpreter) Load(p *object.Program) (oracle.Loaded, error) {
	o := ebpf.Options{MaxSteps: maxSteps, Addresses: j.Addresses, WatchStack: j.Watch, Reserved: j.Fill, Network: hosttables.Network(j.Network), Buffer: j.Buffer, Order: j.Chance}
	l := &interpLoaded{p: p, in: ebpf.Input{Seed: j.Chance}, fill: j.Fill, near: j.Near}
	if p.Type == object.TC {
		l.in.IngressIfindex = j.Ingress
	}
	if j.Chance != 0 {
		r := rand.New(rand.NewPCG(j.Chance, 0))
		o.Slide = 8 * r.Int64N(1<<17)
		l.in.Now, l.in.Tick = r.Uint64N(1<<50), r.Uint64N(1<<12)
	}
	switch {
	case j.Watch:
		o.OnStep = l.watch
	case j.Fill != 0:
		o.OnStep = l.step
	}
	var err error
	if l.vm, err = ebpf.New(p, o); err != nil {
		return nil, &oracle.Refusal{Kind: oracle.NotSupported, Err: err}
	}
	l.leak = leakWatch{vm: l.vm, kept: map[uint64]bool{}}
	return l, nil
}

type interpLoaded struct {
	vm    *ebpf.VM
	p     *object.Program
	in    ebpf.Input
	fill  byte
	near  byte
	known int // frames that had been entered at the last step
	leak  leakWatch
}

// step fills a frame when it is entered.
func (l *interpLoaded) step(_ int, regs *[11]uint64) {
	if l.vm.Entered() > l.known {
		stack := l.vm.Bytes(regs[10]-ebpf.StackSize, ebpf.StackSize)
		for i := range stack {
			stack[i] = l.fill
			if i >= ebpf.StackSize-nearBytes {
				stack[i] = l.near
			}
		}
	}
	l.known = l.vm.Entered()
}

// watch looks at the instruction in a slot.
func (l *interpLoaded) watch(slot int, regs *[11]uint64) {
	l.leak.step(l.vm.Running().Insns[slot], regs)
}

func (l *interpLoaded) Close() {}

func (l *interpLoaded) Run(packet []byte) (oracle.Run, error) {
	l.known = 0
	l.leak.reset()
	in := l.in
	in.Packet = packet
	r, err := l.vm.Run(in)
	if f := (*ebpf.Fault)(nil); errors.As(err, &f) && (f.TooLong || f.Missing) {
		return oracle.Run{}, fmt.Errorf("%w: %w", oracle.ErrCannotRun, err)
	}
	if err != nil {
		return oracle.Run{}, err
	}
	if l.vm.ReadUnwritten() {
		return oracle.Run{}, errors.New("the program reads stack bytes that it has not written")
	}
	if l.leak.leaks {
		return oracle.Run{}, errors.New("the program takes an address for a number")
	}
	maps := l.p.AllMaps()
	out := oracle.Run{Verdict: uint32(r.R0), Packet: bytes.Clone(r.Packet), Meta: bytes.Clone(r.Meta), Maps: make([][]object.Entry, len(maps))}
	if l.p.Type == object.TC {
		out.Skb = &oracle.Skb{Mark: r.Skb.Mark, Priority: r.Skb.Priority, QueueMapping: r.Skb.QueueMapping}
	}
	if left := r.Left(); !bytes.Equal(left, r.Packet) {
		out.Left = left
	}
	events := func(r *ebpf.Result) {
		for _, e := range r.Events {
			if out.Events == nil {
				out.Events = make([][][]byte, len(maps))
			}
			out.Events[e.Index] = append(out.Events[e.Index], append(e.Data, e.Packet...))
		}
	}
	events(&r)
	if oracle.Redirects(l.p, out.Verdict) {
		out.Redirect, out.Ends = redirectOf(&r.Redirect), []string{}
	}
	for i := range r.Ends {
		out.Ends = append(out.Ends, endOf(&r.Ends[i]))
		events(&r.Ends[i].Result)
	}
	for i, m := range maps {
		if oracle.PlainMap(m.Type) {
			out.Maps[i] = l.vm.Maps()[i].Entries()
		}
	}
	return out, nil
}

// redirectOf names where a frame goes.
func redirectOf(r *ebpf.Redirect) string {
	switch {
	case !r.Set:
		return oracle.RedirectText("")
	case r.Flags&bpf.FBroadcast != 0:
		return oracle.RedirectText(oracle.ToCopies, r.Copies...)
	case r.Type == bpf.MapTypeCPUMap:
		return oracle.RedirectText(oracle.ToCPU, r.Key)
	case r.Type == bpf.MapTypeXSKMap:
		return oracle.RedirectText(oracle.ToSocket, r.Key)
	}
	return oracle.RedirectText(oracle.ToInterface, r.Ifindex)
}

// endOf says what a program at a far end made of a frame.
func endOf(e *ebpf.End) string {
	what, which := oracle.ToInterface, e.Ifindex
	if e.Type == bpf.MapTypeCPUMap {
		what, which = oracle.ToCPU, e.Key
	}
	on := ""
	if uint32(e.Result.R0) == uint32(bpf.XDPRedirect) {
		on = redirectOf(&e.Result.Redirect)
	}
	return oracle.EndText(what, which, uint32(e.Result.R0), e.Result.Packet, e.Result.Meta, on)
}
