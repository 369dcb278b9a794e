package judge

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/translate/object"
)

// Witnesses returns interpreters that tell programs apart whose runs need not
// agree (oracle.Harness). The first is the usual one.
func Witnesses() []oracle.Judge {
	return []oracle.Judge{
		Interpreter{},
		Interpreter{Fill: 0xa5, Near: 0xa5, Addresses: ebpf.Reversed},
		Interpreter{Fill: 0x5a, Addresses: ebpf.Low},
		Interpreter{Watch: true},
	}
}

// Interpreter is the reference interpreter as a judge. It proves nothing: it
// takes every program and checks accesses while it runs.
type Interpreter struct {
	// Fill is what stack bytes hold that the program has not written, Near what
	// those do that are less than 64 bytes from the frame pointer, and Addresses
	// is where memory lies; random numbers and clocks go with Fill. Interpreters
	// that differ in nothing else agree on every program that reads only what it
	// wrote and makes nothing of addresses, chance and time.
	Fill, Near byte
	Addresses  ebpf.Addresses
	// Watch makes a run fail that reads stack bytes which the program has not
	// written.
	Watch bool
}

// Name returns "interpreter", with the fill byte unless it is 0.
func (j Interpreter) Name() string {
	if j.Watch {
		return "interpreter/watch"
	}
	if j.Fill == 0 {
		return "interpreter"
	}
	return fmt.Sprintf("interpreter/fill %#02x", j.Fill)
}

// maxSteps bounds a run: generated programs take some thousand steps.
const maxSteps = 1 << 18

// nearBytes is the part of the stack that Interpreter.Near fills.
const nearBytes = 64

// Load makes a VM for the program.
func (j Interpreter) Load(p *object.Program) (oracle.Loaded, error) {
	o := ebpf.Options{MaxSteps: maxSteps, Addresses: j.Addresses, WatchStack: j.Watch}
	l := &interpLoaded{p: p, fill: j.Fill, near: j.Near, frame: -1}
	if j.Fill != 0 {
		o.OnStep = l.step
	}
	var err error
	if l.vm, err = ebpf.New(p, o); err != nil {
		return nil, &oracle.Refusal{Kind: oracle.NotSupported, Err: err}
	}
	return l, nil
}

type interpLoaded struct {
	vm    *ebpf.VM
	p     *object.Program
	fill  byte
	near  byte
	frame int // of the last step, -1 before the first
}

// step fills a frame when it is entered.
func (l *interpLoaded) step(_ int, regs *[11]uint64) {
	f := l.vm.Frame()
	if f > l.frame {
		stack := l.vm.Bytes(regs[10]-ebpf.StackSize, ebpf.StackSize)
		for i := range stack {
			stack[i] = l.fill
			if i >= ebpf.StackSize-nearBytes {
				stack[i] = l.near
			}
		}
	}
	l.frame = f
}

func (l *interpLoaded) Close() {}

func (l *interpLoaded) Run(packet []byte) (oracle.Run, error) {
	l.frame = -1
	r, err := l.vm.Run(ebpf.Input{Packet: packet, Seed: uint64(l.fill), Now: uint64(l.fill)})
	if f := (*ebpf.Fault)(nil); errors.As(err, &f) && f.TooLong {
		return oracle.Run{}, fmt.Errorf("%w: %w", oracle.ErrCannotRun, err)
	}
	if err != nil {
		return oracle.Run{}, err
	}
	if l.vm.ReadUnwritten() {
		return oracle.Run{}, errors.New("the program reads stack bytes that it has not written")
	}
	out := oracle.Run{Verdict: uint32(r.R0), Packet: bytes.Clone(r.Packet), Meta: bytes.Clone(r.Meta), Maps: make([][]object.Entry, len(l.p.Maps))}
	for i, m := range l.p.Maps {
		if oracle.PlainMap(m.Type) {
			out.Maps[i] = l.vm.Maps()[i].Entries()
		}
	}
	return out, nil
}
