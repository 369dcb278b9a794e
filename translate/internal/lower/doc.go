// Package lower holds the parts of a compiled program that do not come from
// its eBPF instructions: the ways to end a packet and the helpers, made as SSA
// or as calls of routines, as the target asks for. A helper is one row, in one
// file that registers it.
//
// It never knows encodings of the NFP, and registers only as the target names
// them. Helpers, Why and LowerExits are the entry points.
package lower
