// Package gen makes structured random eBPF programs and packets for
// differential tests.
//
// Program makes a program that the kernel's verifier accepts by construction:
// while it emits instructions it keeps an abstract state of what each register
// and stack byte holds, and emits only what that state allows. NearMiss changes
// one thing in such a program, so that it stands near the edge of what is
// accepted. Packet makes frames. Equal seeds and options give equal results.
//
// The package never runs anything and never knows who judges its programs.
package gen
