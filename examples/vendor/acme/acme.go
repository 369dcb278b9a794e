// Package acme is what a vendor brings to skipsw for an own card, the X1: the
// target that programs are compiled for, a model of the firmware for the
// simulator, and the device that the verbs attach programs to.
//
// The card of this example is a folder, so that it outlives a command, as real
// cards do.
package acme

import (
	_ "embed"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim/core"
	"github.com/skipsw/skipsw/sim/firmware"
	"github.com/skipsw/skipsw/translate/bpf"
)

//go:embed acme-x1.yaml
var x1 []byte

// Target is the contract of the X1.
func Target() *target.Target {
	t, err := target.Parse("acme-x1.yaml", x1)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return t
}

// Models are the firmware models by the name that targets have for them.
func Models() map[string]firmware.Maker {
	return map[string]firmware.Maker{"acme": NewModel}
}

// Model is the X1's firmware. Packets enter and leave by the contract; what is
// the card's own is the queue that it chooses for packets of a program that
// chooses none: by the last byte of the source address.
type Model struct {
	*firmware.Convention
	queues uint8
	exit   *target.Exit
	types  []string // of the image's programs
}

// The X1 has eight receive queues.
const queues = 8

// NewModel makes the model for an image.
func NewModel(cfg firmware.Config) (firmware.Model, error) {
	v, err := firmware.NewConvention(cfg)
	if err != nil {
		return nil, err
	}
	m := &Model{Convention: v, queues: queues, exit: &cfg.Image.Target.Exit}
	for _, p := range cfg.Image.Programs {
		m.types = append(m.types, p.Type)
	}
	return m, nil
}

// Call fails the context: programs bring their routines.
func (m *Model) Call(x *core.Context, helper bpf.HelperID) (uint32, core.Cost, bool) {
	x.Fail(core.FaultUnsupported, "the X1's firmware has no routine for helper %s", helper)
	return 0, core.Cost{}, false
}

// Leave reads the exit word, which holds a code of the target's table, and
// chooses the queue.
func (m *Model) Leave(x *core.Context, program int, out *firmware.Outcome) bool {
	if !m.Convention.Leave(x, program, out) {
		return false
	}
	verdict, ok := m.exit.Verdict(m.types[program] == "tc", uint8(out.Code>>m.exit.Shift))
	if !ok {
		x.Fail(core.FaultExit, "exit word %#x is no action of the X1", out.Code)
		return false
	}
	out.Verdict = verdict
	const lastOfSource = 11
	if !out.QueueSelected && len(out.Packet) > lastOfSource {
		out.QueueSelected, out.Queue = true, out.Packet[lastOfSource]%m.queues
	}
	return true
}
