package pcie_test

import (
	"fmt"

	"github.com/skipsw/skipsw/sim/pcie"
)

// A host finds the size of a BAR by writing ones to it.
func ExampleConfig() {
	c := pcie.NewConfig(pcie.Identity{Vendor: 0x19ee, Device: 0x4000})
	c.AddBAR(0, 16<<20)
	c.Write(0x10, []byte{0xff, 0xff, 0xff, 0xff})
	var b [4]byte
	c.Read(0x10, b[:])
	fmt.Printf("%d MiB\n", -(le.Uint32(b[:])&^15)>>20)
	// Output: 16 MiB
}
