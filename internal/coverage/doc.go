// Package coverage says which C lines, which ways of conditional jumps and which
// functions of a program packets reach, and writes it as an lcov tracefile.
//
// Counter counts while the reference interpreter runs; Report folds the slots of
// the program into the C lines that BTF records for them. What the verifier proves
// that no run reaches is in no report: the compiler leaves it out, too.
//
// It never knows the NFP. What it counts is a property of program and packets.
package coverage
