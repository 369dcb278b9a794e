package translate

import (
	"fmt"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/lower"
	"github.com/skipsw/skipsw/translate/internal/microcode"
)

// Supports returns nil if programs for a target can call a helper, on maps of a
// type if the helper works on maps; bpf.MapTypeUnspec asks for no type in
// particular. Otherwise the error is an *Unsupported that says why. It answers
// from the tables that Compile works by, so that nothing else has to know them;
// a program may still be refused for how it calls.
func Supports(t *target.Target, h bpf.HelperID, m bpf.MapType) error {
	why := lower.Why(t, h, m)
	if why == "" {
		return nil
	}
	what := "helper " + h.String()
	if m != bpf.MapTypeUnspec && lower.MapRegister(h) != 0 {
		what += fmt.Sprintf(" on map type %v", m)
	}
	return &Unsupported{What: what, Why: why, Slot: -1}
}

// MapRegister returns the register with the map that a helper works on, 0 for
// one that the compiler does not have or that works on none.
func MapRegister(h bpf.HelperID) int { return lower.MapRegister(h) }

// CheckTarget reports what a target says of helpers and map types that the
// compiler has no code for, by the field's name. Compile does so, too.
func CheckTarget(t *target.Target) error { return lower.CheckTarget(t) }

// Helpers returns the helpers that the compiler has code for, by number.
func Helpers() []bpf.HelperID { return lower.Rows() }

// MapTypes returns the map types that the compiler has code for, by number.
func MapTypes() []bpf.MapType { return microcode.Types() }
