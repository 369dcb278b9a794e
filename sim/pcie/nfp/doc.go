// Package nfp is a Netronome NFP-4000 card as the mainline Linux driver sees it:
// expansion BARs onto the CPP bus, resource table, service processor, the symbol
// table of a BPF firmware, vNICs with NFD3 rings, and control messages for maps.
// New makes a Card, which is a pcie.Function.
//
// What runs packets through programs and keeps maps is behind Firmware, what is
// at the other end of a port's cable behind Wire. Registers answer at once;
// packets, program loads and map messages are done one after the other, in the
// order in which they came, by a goroutine of the card.
//
// Layouts and numbers are those of drivers/net/ethernet/netronome/nfp in Linux
// 6.1; docs/card.md says what of the card there is.
//
// It never knows the transport that connects it to a guest, nor the simulator.
//
// Not stable: the card as a PCI function is new.
package nfp
