package judge

import (
	"bytes"

	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/translate/object"
)

// Interpreter is the reference interpreter as a judge. It proves nothing: it
// takes every program and checks accesses while it runs.
type Interpreter struct{}

// Name returns "interpreter".
func (Interpreter) Name() string { return "interpreter" }

// Load makes a VM for the program.
func (Interpreter) Load(p *object.Program) (oracle.Loaded, error) {
	vm, err := ebpf.New(p, ebpf.Options{MaxSteps: 1 << 22})
	if err != nil {
		return nil, &oracle.Refusal{Kind: oracle.NotSupported, Err: err}
	}
	return &interpLoaded{vm, p}, nil
}

type interpLoaded struct {
	vm *ebpf.VM
	p  *object.Program
}

func (l *interpLoaded) Close() {}

func (l *interpLoaded) Run(packet []byte) (oracle.Run, error) {
	r, err := l.vm.Run(ebpf.Input{Packet: packet})
	if err != nil {
		return oracle.Run{}, err
	}
	out := oracle.Run{Verdict: uint32(r.R0), Packet: bytes.Clone(r.Packet), Maps: make([][]object.Entry, len(l.p.Maps))}
	for i, m := range l.p.Maps {
		if oracle.PlainMap(m.Type) {
			out.Maps[i] = l.vm.Maps()[i].Entries()
		}
	}
	return out, nil
}
