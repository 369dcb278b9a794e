package kernel

import (
	"testing"

	"github.com/skipsw/skipsw/internal/vm/vmtest"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/devicetest"
)

// TestDevice runs the implementers' tests on the kernel's netdevsim driver.
func TestDevice(t *testing.T) {
	if !vmtest.Inside(t) {
		return
	}
	devicetest.Run(t, func(t *testing.T) offload.Device { return simDevice(t, 10) })
}
