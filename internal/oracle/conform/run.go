package conform

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/target"
	"github.com/skipsw/skipsw/translate/verify"
)

// Options says how Run runs a program. The zero value is the target skipsw.
type Options struct {
	Target *target.Target // nil is skipsw; it must let programs store to map values
}

// ErrNotSupported is what errors.Is finds when the compiler or the target
// lacks something that the program needs.
var ErrNotSupported = translate.ErrNotSupported

// maxMemory bounds the memory in bytes: what a packet can be.
const maxMemory = 4096

// Run compiles a program, runs it in the simulated core with R1 = the address
// of a copy of memory and R2 = its length, and returns R0. A program without
// memory gets 0 in both. Refusals and faults are errors that say why.
//
// The memory is the packet, or a map value when the program does what packets
// do not allow.
func Run(insns []bpf.Insn, memory []byte, o Options) (uint64, error) {
	if len(memory) > maxMemory {
		return 0, fmt.Errorf("not supported: a memory of %d bytes, because it stands in a packet buffer of at most %d", len(memory), maxMemory)
	}
	r0, err := run(insns, memory, InPacket, o)
	var unproven *verify.Error
	if len(memory) == 0 || !errors.As(err, &unproven) {
		return r0, err
	}
	r0, again := run(insns, memory, InMap, o)
	if errors.As(again, &unproven) {
		return 0, err
	}
	return r0, again
}

func run(insns []bpf.Insn, memory []byte, place Place, o Options) (uint64, error) {
	p, err := Wrap(insns, memory, place)
	if err != nil {
		return 0, err
	}
	proven, err := verify.Verify(p, verify.Options{})
	if err != nil {
		return 0, err
	}
	img, err := translate.Compile(proven, translate.Options{Target: o.Target})
	if err != nil {
		return 0, err
	}
	spec := sim.DefaultSpec()
	spec.Budget = 10_000_000
	m, err := sim.New(img, spec)
	if err != nil {
		return 0, err
	}
	packet := memory
	if place == InMap {
		packet = nil
	}
	r := m.Run(sim.Input{Packet: packet})
	if r.Fault != nil {
		return 0, r.Fault
	}
	if r.Code != done {
		return 0, errors.New("the program did not come to its end")
	}
	res, ok := m.Map(resultMap)
	if !ok {
		panic("BUG: the image has lost the map " + resultMap)
	}
	v, ok := res.Lookup(make([]byte, 4))
	if !ok {
		panic("BUG: an array without its first entry")
	}
	return binary.LittleEndian.Uint64(v), nil
}
