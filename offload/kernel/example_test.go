package kernel_test

import (
	"context"
	"fmt"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/kernel"
	"github.com/skipsw/skipsw/translate/object"
)

func ExampleOpen() {
	d, err := kernel.Open("eth-none", kernel.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer d.Close()
	p, err := offload.ReadProgram("prog.o", "", "", object.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := offload.Attach(context.Background(), d, offload.Request{Program: p}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// look up interface eth-none: no such device (no such interface)
}
