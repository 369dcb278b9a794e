// Package nfpisa holds the instruction set of the NFP-6000 flow processing
// core (microengine version 2.8): operands, instruction forms, encoding to
// 64-bit control-store words, decoding, assembler and disassembler text, and
// the error-correcting code.
//
// Decode turns a Word into an Instr, Encode turns it back, bit by bit. The
// constructors (ALU, Shf, Immed, Br, Mem32, ...) make instructions, Parse and
// Instr.String read and write their text, Assemble and Disassemble whole files.
// docs/isa.md describes the encodings.
//
// It never knows eBPF, the compiler or the simulator.
//
// Stable for importers.
package nfpisa
