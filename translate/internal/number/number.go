// Package number holds what is known of 64-bit numbers of which a program
// shows a part: which bits are known (Tnum), and besides them four ranges,
// signed and unsigned, of the whole and of its low word (Scalar). Arithmetic
// and comparisons carry that knowledge on: Apply computes, Compare tells
// whether a comparison has only one outcome, Refine learns from one.
//
// All of it is sound: of the numbers that operands stand for, the result of
// each operation is one that the result stands for. Where a more precise rule
// would be sound too, the coarser one of the kernel's verifier (Linux 6.18,
// kernel/bpf/verifier.c and tnum.c) is used, so that whoever proves programs
// with it proves what the kernel proves.
//
// It never knows registers, pointers, memory or paths.
package number
