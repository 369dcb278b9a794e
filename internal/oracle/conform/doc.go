// Package conform runs single eBPF instruction sequences through the compiler
// and the simulated core, for suites that test an instruction set: a program
// gets a memory and its length and leaves a number.
//
// Load reads vectors; Run gives
// the answer of the compiler and the simulator.
//
// The package knows nothing of packets' meaning and of devices.
package conform
