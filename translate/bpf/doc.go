// Package bpf is the vocabulary of eBPF that everything in this module shares:
// instructions and their parts, helpers, types of maps and programs, verdicts,
// the members of contexts, error numbers and flags, with the kernel's names.
// It also holds what works on instructions alone: text in both directions, an
// assembler, an editor that keeps jumps right, and control flow.
//
// It imports nothing but the standard library, and never knows objects, maps'
// contents, proofs, targets or devices. What the kernel's headers define is
// generated from them (see internal/gen); the rest is written by hand and
// tested against them.
//
// Instructions are values. The constructors read like assembly:
//
//	bpf.Mov.Imm(bpf.R0, 2)                       // r0 = 2
//	bpf.Add.Reg32(bpf.R1, bpf.R2)                // w1 += w2
//	bpf.Load(bpf.SizeW, bpf.R2, bpf.R1, 4)       // r2 = *(u32 *)(r1 +4)
//	bpf.JEq.Imm(bpf.R0, 0, 5)                    // if r0 == 0 goto pc+5
//	bpf.CallHelper(bpf.HelperMapLookupElem)      // call map_lookup_elem#1
//
// Stable for importers: names follow the kernel's headers.
package bpf

//go:generate go run ./internal/gen
