// Package card is a simulated card as a process: packets of taps, veths, virtual
// machines and capture files go through the programs that our verbs attach to
// it, without a driver in the kernel. A Card has ports, a Folder is where cards
// of a user are found by name, Serve lets clients control one, Scheme opens a
// running one as a device.
//
// Programs run in the simulator (offload/simdev), one packet after the other and
// with every check on: a packet sees one version of a program from its entry to
// its exit, and one that breaks a rule of the machine stops, not the card. An
// image is words and no proof: these checks are what stands between it and the
// card.
//
// It never knows flags or words of the command. docs/card.md tells the rest.
//
// Not stable: the card as a process is new.
package card
