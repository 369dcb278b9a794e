// Package sim runs compiled NFP code: a flow-processor core that decodes and
// executes control-store words, the memories it talks to, and a small model of
// the firmware around it.
//
// It takes images and knows nothing of the compiler that made them; neither
// does it know devices or netlink. New makes a Machine from an image, Run
// sends one packet through it.
//
// Semantics and timing are apart: one arithmetic unit gives values, while the
// clock counts issue cycles, branch bubbles and memory waits by the parameters
// of a Spec. The same input always takes the same cycles.
//
// The machine is strict. A program that uses a value nobody wrote, a transfer
// register before its signal, a local-memory pointer too soon, or memory that
// is not its own, ends with a Fault that says where and why. Undefined values
// are tracked bit by bit and may be moved and masked; only a use that would
// show (a branch, an address, stored data, the verdict) is a fault.
package sim
