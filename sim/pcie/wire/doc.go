// Package wire holds simple far ends of a card's cables, each of which takes
// frames that leave a port (Send) and brings frames to it: a host that answers
// ARP and ping, a cable to another port, a player of frames, a tap that sees
// what leaves.
//
// It never knows cards: a far end is given the function that brings frames.
//
// Not stable: the card as a PCI function is new.
package wire

// Deliver brings a frame to a port and never waits; false means that the frame
// is lost. The frame is the port's from then on.
type Deliver func(frame []byte) bool
