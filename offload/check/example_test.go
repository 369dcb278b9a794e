package check_test

import (
	"fmt"

	"github.com/skipsw/skipsw/offload/check"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

func ExampleProgram() {
	p := &object.Program{
		Name: "clock", Type: object.XDP, License: "GPL",
		Insns: []bpf.Insn{
			bpf.CallHelper(bpf.HelperKtimeGetNs), // bpf_ktime_get_ns
			bpf.Mod.Imm(0, 3),
			bpf.Return(),
		},
		Lines: []object.Line{{Slot: 0, File: "clock.c", LineNo: 9, Text: "return bpf_ktime_get_ns() % 3;"}},
	}
	found, err := check.Program(p, check.Options{NFP: true})
	if err != nil {
		fmt.Println(err)
	}
	for _, f := range found {
		fmt.Println(f)
	}
	// Output:
	// clock.c:9: instruction 0: nfp: unsupported function id: 5; the card has map lookup, update and delete, bpf_get_prandom_u32, bpf_perf_event_output, bpf_xdp_adjust_head and bpf_xdp_adjust_tail
	// clock.c:9: instruction 1: nfp: instruction 0x97 not supported; there is no remainder; by a power of two mask with &, else subtract the product of the quotient
}
