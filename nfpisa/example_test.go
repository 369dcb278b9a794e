package nfpisa_test

import (
	"fmt"
	"os"

	"github.com/skipsw/skipsw/nfpisa"
)

// Instructions are values; constructors read like assembly.
func Example() {
	code := []nfpisa.Instr{
		nfpisa.ALU(nfpisa.A(1), nfpisa.B(2), nfpisa.ALUSub, nfpisa.Const(7)),
		nfpisa.Bcc(nfpisa.CondNE, 10).WithDefer(1),
		nfpisa.Shf(nfpisa.X(3), nfpisa.NoOperand, nfpisa.ShfB, nfpisa.LMem(0, 2), nfpisa.Lsh(4)),
		nfpisa.Mem32(nfpisa.MemRead32Swap, 0, nfpisa.A(2), nfpisa.Const(4), 4).CtxSwap(1),
	}
	for _, i := range code {
		w, err := nfpisa.Encode(i, nfpisa.Ctx4)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%016x  %v\n", uint64(w), i)
	}
	// Output:
	// 000ae0aac0100b07  alu[gprA_1, gprB_2, -, 0x7]
	// 0007a0d802908121  bne[.10], defer[1]
	// 000a8081c8314a00  alu_shf[$xfer_3, --, B, *l$index0[2], <<4]
	// 0004f05c16089002  mem[read32_swap, $xfer_0, gprA_2, 0x4, 4], ctx_swap[sig1]
}

// A word's text is GNU objdump's.
func ExampleDecode() {
	i, err := nfpisa.Decode(0x000f80c50c100e01, nfpisa.Ctx4)
	fmt.Println(i, err)
	fmt.Println(i.Left(), i.Right(), i.Shift.Amount)
	_, err = nfpisa.Decode(0xfa00000000, nfpisa.Ctx4)
	fmt.Println(err)
	// Output:
	// ld_field_w_clr[gprA_1, 1100, gprB_3, <<16], load_cc <nil>
	// gprA_1 gprB_3 16
	// nfpisa: word 0x0000fa00000000 is not an instruction: it belongs to no class
}

// Mistakes carry line and column.
func ExampleAssemble() {
	a, err := nfpisa.Assemble("loop.s", []byte("loop:\talu[gprA_1, gprA_1, -, 0x1]\n\tbne[loop]\n"))
	fmt.Println(len(a.Words), err)
	_, err = nfpisa.Assemble("loop.s", []byte("loop:\talu[gprA_1, gprB_1, -, gprB_2]\n"))
	fmt.Println(err)
	// Output:
	// 2 <nil>
	// loop.s:1:19: left operand: field A reads bank A only
}

// A listing assembles back to the same words.
func ExampleDisassemble() {
	words := []nfpisa.Word{0x0009a0a000100c02, 0x00000000fa00000000}
	if err := nfpisa.Disassemble(os.Stdout, words, nfpisa.DisasmOptions{Start: 16}); err != nil {
		fmt.Println(err)
	}
	// Output:
	//	.ctx 4
	// 	.start 16
	// 	.word 0x9a0a000100c02                                //    16  0009a0a000100c02  alu[gprA_1, --, B, gprB_3]
	// 	.word 0xfa00000000                                   //    17  000000fa00000000  check bits do not match; it belongs to no class
}

// One flipped bit is repaired.
func ExampleCorrect() {
	w, status := nfpisa.Correct(0x0009a0a000100c02 ^ 1<<20)
	fmt.Printf("%016x %v\n", uint64(w), status == nfpisa.ECCCorrected)
	// Output: 0009a0a000100c02 true
}
