package traffic_test

import (
	"fmt"

	"github.com/skipsw/skipsw/sim/traffic"
)

// Frames of two flows, half of what a wire of 40 Gb/s carries.
func Example() {
	s := traffic.DefaultSpec()
	s.Flows, s.Packets = 2, 4
	source, err := traffic.New(s)
	if err != nil {
		panic(err)
	}
	pace, err := traffic.NewPace(20_000_000_000, 1)
	if err != nil {
		panic(err)
	}
	var p traffic.Packet
	for source.Next(&p) {
		frame := source.Frame(&p)
		at := pace.Next(traffic.Preamble + traffic.Wire(len(frame)) + traffic.Gap)
		fmt.Printf("%6d ps: %d bytes from 10.0.0.%d\n", at, len(frame), frame[29])
	}
	// Output:
	//      0 ps: 60 bytes from 10.0.0.1
	//  33600 ps: 60 bytes from 10.0.0.0
	//  67200 ps: 60 bytes from 10.0.0.0
	// 100800 ps: 60 bytes from 10.0.0.0
}
