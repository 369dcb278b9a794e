package oracle

import (
	"github.com/skipsw/skipsw/internal/oracle/gen"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// KernelISA returns the level of the instruction set that the running kernel
// takes, 1 to 4, found by asking it.
func KernelISA() int {
	mov := bpf.Insn{Op: bpf.ClassALU64 | bpf.MOV, Imm: 1}
	for _, level := range []struct {
		isa  int
		code []bpf.Insn
	}{
		{4, []bpf.Insn{mov, {Op: bpf.ClassALU64 | bpf.END, Imm: 16}}},
		{3, []bpf.Insn{
			mov,
			{Op: bpf.ClassSTX | bpf.ModeMEM | bpf.SizeDW, Dst: 10, Off: -8},
			{Op: bpf.ClassSTX | bpf.ModeATOMIC | bpf.SizeDW, Dst: 10, Off: -8, Imm: bpf.AtomicAdd | bpf.AtomicFetch},
		}},
		{2, []bpf.Insn{mov, {Op: bpf.ClassJMP | bpf.JLT}}},
	} {
		if _, ok := try(append(level.code, bpf.Insn{Op: bpf.ClassJMP | bpf.EXIT})); ok {
			return level.isa
		}
	}
	return 1
}

// foldsChecksum reports whether bpf_csum_diff gives 16 bits, as kernels from
// 6.13 on do, and as the interpreter and the targets do.
func foldsChecksum() bool {
	const csumDiff = 28
	r0, ok := try([]bpf.Insn{
		{Op: bpf.ClassALU64 | bpf.MOV, Dst: 1, Imm: 0x7fff0001},
		{Op: bpf.ClassSTX | bpf.ModeMEM | bpf.SizeW, Dst: 10, Src: 1, Off: -4},
		{Op: bpf.ClassALU64 | bpf.MOV, Dst: 1},
		{Op: bpf.ClassALU64 | bpf.MOV, Dst: 2},
		{Op: bpf.ClassALU64 | bpf.MOV | bpf.X, Dst: 3, Src: 10},
		{Op: bpf.ClassALU64 | bpf.ADD, Dst: 3, Imm: -4},
		{Op: bpf.ClassALU64 | bpf.MOV, Dst: 4, Imm: 4},
		{Op: bpf.ClassALU64 | bpf.MOV, Dst: 5},
		{Op: bpf.ClassJMP | bpf.CALL, Imm: csumDiff},
		{Op: bpf.ClassJMP | bpf.EXIT},
	})
	return ok && r0>>16 == 0
}

// try loads and runs an XDP program.
func try(code []bpf.Insn) (r0 uint32, ok bool) {
	k, err := LoadKernel(&object.Program{Name: "try", Type: object.XDP, License: "GPL", Insns: code}, KernelOptions{NoLog: true})
	if err != nil {
		return 0, false
	}
	defer k.Close()
	r, err := k.Run(KernelInput{Packet: make([]byte, 64)})
	return r.Verdict, err == nil
}

// LimitToKernel keeps generated programs to what the running kernel can judge:
// its level of the instruction set, and helpers that it answers as the current
// kernels do.
func LimitToKernel(o gen.Options) gen.Options {
	if isa := KernelISA(); isa < 4 {
		o.MaxISA = isa
	}
	if !foldsChecksum() {
		o.Without |= gen.Helpers
	}
	return o
}
