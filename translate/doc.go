// Package translate compiles a proven eBPF program to a linked image of NFP
// code for a target. Compile is the entry point; the stages are in the
// packages below.
//
// It never knows devices, netlink or the simulator.
package translate
