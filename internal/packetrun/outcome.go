package packetrun

import (
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim"
)

// Outcome is what became of a packet. It is valid during the call that has it.
type Outcome struct {
	Number     int         // from 1
	In         pcap.Packet // as it came, with zeros in the place of what was cut
	Result     *sim.Result
	Verdict    string // "" for a fault
	Leaves     bool   // passed to the host or sent
	Redirected bool   // Result.Redirect says where it goes
	image      *image.Image
	// Began is the time of the machine when the packet came, in nanoseconds; 0 where
	// it has no clock.
	Began uint64
}

// Where names what the packet came to: the verdict, with the place of a redirect,
// or "fault".
func (o *Outcome) Where() string {
	switch {
	case o.Result.Fault != nil:
		return "fault"
	case o.Redirected:
		return o.Verdict + " to " + o.Result.Redirect.String()
	}
	return o.Verdict
}

// Line returns one line of text; exit is where the program ended, nil for
// unknown.
//
//	17  XDP_DROP  212 cycles  60B->60B  10.0.0.1>192.0.2.1 UDP 53  pktlimit.c:34
func (o *Outcome) Line(exit *image.Line) string {
	s := fmt.Sprintf("%d  %s", o.Number, o.Where())
	if f := o.Result.Fault; f != nil {
		s += fmt.Sprintf("  %dB  %s  %s", len(o.In.Data), Headers(o.In.Data), f.Error())
		return s
	}
	s += fmt.Sprintf("  %d cycles  %dB->%dB  %s", o.Result.Cycles, len(o.In.Data), len(o.Result.Packet), Headers(o.In.Data))
	if exit != nil {
		s += "  " + Place(exit)
	}
	s += o.stays()
	for _, e := range o.Ends() {
		s += "  [" + e.text() + "]"
	}
	return s
}

// stays says what of a frame is not as it is without a program: the queue that was
// chosen, mark, priority and queue mapping.
func (o *Outcome) stays() (s string) {
	r := o.Result
	if r.QueueSelected {
		s = fmt.Sprintf("  queue %d", r.Queue)
	}
	if r.Skb.Mark != 0 {
		s += fmt.Sprintf("  mark %#x", r.Skb.Mark)
	}
	if r.Skb.Priority != 0 {
		s += fmt.Sprintf("  priority %#x", r.Skb.Priority)
	}
	if r.Skb.QueueMapping != 0 {
		s += fmt.Sprintf("  queue mapping %d", r.Skb.QueueMapping)
	}
	return s
}

// Place is the short name of a C line, on one line.
func Place(l *image.Line) string {
	return fmt.Sprintf("%s:%d", strings.ReplaceAll(filepath.Base(l.File), "\n", `\x0a`), l.LineNo)
}

// Packet is an outcome as JSON. Numbers are of bytes, cycles and instructions.
type Packet struct {
	Packet       int    `json:"packet"` // from 1
	Verdict      string `json:"verdict,omitempty"`
	Redirect     string `json:"redirect,omitempty"`
	Cycles       uint64 `json:"cycles,omitempty"`
	Instructions uint64 `json:"instructions,omitempty"`
	InBytes      int    `json:"in_bytes"`
	OutBytes     int    `json:"out_bytes"`
	// Queue is the receive queue that the program chose.
	Queue *uint8 `json:"queue,omitempty"`
	// Mark, Priority and QueueMapping are those of a frame behind a tc program, on
	// targets that have a place for them.
	Mark         *uint32 `json:"mark,omitempty"`
	Priority     *uint32 `json:"priority,omitempty"`
	QueueMapping *uint32 `json:"queue_mapping,omitempty"`
	Headers      string  `json:"headers,omitempty"`
	// Line is where the program ended: "pktlimit.c:34".
	Line string `json:"line,omitempty"`
	// Output is the packet as the program left it, in lower-case hex, if it
	// leaves the card.
	Output string `json:"output,omitempty"`
	// Metadata is what the program put in front of the packet (bpf_xdp_adjust_meta),
	// in lower-case hex, if the packet leaves the card.
	Metadata string `json:"metadata,omitempty"`
	Fault    string `json:"fault,omitempty"`
	// Ends is what programs in entries of maps made of the packet, at the far end of its
	// redirect.
	Ends []End `json:"ends,omitempty"`
}

// JSON returns the outcome's JSON form; exit is where the program ended, nil for
// unknown.
func (o *Outcome) JSON(exit *image.Line) Packet {
	p := Packet{Packet: o.Number, InBytes: len(o.In.Data), Headers: Headers(o.In.Data)}
	r := o.Result
	if r.Fault != nil {
		p.Fault = r.Fault.Error()
		return p
	}
	p.Verdict, p.Cycles, p.Instructions, p.OutBytes = o.Verdict, r.Cycles, r.Instructions, len(r.Packet)
	if o.Redirected {
		p.Redirect = r.Redirect.String()
	}
	if r.QueueSelected {
		q := r.Queue
		p.Queue = &q
	}
	if r.HasSkb {
		skb := r.Skb
		p.Mark, p.Priority, p.QueueMapping = &skb.Mark, &skb.Priority, &skb.QueueMapping
	}
	if exit != nil {
		p.Line = Place(exit)
	}
	p.Ends = o.Ends()
	if o.Leaves {
		p.Output, p.Metadata = hex.EncodeToString(r.Packet), hex.EncodeToString(r.Metadata)
	}
	return p
}

// Exit finds out at which C line programs end: the last one with a word that was
// executed. Its hooks see every instruction.
type Exit struct {
	lines []*image.Line // of each word
	last  *image.Line
}

// NewExit returns one for an image.
func NewExit(img *image.Image) *Exit {
	e := &Exit{lines: make([]*image.Line, len(img.Words))}
	for w := range e.lines {
		if l := img.LineOf(w); l != nil && l.LineNo != 0 {
			e.lines[w] = l
		}
	}
	return e
}

// Hooks returns what it has to see.
func (e *Exit) Hooks() sim.Hooks {
	return sim.Hooks{
		Switch: func(s sim.Switch) {
			if s.Kind == sim.SwitchBegin {
				e.last = nil
			}
		},
		Step: func(s sim.Step) {
			if l := e.lines[s.Word]; l != nil {
				e.last = l
			}
		},
	}
}

// Line returns where the last packet's program ended, nil for unknown.
func (e *Exit) Line() *image.Line { return e.last }
