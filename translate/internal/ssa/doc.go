// Package ssa holds programs as static single assignment over 32-bit words and
// builds that form from proven eBPF. A 64-bit eBPF value is two words from the
// start, the stack is words too, functions are expanded where they are called,
// and packet, map and local-memory accesses are explicit operations.
//
// It never knows registers or encodings of the NFP. Build is the entry point;
// Func.Check tests the invariants and Func.String prints.
package ssa
