package verify_test

import (
	"fmt"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// A program that returns the first byte of the packet, after a check. Without
// the check it is refused; with it, the facts say what the load may rely on.
func ExampleVerify() {
	p := &object.Program{Name: "first_byte", Type: object.XDP, Insns: []bpf.Insn{
		{Op: 0x61, Dst: 2, Src: 1},         // r2 = ctx->data
		{Op: 0x61, Dst: 3, Src: 1, Off: 4}, // r3 = ctx->data_end
		{Op: 0xbf, Dst: 4, Src: 2},         // r4 = r2
		{Op: 0x07, Dst: 4, Imm: 14},        // r4 += 14
		{Op: 0xb7, Dst: 0, Imm: 1},         // r0 = XDP_DROP
		{Op: 0x2d, Dst: 4, Src: 3, Off: 1}, // if r4 > r3 goto exit
		{Op: 0x71, Dst: 0, Src: 2},         // r0 = *(u8 *)(r2 + 0)
		{Op: 0x95},                         // exit
	}}
	proven, err := verify.Verify(p, verify.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r2, r0 := proven.Reg(6, 2), proven.Reg(7, 0)
	fmt.Println("r2 is", r2.Kind, "with", r2.Range, "bytes proven")
	fmt.Println("r0 at exit is in", r0.UMin, "..", r0.UMax)

	p.Insns[5].Op = 0x1d // if r4 == r3 goto exit
	_, err = verify.Verify(p, verify.Options{})
	fmt.Println(err)
	// Output:
	// r2 is pkt with 14 bytes proven
	// r0 at exit is in 0 .. 255
	// first_byte: packet byte 0 read, no bounds check has proven any of it (instruction 6: r0 = *(u8 *)(r2 +0))
}
