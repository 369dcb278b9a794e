package conform

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/firmware"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/verify"
)

// Options says how Run runs a program. The zero value is the target skipsw.
type Options struct {
	Target *target.Target // nil is skipsw; it must let programs add to map values
	// Models are the firmware models to choose from; nil is the simulator's own.
	Models *firmware.Registry
}

// ErrNotSupported is what errors.Is finds when the compiler or the target
// lacks something that the program needs.
var ErrNotSupported = translate.ErrNotSupported

// maxMemory bounds the memory in bytes: what a packet can be.
const maxMemory = 4096

// maxCycles bounds a run, in cycles of the core.
const maxCycles = 10_000_000

// Run compiles a program, runs it in the simulated core with R1 = the address
// of a copy of memory and R2 = its length, and returns R0. A program without
// memory gets 0 in both. Refusals are errors that say why; a run that ends
// wrongly, or not within 10 million cycles, is a *sim.Fault.
//
// The memory is the packet, or a map value when the program does what packets
// do not allow. A program that cannot be proven safe is run, too, and the
// simulator checks that each access stays in the memory; what has no meaning
// then, either, is refused: registers that were never set, addresses that are
// numbers, stack accesses that are not known to be in the stack.
func Run(insns []bpf.Insn, memory []byte, o Options) (uint64, error) {
	insns, err := plain(insns)
	if err != nil {
		return 0, err
	}
	p, place, err := prove(insns, memory)
	if err != nil {
		return 0, err
	}
	r0, err := run(p, memory, place, o)
	return r0, renumber(err, first(p.Source(), insns, memory, place))
}

// renumber makes the instruction number of a refusal or fault one of the
// sequence, which begins at slot first.
func renumber(err error, first int) error {
	var refused *verify.Error
	var unsupported *translate.Unsupported
	var fault *sim.Fault
	switch {
	case errors.As(err, &refused) && refused.Slot >= first:
		refused.Slot -= first
		for i := range refused.Path {
			refused.Path[i].Slot -= first
		}
	case errors.As(err, &unsupported) && unsupported.Slot >= first:
		unsupported.Slot -= first
	case errors.As(err, &fault) && fault.Insn >= first:
		fault.Insn -= first
	}
	return err
}

// prove verifies the program in the first of its possible forms that passes.
func prove(insns []bpf.Insn, memory []byte) (*verify.Program, Place, error) {
	if len(memory) > maxMemory {
		return nil, 0, fmt.Errorf("%w: a memory of %d bytes, because it stands in a packet buffer of at most %d", unsupported.Err, len(memory), maxMemory)
	}
	places := []Place{InPacket, InMap}
	if len(memory) == 0 {
		places = places[:1]
	}
	var last error
	for _, unproven := range []bool{false, true} {
		for _, place := range places {
			p, err := Wrap(insns, memory, place)
			if err != nil {
				return nil, 0, err
			}
			v, err := verify.Verify(p, verify.Options{Unproven: unproven})
			if err == nil {
				return v, place, nil
			}
			behind := takesResult(err, p, insns, memory, place)
			if last = renumber(err, first(p, insns, memory, place)); behind {
				last = atExit(last, insns, memory, place, unproven)
			}
		}
	}
	return nil, 0, last
}

func run(p *verify.Program, memory []byte, place Place, o Options) (uint64, error) {
	img, err := translate.Compile(p, translate.Options{Target: o.Target, Unproven: true})
	if err != nil {
		return 0, err
	}
	spec := sim.DefaultSpec()
	spec.Budget, spec.Models = maxCycles, o.Models
	if !p.Proven() {
		spec.Checks |= sim.CheckExact
	}
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
	if r.Verdict != uint32(bpf.XDPPass) {
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
