package ssa

import (
	"fmt"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/translate/object"
)

// ErrNotSupported is what errors.Is finds in an *Unsupported.
var ErrNotSupported = unsupported.Err

// Unsupported says that a proven program uses something that the compiler or
// the target cannot do.
type Unsupported struct {
	What, Why string
	Slot      int          // eBPF slot, -1 for the whole program
	Line      *object.Line // nil when the object has no line information
}

// Error names the thing, the reason and the place.
func (u *Unsupported) Error() string {
	s := unsupported.New(u.What, u.Why).Error()
	switch {
	case u.Line != nil && u.Line.File != "":
		return fmt.Sprintf("%s, at %s:%d", s, u.Line.File, u.Line.LineNo)
	case u.Slot >= 0:
		return fmt.Sprintf("%s, at instruction %d", s, u.Slot)
	}
	return s
}

// Unwrap returns ErrNotSupported.
func (u *Unsupported) Unwrap() error { return ErrNotSupported }
