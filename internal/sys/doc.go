// Package sys is the one place that calls bpf(2): maps, programs, pins, type
// information (BTF), and what the kernel tells about them. Its functions take
// and return Go values; the kernel's structures, their pointers and their
// padding stay inside.
//
// It never knows what a device is, nor what a program means. Errors are *Error:
// they name the command and unwrap to the errno. What cilium/ebpf does as well
// (parsing and building BTF, perf rings) is left to it.
package sys
