package offload

import (
	"errors"
	"strings"

	"github.com/skipsw/skipsw/internal/unsupported"
)

// Errors that callers test for with errors.Is.
var (
	// ErrDeviceGone is an operation on a device that does not exist any more,
	// or on a program or map whose device has gone.
	ErrDeviceGone = errors.New("device is gone")
	// ErrNotSupported is something that the device or the kernel cannot do. It
	// is one with the compiler's and the simulator's, and errors.Is finds
	// errors.ErrUnsupported in it.
	ErrNotSupported = unsupported.Err
	// ErrBusy is a hook that is taken.
	ErrBusy = errors.New("busy")
	// ErrPermission is a caller without the privilege.
	ErrPermission = errors.New("no permission")
)

// NotSupported returns an error that matches ErrNotSupported: "not supported:
// WHAT, because WHY".
func NotSupported(what, why string) error { return unsupported.New(what, why) }

// Error is an operation that the kernel or a device refused.
type Error struct {
	Op     string // what was tried: "attach xdp_pass to eth0 (xdp hw)"
	Kind   error  // one of the errors of this package, or nil
	Err    error  // the system's error
	Text   string // what the kernel said (extended acknowledgement), or ""
	Reason string // what it means and what to change, or ""
	Log    string // verifier's and device's log, or ""
	Advice Advice // what to do about it
}

// Error returns one line: the operation, the kernel's words, and the reason.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	if e.Err != nil {
		b.WriteString(": ")
		b.WriteString(e.Err.Error())
	}
	if e.Text != "" {
		b.WriteString(": ")
		b.WriteString(strings.TrimSpace(e.Text))
	}
	if e.Reason != "" {
		b.WriteString(" (")
		b.WriteString(e.Reason)
		b.WriteString(")")
	}
	return b.String()
}

// Detail returns the log.
func (e *Error) Detail() string { return e.Log }

// Unwrap returns the kind and the system's error.
func (e *Error) Unwrap() []error {
	var all []error
	if e.Kind != nil {
		all = append(all, e.Kind)
	}
	if e.Err != nil {
		all = append(all, e.Err)
	}
	return all
}
