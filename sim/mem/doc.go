// Package mem holds the memory that cores share: units with a clock each, the
// commands that they serve, and the address map of what lies in map memory.
//
// A command takes effect when its unit serves it: what it reads and writes are
// the contents of memory at that moment, and its reply comes later. A System
// serves commands as they are issued while it has one requester, whose commands
// come in the order of time. With several requesters it queues them, and Serve
// takes them in the order of their arrival.
//
// It never knows numbers of its own (units and latencies are given to it),
// instructions, contexts, registers or what a map's bytes mean.
//
// Not stable: package sim is the stable way in.
package mem
