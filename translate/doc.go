// Package translate compiles a proven eBPF program to a linked image of NFP
// code for a target. Compile is the entry point; the stages are in the
// packages below.
//
// It never knows devices, netlink or the simulator.
//
// Stable for importers: Compile, CompileFor, Object, File and their options and
// results. Backend stands over internal packages until a second back end is here.
package translate
