package judge_test

import (
	"errors"
	"fmt"

	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// tableRunner runs a program of the table.
type tableRunner interface {
	// reset gives the map its first entries and these.
	reset(with []object.Entry) error
	run(packet []byte) (verdict uint32, out []byte, err error)
	// entries are those of the map, nil where it has none to compare.
	entries() ([]object.Entry, error)
}

type tableKernel struct {
	k *oracle.KernelProgram
	m *object.Map
}

func (r tableKernel) reset(with []object.Entry) error {
	if err := r.k.Reset(); err != nil {
		return err
	}
	for _, e := range with {
		if err := r.k.Map(r.m.Name).Update(e.Key, e.Value); err != nil {
			return err
		}
	}
	return nil
}

func (r tableKernel) run(packet []byte) (uint32, []byte, error) {
	got, err := r.k.Run(oracle.KernelInput{Packet: packet})
	return got.Verdict, got.Packet, err
}

func (r tableKernel) entries() ([]object.Entry, error) {
	if m := r.k.Map(r.m.Name); m.Plain() {
		return m.Entries()
	}
	return nil, nil
}

type tableInterpreter struct {
	vm *ebpf.VM
	m  *object.Map
}

func (r tableInterpreter) reset(with []object.Entry) error {
	if err := r.vm.Reset(); err != nil {
		return err
	}
	for _, e := range with {
		if err := r.vm.MapOf(r.m).Update(e.Key, e.Value); err != nil {
			return err
		}
	}
	return nil
}

func (r tableInterpreter) run(packet []byte) (uint32, []byte, error) {
	got, err := r.vm.Run(ebpf.Input{Packet: packet})
	return uint32(got.R0), got.Packet, err
}

func (r tableInterpreter) entries() ([]object.Entry, error) {
	if oracle.PlainMap(r.m.Type) {
		return r.vm.MapOf(r.m).Entries(), nil
	}
	return nil, nil
}

type tableCard struct {
	m    *sim.Machine
	spec *object.Map
}

func (r tableCard) reset(with []object.Entry) error {
	if err := r.m.Reset(); err != nil {
		return err
	}
	m, ok := r.m.Map(r.spec.Name)
	if !ok {
		return errors.New("the image has no such map")
	}
	for _, e := range with {
		if err := m.Update(e.Key, e.Value, 0); err != nil {
			return err
		}
	}
	return nil
}

func (r tableCard) run(packet []byte) (uint32, []byte, error) {
	got := r.m.Run(sim.Input{Packet: packet, IngressIfindex: 1})
	if got.Fault != nil {
		return 0, nil, got.Fault
	}
	return got.Verdict, got.Packet, nil
}

func (r tableCard) entries() (out []object.Entry, err error) {
	if !oracle.PlainMap(r.spec.Type) {
		return nil, nil
	}
	m, _ := r.m.Map(r.spec.Name)
	for _, e := range m.Entries() {
		out = append(out, object.Entry(e))
	}
	return out, nil
}

// tableOn compiles a program of the table for a target. The error is a refusal by name or a
// failure.
func tableOn(p *object.Program, t *target.Target, level translate.Level) (tableRunner, error) {
	v, err := verify.Verify(p, verify.Options{Offload: true})
	if err != nil {
		return nil, err
	}
	called, err := translate.VerifyCalled(p, func(q *object.Program) (*verify.Program, error) {
		return verify.Verify(q, verify.Options{Offload: true})
	})
	if err != nil {
		return nil, err
	}
	img, err := translate.Compile(v, translate.Options{Called: called, Target: t, OptLevel: level, CheckAllocation: true})
	if err != nil {
		return nil, err
	}
	m, err := sim.New(img, sim.DefaultSpec())
	if err != nil {
		return nil, fmt.Errorf("simulator: %w", err)
	}
	return tableCard{m, p.Maps[0]}, nil
}
