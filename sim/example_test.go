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
