package mem_test

import (
	"fmt"

	"github.com/skipsw/skipsw/sim/mem"
)

// A requester that is alone has its commands served at once.
func Example() {
	s := mem.New(mem.Config{Units: []mem.Unit{{Name: "ctm", Latency: mem.Latency{Read: 60, Write: 55, Atomic: 60, PerWord: 1, Busy: 1}}}})
	r := &mem.Region{Name: "counter", Base: 0x2000, Size: 8, Data: make([]byte, 8)}
	s.Map.Add(r)
	in := make([]uint64, 1)
	for cycle := uint64(0); cycle < 2; cycle++ {
		c := mem.Command{Op: mem.Add, Test: true, Bytes: 4, Region: s.Map.Find(0x2000), Arrival: cycle}
		done := s.Do(&c, []uint64{5}, in)
		fmt.Println("before:", in[0], "signal in cycle", done)
	}
	fmt.Println(r.Data[:4])
	// Output:
	// before: 0 signal in cycle 60
	// before: 5 signal in cycle 61
	// [0 0 0 10]
}
