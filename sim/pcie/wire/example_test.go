package wire_test

import (
	"fmt"

	"github.com/skipsw/skipsw/sim/pcie/wire"
)

func ExampleCable() {
	deliver := func(port string) wire.Deliver {
		return func(frame []byte) bool { fmt.Printf("%s gets %q\n", port, frame); return true }
	}
	a, b := wire.Cable(deliver("port 0"), deliver("port 1"))
	a.Send([]byte("from port 0"))
	b.Send([]byte("from port 1"))
	// Output:
	// port 1 gets "from port 0"
	// port 0 gets "from port 1"
}
