// Package debug stops packets on their way through a program in the simulator,
// at words, eBPF instructions and C lines, accesses to maps, verdicts and faults;
// shows registers, packet, maps and memory; and goes back.
//
// Going back is running again: the machine is deterministic, so a Session makes a
// new one and runs it up to the place. Nothing of the machine is changed by being
// looked at.
//
// It never compiles: what the compiler knows (where eBPF registers are) comes in
// Options. New is the entry point, Console a debugger on lines of text; package
// debug/dap speaks the Debug Adapter Protocol.
//
// Not stable.
package debug
