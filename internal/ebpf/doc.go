// Package ebpf is a reference interpreter of eBPF: it runs the raw slots of a
// program, with its maps and helpers, one packet at a time, and checks every
// access. It is written to be plainly right, not fast.
//
// New makes a VM for a program, Run runs it on a packet. A hook sees the
// registers before each instruction, and Resolve says what a pointer points
// at, so that statements about a program can be checked against its
// executions.
//
// It never trusts the program (no verifier is asked), and never knows the NFP
// or the kernel it runs on. One CPU is modelled: per-CPU maps have one value.
package ebpf
