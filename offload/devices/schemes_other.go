//go:build !linux

package devices

import (
	"context"
	"runtime"

	"github.com/skipsw/skipsw/offload"
)

// schemes adds to cards in the process that there are no other devices here.
func schemes(local offload.Scheme) []offload.Scheme {
	return []offload.Scheme{{
		Names: "INTERFACE", Short: "network interface of a Linux kernel, not of " + runtime.GOOS,
		Open: func(_ context.Context, name string, _ offload.OpenOptions) (offload.Device, error) {
			return nil, offload.NotSupported("network interface "+name+" on "+runtime.GOOS, "programs are offloaded by the Linux kernel")
		},
	}, local}
}
