package oracle

import (
	"github.com/skipsw/skipsw/internal/oracle/gen"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// KernelISA returns the level of the instruction set that the running kernel
// takes, 1 to 4, found by asking it.
func KernelISA() int {
	mov := bpf.Mov.Imm(0, 1)
	for _, level := range []struct {
		isa  int
		code []bpf.Insn
	}{
		{4, []bpf.Insn{mov, bpf.Bswap(16, 0)}},
		{3, []bpf.Insn{
			mov,
			bpf.Store(bpf.SizeDW, 10, -8, 0),
			bpf.Atomic(bpf.AtomicAdd|bpf.AtomicFetch, bpf.SizeDW, 10, -8, 0),
		}},
		{2, []bpf.Insn{mov, bpf.JLt.Imm(0, 0, 0)}},
	} {
		if _, ok := try(append(level.code, bpf.Return())); ok {
			return level.isa
		}
	}
	return 1
}

// foldsChecksum reports whether bpf_csum_diff gives 16 bits, as kernels from
// 6.13 on do, and as the interpreter and the targets do.
func foldsChecksum() bool {
	r0, ok := try([]bpf.Insn{
		bpf.Mov.Imm(1, 0x7fff0001),
		bpf.Store(bpf.SizeW, 10, -4, 1),
		bpf.Mov.Imm(1, 0),
		bpf.Mov.Imm(2, 0),
		bpf.Mov.Reg(3, 10),
		bpf.Add.Imm(3, -4),
		bpf.Mov.Imm(4, 4),
		bpf.Mov.Imm(5, 0),
		bpf.CallHelper(bpf.HelperCsumDiff),
		bpf.Return(),
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
		bpf.Mov.Imm(0, 0),
		bpf.MayGoto(1),
		bpf.Goto(-2),
		bpf.Return(),
	})
	return ok
}

// provesGlobals reports whether the kernel proves global functions on their own
// as later ones do: with memory that is not null as argument (6.8).
func provesGlobals() bool {
	_, ok := try([]bpf.Insn{
		bpf.Mov.Reg(1, 10),
		bpf.Add.Imm(1, -8),
		bpf.CallFunc(1),
		bpf.Return(),
		bpf.Load(bpf.SizeDW, 0, 1, 0),
		bpf.Return(),
	}, object.Func{Name: "global", Start: 4, Global: true, Args: []object.Arg{{Kind: object.ArgMem, Size: 8, NonNull: true}}})
	return ok
}

// LimitToKernel keeps generated programs to what the running kernel can judge:
// its level of the instruction set, helpers that it answers as the current
// kernels do, nothing at the far end of redirects, and no program that does the kernel
// harm.
func LimitToKernel(o gen.Options) gen.Options {
	o.NearOnly, o.NoLegacyInFuncs = true, true
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
