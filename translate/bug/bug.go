// Package bug turns a panic of the compiler into an error that a caller can
// report. The front doors of the stages, verify.Verify and translate.Compile,
// catch there: they know the program's name, and whoever calls them, the command
// or another program, is left running.
//
// It never knows what the stages do. Catch is the way in.
//
// Stable for importers.
package bug

import (
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
)

// Error is a fault of the compiler, not of the program that it was given.
type Error struct {
	Prog  string // name of the program
	What  string // first line of what the panic says
	Place string // function, file and line of the panic
	Stack string
}

// Error returns one line.
func (e *Error) Error() string {
	return fmt.Sprintf("%s: internal error (please report): %s (%s)", e.Prog, e.What, e.Place)
}

// Detail returns the stack of the panic.
func (e *Error) Detail() string { return e.Stack }

// Catch makes an *Error of a panic. It is to be deferred itself, with where the
// function's error is returned:
//
//	defer bug.Catch(p.Name, &err)
func Catch(prog string, err *error) {
	v := recover()
	if v == nil {
		return
	}
	what, _, _ := strings.Cut(fmt.Sprint(v), "\n")
	*err = &Error{Prog: prog, What: what, Place: Place(), Stack: string(debug.Stack())}
}

// Place returns function, file and line of the panic that is being recovered.
func Place() string {
	pc := make([]uintptr, 32)
	frames := runtime.CallersFrames(pc[:runtime.Callers(2, pc)])
	panicking := false
	for {
		f, more := frames.Next()
		inRuntime := strings.HasPrefix(f.Function, "runtime.")
		if panicking && !inRuntime {
			return fmt.Sprintf("%s, %s:%d", filepath.Base(f.Function), filepath.Base(f.File), f.Line)
		}
		panicking = panicking || inRuntime
		if !more {
			return "place unknown"
		}
	}
}
