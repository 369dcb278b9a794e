package devices

import (
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/card"
	"github.com/skipsw/skipsw/offload/kernel"
)

// schemes adds the devices of the kernel and running cards to cards in the
// process.
func schemes(local offload.Scheme) []offload.Scheme {
	return []offload.Scheme{kernel.Scheme(), card.Scheme(local)}
}
