package verify

import (
	"context"

	"github.com/skipsw/skipsw/translate/bug"
	"github.com/skipsw/skipsw/translate/internal/platform"
	"github.com/skipsw/skipsw/translate/object"
)

// DefaultBudget is the number of instructions that Verify walks before it
// gives up, the kernel's limit.
const DefaultBudget = platform.MaxInsns

// DefaultMemory is the number of bytes that the states of a walk may take
// together. With the facts of a program of a megabyte, and with what a garbage
// collector lets lie, a process stays below a gigabyte.
const DefaultMemory = 256 << 20

// Options adjusts what a program may do. The zero value is what the kernel
// allows a privileged user on the host.
type Options struct {
	// Budget is the number of instructions to walk before the program counts
	// as too complex; 0 is DefaultBudget.
	Budget int
	// Memory is the number of bytes that the states kept on the way may take
	// before the program counts as too complex; 0 is DefaultMemory. The facts,
	// some 1,000 bytes an instruction at most, come on top.
	Memory int64
	// Offload allows what the kernel allows a program that is bound to a
	// device: XDP may write rx_queue_index.
	Offload bool
	// Unproven also takes a program of which it cannot be proven that its
	// accesses stay in the packet or in a map value, or that its loops end.
	// What Program says of such a one is true of every run that makes no wrong
	// access: whoever runs it has to check them all.
	Unproven bool
	// CPUs bounds what bpf_get_smp_processor_id returns, as a kernel does that
	// knows its machine; 0 leaves it unknown.
	CPUs int
	// Kernel is whose verifier is followed where kernels differ.
	Kernel Kernel
	// Log asks for the log of the walk in the kernel's notation, returned by
	// Program.Log.
	Log bool
}

// Kernel is a version of Linux.
type Kernel uint8

// The versions.
const (
	Linux6_18 Kernel = iota // 6.18, whose verifier is the measure of this package
	Linux6_1                // 6.1: knows less of numbers, for Watch
)

// String returns the version's name.
func (k Kernel) String() string {
	if k == Linux6_1 {
		return "Linux 6.1"
	}
	return "Linux 6.18"
}

// Verify proves that p is safe and returns it with what was learnt on the way.
// A refusal is an *Error; a fault of the verifier itself is a *bug.Error.
func Verify(p *object.Program, o Options) (*Program, error) {
	return VerifyContext(context.Background(), p, o)
}

// VerifyContext is Verify that ends when ctx does, soon after, with an *Error of
// class Stopped that wraps the context's.
func VerifyContext(ctx context.Context, p *object.Program, o Options) (prog *Program, err error) {
	defer bug.Catch(p.Name, &err)
	prog, refusal := verifyAny(ctx, p, o)
	if refusal != nil {
		return nil, refusal
	}
	return prog, nil
}

// verifyAny proves p, or walks it unproven where that is asked for.
func verifyAny(ctx context.Context, p *object.Program, o Options) (*Program, *Error) {
	unproven := o.Unproven
	o.Unproven = false
	prog, err := verify(ctx, p, o)
	if err != nil && unproven && (err.Class == Unsafe || err.Class == TooComplex) {
		o.Unproven = true
		prog, err = verify(ctx, p, o)
	}
	if err == nil {
		return prog, nil
	}
	if !o.Log && err.Slot >= 0 && (err.Class == Malformed || err.Class == Unsafe || err.Class == Unsupported) {
		// The same walk again, this time keeping the log.
		o.Log = true
		if _, again := verify(ctx, p, o); again != nil {
			err.Log = again.Log
		}
	}
	return nil, err
}

func verify(ctx context.Context, p *object.Program, o Options) (*Program, *Error) {
	v := newVerifier(ctx, p, o)
	if programType(p.Type) == nil {
		return nil, v.complete(refuse(Unsupported, "program type %q, because only xdp and tc programs are compiled", p.Type))
	}
	c, err := inspect(p)
	if err != nil {
		return nil, v.complete(err)
	}
	if c.hasGlobals() && !o.Unproven {
		if err := newVerifier(ctx, p, o).proveApart(c); err != nil {
			return nil, err
		}
	}
	v.code = c
	defer v.release()
	err = v.prove()
	v.ended = true
	if err != nil {
		if c.hasGlobals() && !o.Unproven && err.Class != Stopped {
			err = err.inContext()
		}
		return nil, v.complete(err)
	}
	prog, err := v.finish()
	if err != nil {
		return nil, v.complete(err)
	}
	return prog, nil
}
