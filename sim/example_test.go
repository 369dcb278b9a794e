package sim_test

import (
	"fmt"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
)

// A program of three words drops packets whose first byte is odd.
func Example() {
	const start, done, xdpDrop, xdpPass = 16, 1, 1, 2
	code := []nfpisa.Instr{
		nfpisa.Mov(nfpisa.A(1), nfpisa.LMem(1, 2)), // packet pointer
		nfpisa.Mem32(nfpisa.MemRead8, 0, nfpisa.A(1), nfpisa.Const(0), 1).CtxSwap(1),
		nfpisa.BrSet(nfpisa.X(0), 24, done).WithDefer(1),
		nfpisa.Immed(nfpisa.A(0), xdpDrop),
		nfpisa.Br(done).WithDefer(1),
		nfpisa.Immed(nfpisa.A(0), xdpPass),
	}
	img := &image.Image{
		Target:   target.MustBuiltin("skipsw"),
		Machine:  image.Machine{CodeStart: start, Done: done},
		Programs: []image.Program{{Name: "odd", Type: "xdp"}},
	}
	for _, in := range code {
		w, err := nfpisa.Encode(in, nfpisa.Ctx4)
		if err != nil {
			panic(err)
		}
		img.Words = append(img.Words, w)
	}
	m, err := sim.New(img, sim.DefaultSpec())
	if err != nil {
		panic(err)
	}
	for _, first := range []byte{0x02, 0x03} {
		res := m.Run(sim.Input{Packet: []byte{first, 0, 0, 0}})
		fmt.Println(res.Verdict, res.Instructions, "instructions,", res.Cycles, "cycles,", res.MemWait, "waiting")
	}
	// Output:
	// 2 6 instructions, 66 cycles, 57 waiting
	// 1 4 instructions, 65 cycles, 57 waiting
}

// Two cores take numbers from one counter in map memory: each number is given
// once, in the order of time.
func ExampleSystem() {
	const start, done, counter = 16, 1, 0x20_0000_0040
	code := nfpisa.LoadImmed(nfpisa.B(2), counter>>32<<24)
	code = append(code, nfpisa.LoadImmed(nfpisa.A(2), counter&0xffffffff)...)
	code = append(
		code, nfpisa.Immed(nfpisa.X(0), 1),
		nfpisa.Mem40(nfpisa.MemTestAdd, 0, nfpisa.B(2), nfpisa.A(2), 1).CtxSwap(1),
		nfpisa.Mov(nfpisa.A(0), nfpisa.X(0)), nfpisa.Br(done),
	)
	img := &image.Image{
		Target:   target.MustBuiltin("skipsw"),
		Machine:  image.Machine{CodeStart: start, Done: done},
		Programs: []image.Program{{Name: "ticket", Type: "xdp"}},
		Maps:     []image.Map{{Name: "m", Type: "array", KeySize: 4, ValueSize: 4, MaxEntries: 1, Layout: "array", Base: counter, Stride: 8}},
	}
	for _, in := range code {
		w, err := nfpisa.Encode(in, nfpisa.Ctx4)
		if err != nil {
			panic(err)
		}
		img.Words = append(img.Words, w)
	}
	s, err := sim.NewSystem(img, sim.DefaultSpec(), 2)
	if err != nil {
		panic(err)
	}
	left := []int{3, 3}
	err = s.Start(func(core int, in *sim.Input) bool {
		in.Packet = make([]byte, 60)
		left[core]--
		return left[core] >= 0
	}, func(core int, r *sim.Result) {
		fmt.Println("core", core, "took", r.Verdict)
	})
	if err != nil {
		panic(err)
	}
	for until := uint64(1000); s.Step(until); until += 1000 {
	}
	// Output:
	// core 0 took 0
	// core 1 took 1
	// core 0 took 2
	// core 1 took 3
	// core 0 took 4
	// core 1 took 5
}
