package engine_test

import (
	"fmt"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim/core"
	"github.com/skipsw/skipsw/sim/engine"
	"github.com/skipsw/skipsw/sim/mem"
)

// once lets context 0 of a core run once.
type once struct{ core, left int }

func (o *once) Next(x *core.Context) (core.Intake, bool) {
	if o.left--; o.left < 0 {
		return core.Intake{}, false
	}
	x.Enter(0, &core.Local{VectorBytes: 64, Stack: 64})
	return core.Intake{Cost: core.Cost{Busy: uint32(10 * o.core)}}, true
}

func (o *once) Ended(x *core.Context, _ core.Stop) {
	fmt.Println("core", o.core, "ends in cycle", x.Now())
}

// Two cores wait for each other at one memory unit.
func Example() {
	img := &image.Image{Machine: image.Machine{CodeStart: 16, Done: 1}}
	for _, in := range []nfpisa.Instr{
		nfpisa.Immed(nfpisa.A(1), 0x100),
		nfpisa.Mem32(nfpisa.MemRead32, 0, nfpisa.A(1), nfpisa.Const(0), 8).CtxSwap(1),
		nfpisa.Br(1),
	} {
		w, err := nfpisa.Encode(in, nfpisa.Ctx4)
		if err != nil {
			panic(err)
		}
		img.Words = append(img.Words, w)
	}
	code, err := core.Load(img, core.Everything(), false)
	if err != nil {
		panic(err)
	}
	memory := mem.New(mem.Config{Units: []mem.Unit{{Name: "m", Latency: mem.Latency{Read: 100, Write: 100, Atomic: 100, Busy: 20}}}})
	memory.Map.Add(&mem.Region{Base: 0x100, Size: 32, Data: make([]byte, 32)})
	cfg := core.Config{Checks: core.CheckSignals | core.CheckHazards, Budget: 1000, View: core.PacketView{Set: 1 << 31, Mask: 1 << 31}}
	var cores []*core.Core
	for id := range 2 {
		c := core.New(cfg, core.Wiring{ID: id, Shared: true, Code: code, Memory: memory})
		c.Start(&once{core: id, left: 1})
		cores = append(cores, c)
	}
	for e, until := engine.New(memory, cores, 1), uint64(50); e.Step(until); until += 50 {
	}
	// Output:
	// core 0 ends in cycle 104
	// core 1 ends in cycle 184
}
