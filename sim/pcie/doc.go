// Package pcie holds what every simulated PCI function has: configuration
// space with capabilities, and an MSI-X table. Function is what a transport
// drives, Host what a function reaches through it: guest memory and interrupts.
//
// Packages below it hold transports (uml) and cards (nfp). This one knows
// neither virtual machines nor what a card does.
//
// Not stable: the card as a PCI function is new.
package pcie
