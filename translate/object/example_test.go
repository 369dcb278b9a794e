package object_test

import (
	"fmt"

	"github.com/skipsw/skipsw/translate/object"
)

func ExampleLoad() {
	o, err := object.Load("../../testdata/bpf/count_by_proto.o", object.Options{})
	if err != nil {
		panic(err)
	}
	p, err := o.Program("count_by_proto")
	if err != nil {
		panic(err)
	}
	fmt.Println(p.Type, p.Section, len(p.Insns), "slots")
	for _, m := range p.Maps {
		fmt.Println(m.Name, m.KeySize, m.ValueSize, m.MaxEntries)
	}
	// Output:
	// xdp xdp 41 slots
	// counters 4 16 256
}
