// Package regalloc allocates registers for machines with banked register
// files. It knows a function only through the interface Function: blocks,
// instructions, operands with constraints; it never knows an encoding, an
// instruction set or a source language.
//
// Allocator.Allocate is the entry point; Check proves a result right without
// trusting it.
package regalloc
