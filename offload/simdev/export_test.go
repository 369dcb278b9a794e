package simdev

import (
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/sim"
)

// Home returns where the contents of a map are.
func Home(m offload.Map) *sim.Map { return m.(*mapHandle).home }
