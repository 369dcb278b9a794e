package core_test

import (
	"fmt"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim/core"
	"github.com/skipsw/skipsw/sim/mem"
)

// A core without anything around it: a context enters at word 0 and adds.
func Example() {
	img := &image.Image{Machine: image.Machine{CodeStart: 16, Done: 1}}
	for _, in := range []nfpisa.Instr{
		nfpisa.Immed(nfpisa.A(1), 40), nfpisa.ALU(nfpisa.A(0), nfpisa.A(1), nfpisa.ALUAdd, nfpisa.Const(2)), nfpisa.Br(1),
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
	c := core.New(core.Config{Checks: core.AllChecks, Budget: 1000}, core.Wiring{Code: code, Memory: mem.New(mem.Config{})})
	x := c.Context(0)
	x.Enter(0, &core.Local{VectorBytes: 64, Stack: 64})
	c.Begin(x)
	stop := c.RunAlone(x)
	sum, unwritten := x.Reg(target.Reg{Bank: nfpisa.BankA, Num: 0})
	fmt.Println(stop == core.StopDone, sum, unwritten, x.End().Cycles)
	// Output: true 42 0 5
}
