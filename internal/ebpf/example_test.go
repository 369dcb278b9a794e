package ebpf_test

import (
	"fmt"

	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/translate/object"
)

func ExampleVM_Run() {
	o, err := object.Load("../../testdata/bpf/count_by_proto.o", object.Options{})
	if err != nil {
		panic(err)
	}
	p, err := o.Program("count_by_proto")
	if err != nil {
		panic(err)
	}
	vm, err := ebpf.New(p, ebpf.Options{})
	if err != nil {
		panic(err)
	}
	frame := make([]byte, 60)
	frame[12], frame[13] = 0x08, 0x00 // IPv4
	frame[23] = 17                    // UDP
	res, err := vm.Run(ebpf.Input{Packet: frame})
	fmt.Println(res.R0, err)
	fmt.Println(vm.Map("counters").Lookup([]byte{17, 0, 0, 0}))
	// Output:
	// 2 <nil>
	// [1 0 0 0 0 0 0 0 60 0 0 0 0 0 0 0]
}
