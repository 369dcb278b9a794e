// Package nfp selects NFP instructions for word-level SSA: it turns a
// function into machine instructions on virtual registers, has registers
// allocated, lays blocks out, fills defer slots and encodes.
//
// It never knows eBPF opcodes or the proof. Generate is the entry point.
package nfp
