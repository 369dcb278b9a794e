package kernel

import (
	"context"

	"github.com/skipsw/skipsw/offload"
)

// Capabilities implements offload.Device.
func (d *Device) Capabilities(context.Context) (*offload.Capabilities, error) {
	return nil, nil
}
