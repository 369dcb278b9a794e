package bpffw

import (
	"errors"
	"fmt"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/pcie/nfp"
	"github.com/skipsw/skipsw/translate/bpf"
)

// Firmware runs programs and keeps maps. It implements nfp.Firmware.
type Firmware struct {
	target   *target.Target
	caps     nfp.Capabilities
	spec     sim.Spec
	programs map[int]*sim.Machine // by port
	tables   map[uint32]*sim.Map
	entries  uint64 // of all maps
}

// New makes the firmware of a target with its capabilities, which a caller may
// have changed.
func New(t *target.Target, caps nfp.Capabilities) (*Firmware, error) {
	if caps.Stack > t.LocalMemory.Stack {
		return nil, fmt.Errorf("firmware with %d bytes of stack; a context of target %s has %d", caps.Stack, t.Name, t.LocalMemory.Stack)
	}
	f := &Firmware{target: offering(t, caps), caps: caps, spec: sim.DefaultSpec()}
	if n := f.spec.PacketBuffer - f.spec.PacketOffset; n < nfp.Frame {
		panic(fmt.Sprintf("BUG: the simulator takes packets of %d bytes, a port frames of %d", n, nfp.Frame))
	}
	if err := f.target.Check(); err != nil {
		return nil, fmt.Errorf("firmware of target %s with other capabilities: %w", t.Name, err)
	}
	memory, err := sim.NewMemory(f.target, f.spec)
	if err != nil {
		return nil, err
	}
	f.begin(memory)
	return f, nil
}

// offering returns a target with a firmware's places: where programs are, where
// they end, and where the routines are.
func offering(t *target.Target, caps nfp.Capabilities) *target.Target {
	own := *t
	own.Core.CodeStart, own.Core.CodeWords, own.Core.Done = target.CodeAddr(caps.Start), int(caps.MaxWords), target.CodeAddr(caps.Done)
	own.Helpers = map[string]target.Helper{}
	for name, h := range t.Helpers {
		if h.By != target.HelperFirmware {
			own.Helpers[name] = h
		}
	}
	for id, a := range caps.Helpers {
		own.Helpers[bpf.HelperID(id).String()] = target.Helper{By: target.HelperFirmware, Address: target.CodeAddr(a)}
	}
	return &own
}

// Reset implements nfp.Firmware.
func (f *Firmware) Reset() {
	memory, err := sim.NewMemory(f.target, f.spec)
	if err != nil {
		panic("BUG: memory that could be made before: " + err.Error())
	}
	f.begin(memory)
}

func (f *Firmware) begin(memory *sim.Memory) {
	f.spec.Memory = memory
	f.programs, f.tables, f.entries = map[int]*sim.Machine{}, map[uint32]*sim.Map{}, 0
}

// Load implements nfp.Firmware.
func (f *Firmware) Load(port int, words []uint64) error {
	img := &image.Image{
		Target: f.target,
		Machine: image.Machine{
			Mode: nfpisa.Ctx4, CodeStart: f.caps.Start, Done: f.caps.Done, Helpers: map[uint32]uint16{}, StackSize: uint32(f.caps.Stack),
		},
		Programs: []image.Program{{Name: fmt.Sprintf("port %d", port), Type: "xdp"}},
	}
	for id, a := range f.caps.Helpers {
		img.Machine.Helpers[id] = uint16(a)
	}
	for _, w := range words {
		img.Words = append(img.Words, nfpisa.Word(w))
	}
	m, err := sim.New(img, f.spec)
	if err != nil {
		return err
	}
	f.programs[port] = m
	return nil
}

// Run implements nfp.Firmware.
func (f *Firmware) Run(port int, frame []byte) nfp.Outcome {
	m := f.programs[port]
	if m == nil {
		return nfp.Outcome{Err: errors.New("no program is loaded")}
	}
	res := m.Run(sim.Input{Packet: frame})
	// An exit word without a verdict for XDP is one of a classifier.
	if res.Fault != nil && res.Fault.Kind != sim.FaultExit {
		return nfp.Outcome{Err: res.Fault}
	}
	out := nfp.Outcome{Exit: res.Code, Frame: res.Packet, QueueSelected: res.QueueSelected, Queue: res.Queue}
	for _, e := range res.Events {
		out.Events = append(out.Events, nfp.Event{Map: uint64(e.Map), Data: e.Data, Packet: e.Packet})
	}
	return out
}

// Tables returns the number of maps.
func (f *Firmware) Tables() int { return len(f.tables) }

// Table returns the map of a number.
func (f *Firmware) Table(id uint32) (*sim.Map, bool) {
	m, ok := f.tables[id]
	return m, ok
}
