// Package nfpisa holds the instruction set of the NFP-6000 flow processing
// core (microengine version 2.8): operands, instruction forms, encoding to
// 64-bit control-store words, decoding, assembler and disassembler text, and
// the error-correcting code.
//
// It never knows eBPF, the compiler or the simulator. Decode turns a Word
// into an Instr, Encode turns it back.
package nfpisa
