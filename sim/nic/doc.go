// Package nic is a network card in the simulator: ports at line rate, receive
// buffers, worker cores that run one image over one memory, egress queues and
// the way to the host. A Card runs traffic and says how many packets a second
// it did, what became of each, how long they took and what held it up.
//
// Time is a whole number: cycles for cores and memories, picoseconds for wires.
// Everything is conserved: each frame that came in was sent, given to the host
// or dropped for a reason that is counted.
//
// The card has no islands yet: all cores share one packet memory, as in
// sim.System. Frames may leave in another order than they came, which is
// counted. docs/timing.md has the numbers, their sources and what is left out.
//
// It never knows objects, capture files or how results are shown.
//
// Not stable.
package nic
