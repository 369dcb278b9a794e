package hostmap_test

import (
	"fmt"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim/hostmap"
	"github.com/skipsw/skipsw/sim/mem"
)

// A map lives in card memory by itself; programs and hosts come and go.
func Example() {
	region := target.MustBuiltin("agilio").Maps.Regions[0]
	space := hostmap.NewSpace(mem.New(mem.Config{Units: make([]mem.Unit, 1)}), []hostmap.Room{{Unit: 0, Region: region}})
	m, err := space.Create(image.Map{Name: "ports", Type: "hash", KeySize: 2, ValueSize: 4, MaxEntries: 16})
	if err != nil {
		panic(err)
	}
	fmt.Println(m.Update([]byte{80, 0}, []byte{1, 0, 0, 0}, hostmap.UpdateNoExist))
	fmt.Println(m.Update([]byte{80, 0}, []byte{2, 0, 0, 0}, hostmap.UpdateNoExist))
	fmt.Println(m.Lookup([]byte{80, 0}))
	fmt.Printf("%#x\n", m.Region().Base)
	space.Free(m)
	// Output:
	// <nil>
	// map "ports": update 5000: file exists
	// [1 0 0 0] true
	// 0x2000000100
}
