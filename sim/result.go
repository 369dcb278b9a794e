package sim

import "github.com/skipsw/skipsw/sim/tunnel"

// Result is the outcome of a packet.
type Result struct {
	// Verdict is the eBPF verdict. Where the exit word is a code, it is the
	// least verdict that has the code: for tc on target agilio, pass is
	// TC_ACT_OK, drop TC_ACT_SHOT, uncounted drop TC_ACT_STOLEN.
	Verdict uint32
	// Code is the exit word.
	Code uint32
	// Packet is the frame as the program left it. It is valid until the next
	// Run.
	Packet []byte
	// Metadata is what the program put in front of the packet for the host, valid as
	// long as the packet.
	Metadata []byte
	// Before is what lies in front of the packet in its buffer, the metadata at its
	// end, valid as long as the packet.
	Before []byte
	Linear int // bytes of the packet that lie in its buffer
	// QueueSelected and Queue are the program's choice of a receive queue.
	QueueSelected bool
	Queue         uint8
	// Redirect is where the frame goes if the verdict is a redirect.
	Redirect Redirect
	// Ends is what the programs at the far ends of the redirect made of the frame, in
	// the order of Redirect.Interfaces; nil where none run. Machine.Run runs them.
	Ends []End
	// Tunnel is the tunnel key that the frame has if Tunnelled is true; its options
	// are valid as long as the packet. Of images none of whose programs sets one it
	// is not known.
	Tunnel    tunnel.Key
	Tunnelled bool
	// Skb is what stays with the frame of a tc program if HasSkb is true: on targets
	// that have a place for it.
	Skb    Skb
	HasSkb bool

	Cycles       uint64 // from the first instruction to the exit
	Instructions uint64
	Commands     uint64 // memory commands
	MemWait      uint64 // cycles in which the context waited for a signal
	// Settled is when memory had done all that the program changed, in cycles
	// from the first instruction, at least Cycles. In a System it misses
	// commands that no unit had served when the program ended.
	Settled uint64
	// Events are the records that the program sent. They are valid until the
	// next Run.
	Events []Event
	// Fault is nil for a run that reached its exit. Verdict and Packet mean
	// nothing otherwise, but for FaultExit: an exit word without a verdict
	// leaves a packet all the same.
	Fault *Fault
}
