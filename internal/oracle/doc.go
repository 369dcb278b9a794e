// Package oracle runs one eBPF program through several independent judges and
// compares what they say: the running Linux kernel, the reference interpreter,
// and the compiler with the simulator for each target.
//
// LoadKernel is the kernel judge alone. A judge reports an Outcome for each
// packet: verdict, output packet, map entries, fault.
//
// The package is a test instrument. It never repairs a program and never
// knows how a judge works inside.
package oracle
