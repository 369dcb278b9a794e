package nfp_test

import (
	"encoding/binary"
	"fmt"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim/pcie/bpffw"
	"github.com/skipsw/skipsw/sim/pcie/nfp"
)

// A card with the firmware of target agilio, as a transport would drive it.
func Example() {
	t := target.MustBuiltin("agilio")
	caps, err := bpffw.Capabilities(t)
	if err != nil {
		panic(err)
	}
	fw, err := bpffw.New(t, caps)
	if err != nil {
		panic(err)
	}
	card, err := nfp.New(fw, nfp.Options{Ports: 2, BPF: caps})
	if err != nil {
		panic(err)
	}
	defer card.Close()
	var id [4]byte
	card.Config().Read(0, id[:])
	fmt.Printf("%04x:%04x with %d ports, MSI-X vectors: %d\n",
		binary.LittleEndian.Uint16(id[:]), binary.LittleEndian.Uint16(id[2:]), card.Ports(), card.Config().Vectors())
	// Output: 19ee:4000 with 2 ports, MSI-X vectors: 64
}
