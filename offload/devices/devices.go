// Package devices is the registry with the kinds of device that the module
// has: network interfaces of the kernel by their names ("eth0"), simulated
// cards as "sim:NAME", a running one or one in this process. Systems other than
// Linux have cards in the process alone. A vendor's binary adds
// its own scheme to Schemes.
//
// It never knows what a device does. Entry points: Default, Schemes.
//
// Stable for importers.
package devices

import (
	"fmt"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/simdev"
)

// Schemes returns the module's schemes. Simulated cards live in the value
// returned: two calls give two sets of cards.
func Schemes() []offload.Scheme {
	return schemes(simdev.New(simdev.Spec{}).Scheme())
}

// Default returns a registry of Schemes.
func Default() *offload.Registry {
	r, err := offload.NewRegistry(Schemes()...)
	if err != nil {
		panic(fmt.Sprintf("BUG: the module's own schemes: %v", err))
	}
	return r
}
