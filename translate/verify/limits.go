package verify

import (
	"unsafe"

	"github.com/skipsw/skipsw/translate/internal/platform"
)

// What bounds a walk: the instructions that it walks, the jumps that it leaves
// undecided, the bytes that it keeps, and the context that it runs under.

// checkEvery is how many instructions are walked, and facts carried on, between
// two looks at the context.
const checkEvery = 1024

// beyond refuses a program whose walk is past a limit.
func (v *verifier) beyond() *Error {
	switch {
	case v.walked > v.o.Budget:
		return tooComplex("%d instructions were walked without reaching the end of all paths", v.o.Budget).
			hint("bound loops by small constants, or move loop bodies into simpler form")
	case v.bytes() > v.o.Memory:
		return tooComplex("states kept take more than %d MiB", v.o.Memory>>20).
			hint("bound loops by small constants, or keep less on the stack")
	}
	if v.walked%checkEvery == 0 {
		return v.stopped()
	}
	return nil
}

// manyPending refuses a program that leaves too many jumps undecided.
func (v *verifier) manyPending() *Error {
	if len(v.pending) <= platform.MaxPending {
		return nil
	}
	return tooComplex("a sequence of more than %d jumps, of which both ways have to be walked", platform.MaxPending).
		hint("let paths come together again, or make a map of a chain of comparisons")
}

// bytes is what the walk keeps.
func (v *verifier) bytes() int64 {
	return v.mem.bytes(v.origins.nodes) +
		int64(cap(v.trail))*int64(unsafe.Sizeof(wayEntry{})) +
		int64(cap(v.idmap.at))*int64(unsafe.Sizeof(v.idmap.at[0]))
}

// stopped refuses to go on when the context has ended.
func (v *verifier) stopped() *Error {
	cause := v.ctx.Err()
	if cause == nil {
		return nil
	}
	e := refuse(Stopped, "stopped after %d instructions were walked: %v", v.walked, cause)
	e.cause = cause
	return e
}

// tooComplex is a refusal of a program that is beyond a limit.
func tooComplex(format string, args ...any) *Error {
	return refuse(TooComplex, "the program is too complex: "+format, args...)
}
