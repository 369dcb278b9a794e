package verify

import (
	"fmt"
	"strings"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/translate/object"
)

// Class says why a program was refused.
type Class uint8

// The classes of refusal.
const (
	// Malformed code is not a program: unknown opcodes, jumps to nowhere,
	// unreachable instructions.
	Malformed Class = iota
	// Unsafe code could not be proven to stay within its memory and rules.
	Unsafe
	// TooComplex code was not understood within the instruction budget.
	TooComplex
	// Unsupported code may be safe, but uses what is not built here.
	Unsupported
	// Stopped says that the caller ended the walk (VerifyContext).
	Stopped
)

// String returns the class as a word.
func (c Class) String() string {
	return [...]string{"malformed", "unsafe", "too complex", "unsupported", "stopped"}[c]
}

// Step is one branch of the path that led to a refusal.
type Step struct {
	Slot  int          // the jump
	Line  *object.Line // its C line, or nil
	Taken bool
}

// Error is a program's refusal.
type Error struct {
	Class  Class
	Reason string // one sentence in the program author's terms
	Hint   string // a way out, where there is one

	Prog string
	Slot int          // the instruction, -1 when it is the program as a whole
	Insn string       // its text
	Line *object.Line // its C line, or nil
	Regs string       // the registers before it, in the kernel's notation
	Path []Step       // conditional jumps on the way there, oldest first
	Log  string       // the path in the kernel's notation

	cause error // of a walk that was stopped

	// bounds says that the access would be right inside its object.
	bounds bool
}

// Unwrap returns the error of the context that stopped the walk, "not supported"
// for what is of this class, else nil.
func (e *Error) Unwrap() error {
	if e.Class == Unsupported {
		return unsupported.Err
	}
	return e.cause
}

// Error returns the refusal in one line.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Prog != "" {
		b.WriteString(e.Prog + ": ")
	}
	if e.Class == Unsupported {
		b.WriteString("not supported: ")
	}
	b.WriteString(e.Reason)
	if e.Line != nil {
		fmt.Fprintf(&b, ", at %s:%d", e.Line.File, e.Line.LineNo)
	}
	if e.Slot >= 0 && e.Insn != "" {
		fmt.Fprintf(&b, " (instruction %d: %s)", e.Slot, e.Insn)
	} else if e.Slot >= 0 {
		fmt.Fprintf(&b, " (instruction %d)", e.Slot)
	}
	return b.String()
}

// maxSteps is how many branches Detail shows.
const maxSteps = 24

// Detail returns the refusal at length: C line, registers, the path, a hint
// and the log.
func (e *Error) Detail() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)\n", e.Reason, e.Class)
	if e.Line != nil {
		fmt.Fprintf(&b, "  %s:%d: %s\n", e.Line.File, e.Line.LineNo, strings.TrimSpace(e.Line.Text))
	}
	if e.Slot >= 0 {
		fmt.Fprintf(&b, "  instruction %d: %s\n", e.Slot, e.Insn)
	}
	if e.Regs != "" {
		fmt.Fprintf(&b, "  registers: %s\n", e.Regs)
	}
	if e.Hint != "" {
		fmt.Fprintf(&b, "  hint: %s\n", e.Hint)
	}
	if len(e.Path) > 0 {
		b.WriteString("  the path there:\n")
		steps := e.Path
		if len(steps) > maxSteps {
			fmt.Fprintf(&b, "    (%d branches before)\n", len(steps)-maxSteps)
			steps = steps[len(steps)-maxSteps:]
		}
		for _, s := range steps {
			way := "not taken"
			if s.Taken {
				way = "taken"
			}
			if s.Line != nil {
				fmt.Fprintf(&b, "    jump at %d %s, %s:%d: %s\n", s.Slot, way, s.Line.File, s.Line.LineNo, strings.TrimSpace(s.Line.Text))
			} else {
				fmt.Fprintf(&b, "    jump at %d %s\n", s.Slot, way)
			}
		}
	}
	if e.Log != "" {
		b.WriteString("log:\n" + e.Log)
	}
	return b.String()
}

func refuse(c Class, format string, args ...any) *Error {
	return &Error{Class: c, Reason: fmt.Sprintf(format, args...), Slot: -1}
}

func unsafef(format string, args ...any) *Error { return refuse(Unsafe, format, args...) }

func unsupportedf(format string, args ...any) *Error { return refuse(Unsupported, format, args...) }

func (e *Error) outOfBounds() *Error { e.bounds = true; return e }

func (e *Error) at(slot int) *Error { e.Slot = slot; return e }

func (e *Error) hint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}
