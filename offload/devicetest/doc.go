// Package devicetest tests an implementation of offload.Device: attach,
// replace, detach and list, what goes wrong and how it is said, maps, and for
// every optional ability either that it works or that its absence is answered
// as it should be.
//
// It never knows what is behind the interface: it loads programs that it makes
// itself, and looks at the device by the interface alone. The entry point is
// Run, from a test of the implementer's package:
//
//	func TestDevice(t *testing.T) {
//		devicetest.Run(t, func(t *testing.T) offload.Device { return acme.New() })
//	}
//
// Stable for importers; a new version may test more.
package devicetest
