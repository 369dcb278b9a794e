package nic_test

import (
	"context"
	"fmt"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim/nic"
	"github.com/skipsw/skipsw/sim/traffic"
	"github.com/skipsw/skipsw/translate"
)

// The shortest frames come at line rate at both ports; a program sends them
// back.
func Example() {
	var o translate.FileOptions
	o.Target = target.MustBuiltin("skipsw")
	img, err := translate.File("../../testdata/bpf/l2_swap_tx.o", o)
	if err != nil {
		panic(err)
	}
	spec := nic.DefaultSpec()
	card, err := nic.New(img, spec)
	if err != nil {
		panic(err)
	}
	var in []nic.Input
	for range spec.Ports {
		s := traffic.DefaultSpec()
		s.Packets = 5000
		source, err := traffic.New(s)
		if err != nil {
			panic(err)
		}
		pace, err := traffic.NewPace(spec.PortRate, 1)
		if err != nil {
			panic(err)
		}
		in = append(in, nic.Input{Source: source, Pace: pace})
	}
	res, err := card.Run(context.Background(), in)
	if err != nil {
		panic(err)
	}
	fmt.Println(res.Packets.Sent, "of", res.Packets.In, "sent")
	fmt.Println(res.Bottleneck)
	// Output:
	// 10000 of 10000 sent
	// line rate, 40 Gb/s in at port 0, 1
}
