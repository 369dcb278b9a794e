// Package lower holds the parts of a compiled program that do not come from
// its eBPF instructions: the ways to end a packet and the helpers, made as SSA
// or as calls of firmware routines, as the target asks for.
//
// It never knows registers or encodings of the NFP. Helpers and LowerExits are
// the entry points.
package lower
