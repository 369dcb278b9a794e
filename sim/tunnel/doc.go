// Package tunnel holds the ends of tunnels that ports of a card can be, as the
// kernel's devices of kind vxlan, geneve and ipip with the option external are: what
// arrives loses its outer headers, which become the frame's key, and what leaves gets
// those that its key asks for.
//
// It never knows programs, nor how the way to the far end is found, see Way.
// Port.Receive and Port.Send are the entry points; Key.Put and ReadKey are a key
// beside a frame in card memory.
//
// Not stable.
package tunnel
