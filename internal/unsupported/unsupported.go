// Package unsupported holds the one identity of "not supported": something
// that is right in itself, and that a part of the module, a target, a device
// or the kernel does not have. The compiler, the simulator and the devices all
// answer it, so that callers test once, with errors.Is and any package's
// ErrNotSupported, or with the standard library's errors.ErrUnsupported.
//
// It never knows what is not supported.
package unsupported

import "errors"

// Err is what errors.Is finds.
var Err error = sentinel{}

type sentinel struct{}

func (sentinel) Error() string { return "not supported" }
func (sentinel) Unwrap() error { return errors.ErrUnsupported }

// Error says what is not supported and why.
type Error struct {
	What string // "maps of maps", "sim:card0 cannot read events"
	Why  string // "the target's memory holds one level of maps"
}

// New returns an *Error.
func New(what, why string) error { return &Error{What: what, Why: why} }

// Error is "not supported: WHAT, because WHY".
func (e *Error) Error() string {
	s := "not supported: " + e.What
	if e.Why != "" {
		s += ", because " + e.Why
	}
	return s
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return Err }
