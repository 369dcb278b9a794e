// Package bpffw is the BPF firmware of a simulated card: programs, one a port,
// and maps that they share, in the simulator. Capabilities says what a target's
// firmware offers, New makes it for a nfp.Card.
//
// Programs come as bare words. They run with all strict checks, and what they
// want done with a packet is read from their exit word alone: the firmware of
// the card is not told whether it runs XDP or a classifier.
//
// It never knows drivers, rings or messages.
//
// Not stable: the card as a PCI function is new.
package bpffw
