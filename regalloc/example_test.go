package regalloc_test

import (
	"fmt"

	"github.com/skipsw/skipsw/regalloc"
)

// sum is the function x = load; y = load; z = x + y; store z, in one block.
type sum struct{}

func (sum) NumVRegs() int                           { return 3 }
func (sum) VReg(regalloc.VReg) regalloc.VRegInfo    { return regalloc.VRegInfo{} }
func (sum) NumBlocks() int                          { return 1 }
func (sum) Succs(int) []int                         { return nil }
func (sum) Params(int) []regalloc.VReg              { return nil }
func (sum) Args(int, int) []regalloc.VReg           { return nil }
func (sum) Weight(int) int                          { return 1 }
func (sum) Instrs(int) (int, int)                   { return 0, 3 }
func (sum) Instr(int) (info regalloc.InstrInfo)     { return }
func (sum) Operands(i int) (ops []regalloc.Operand) { return sumOperands[i] }

var sumOperands = [][]regalloc.Operand{
	{ // one command reads two words
		{V: 0, Flags: regalloc.Def, Files: regalloc.InSet, Group: 1},
		{V: 1, Flags: regalloc.Def, Files: regalloc.InSet, Group: 1},
	},
	{ // z = x + y
		{V: 2, Flags: regalloc.Def, Files: regalloc.AnyDest, Slots: 16},
		{V: 0, Flags: regalloc.Paired, Files: regalloc.AnySource, Slots: 16},
		{V: 1, Flags: regalloc.Paired, Files: regalloc.AnySource, Slots: 16},
	},
	{ // one command writes a word
		{V: 2, Files: regalloc.OutSet, Group: 1},
	},
}

func ExampleAllocator_Allocate() {
	m := &regalloc.Machine{Usable: regalloc.RegSet{
		regalloc.A: 0xff, regalloc.B: 0xff, regalloc.In: 0xffff, regalloc.Out: 0xffff,
	}, Slots: 16}
	var a regalloc.Allocator
	r, err := a.Allocate(sum{}, m)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range 3 {
		for _, mv := range r.Before(i) {
			fmt.Println("   ", mv)
		}
		fmt.Println(i, r.Locs(i))
	}
	fmt.Println(regalloc.Check(sum{}, m, r))
	// Output:
	// 0 [in0 in1]
	//     a0 = in0 (v0)
	// 1 [out0 a0 in1]
	// 2 [out0]
	// <nil>
}
