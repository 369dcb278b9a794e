package coverage

import (
	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// Counter counts how often runs of a program, and of those that it reaches by tail
// calls, execute each slot and take each jump.
type Counter struct {
	main  *object.Program
	progs []*counted
	of    map[*object.Program]*counted
}

// counted is one of the programs.
type counted struct {
	src    *object.Program
	proven *verify.Program
	ran    []uint64 // by slot
	jumped []uint64 // by slot of a conditional jump: how often it jumped
}

// New returns a counter for a program. An error is the verifier's refusal of it or
// of one that it calls.
func New(p *object.Program) (*Counter, error) {
	c := &Counter{main: p, of: map[*object.Program]*counted{}}
	for _, q := range append([]*object.Program{p}, p.Called...) {
		proven, err := verify.Verify(q, verify.Options{Offload: true})
		if err != nil {
			return nil, err
		}
		n := &counted{src: q, proven: proven, ran: make([]uint64, len(q.Insns)), jumped: make([]uint64, len(q.Insns))}
		c.progs = append(c.progs, n)
		c.of[q] = n
	}
	return c, nil
}

// VM returns an interpreter of the program whose runs are counted. Several may
// follow each other; o.OnStep must be nil.
func (c *Counter) VM(o ebpf.Options) (*ebpf.VM, error) {
	var vm *ebpf.VM
	// last is the slot of the instruction before, if that was a conditional jump.
	last, lastProg := -1, (*counted)(nil)
	o.OnStep = func(slot int, _ *[11]uint64) {
		n := c.of[vm.Running()]
		if last >= 0 && n == lastProg && slot == n.src.Insns[last].JumpTarget(last) {
			n.jumped[last]++
		}
		n.ran[slot]++
		last = -1
		if n.src.Insns[slot].IsCompare() {
			last, lastProg = slot, n
		}
	}
	var err error
	vm, err = ebpf.New(c.main, o)
	return vm, err
}
