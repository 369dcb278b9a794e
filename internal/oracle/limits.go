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

// try loads and runs an XDP program, with functions behind it.
func try(code []bpf.Insn, behind ...object.Func) (r0 uint32, ok bool) {
	p := &object.Program{Name: "try", Type: object.XDP, License: "GPL", Insns: code}
	p.Funcs = append([]object.Func{{Name: p.Name}}, behind...)
	k, err := LoadKernel(p, KernelOptions{NoLog: true})
	if err != nil {
		return 0, false
	}
	defer k.Close()
	r, err := k.Run(KernelInput{Packet: make([]byte, 64)})
	return r.Verdict, err == nil
}

// knowsMayGoto reports whether the kernel takes may_goto, which came after the
// rest of level 4 (6.9).
func knowsMayGoto() bool {
	_, ok := try([]bpf.Insn{
		{Op: bpf.ClassALU64 | bpf.MOV},
		{Op: bpf.ClassJMP | bpf.JCOND, Off: 1},
		{Op: bpf.ClassJMP | bpf.JA, Off: -2},
		{Op: bpf.ClassJMP | bpf.EXIT},
	})
	return ok
}

// provesGlobals reports whether the kernel proves global functions on their own
// as later ones do: with memory that is not null as argument (6.8).
func provesGlobals() bool {
	_, ok := try([]bpf.Insn{
		{Op: bpf.ClassALU64 | bpf.MOV | bpf.X, Dst: 1, Src: 10},
		{Op: bpf.ClassALU64 | bpf.ADD, Dst: 1, Imm: -8},
		{Op: bpf.ClassJMP | bpf.CALL, Src: bpf.PseudoCall, Imm: 1},
		{Op: bpf.ClassJMP | bpf.EXIT},
		{Op: bpf.ClassLDX | bpf.ModeMEM | bpf.SizeDW, Src: 1},
		{Op: bpf.ClassJMP | bpf.EXIT},
	}, object.Func{Name: "global", Start: 4, Global: true, Args: []object.Arg{{Kind: object.ArgMem, Size: 8, NonNull: true}}})
	return ok
}

// LimitToKernel keeps generated programs to what the running kernel can judge:
// its level of the instruction set, and helpers that it answers as the current
// kernels do.
func LimitToKernel(o gen.Options) gen.Options {
	if isa := KernelISA(); isa < 4 {
		o.MaxISA = isa
	}
	if !foldsChecksum() {
		o.Without |= gen.CsumDiff
	}
	if o.MaxISA == 0 && !knowsMayGoto() {
		o.Without |= gen.MayGoto
	}
	if !provesGlobals() {
		o.Without |= gen.GlobalCalls
	}
	return o
}
