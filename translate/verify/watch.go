package verify

import (
	"context"

	"github.com/skipsw/skipsw/translate/bug"
	"github.com/skipsw/skipsw/translate/object"
)

// Visit is an instruction to which the walk comes on one path: what a device's
// driver sees, which the kernel asks before each instruction of each path. It is
// good until the function that got it returns.
type Visit struct {
	Slot int
	v    *verifier
}

// Reg returns what a register holds on this path.
func (s *Visit) Reg(n int) Reg { return fromReg(s.v.reg(uint8(n))) }

// PointerID returns a number that packet pointers with the same variable part
// share on this path.
func (s *Visit) PointerID(n int) uint32 { return s.v.reg(uint8(n)).id }

// Frame is the number of the function that is being executed, on the chain of
// calls.
func (s *Visit) Frame() int { return len(s.v.cur.frames) - 1 }

// Zero reports whether the byte at R10+off of a frame was set to zero, and is no
// part of a register that was saved.
func (s *Visit) Zero(frame, off int) bool {
	slot, k := s.v.slotAt(s.v.cur.frames[frame], off)
	return slot.bytes[k] == byteZero
}

// Walked is what a walk came to.
type Walked struct {
	v *verifier
}

// Funcs returns the functions, and StackDepth the bytes of stack that one uses.
func (w *Walked) Funcs() []object.Func { return w.v.funcs }

// StackDepth returns the bytes of stack that a function uses, in units of 8.
func (w *Walked) StackDepth(fn int) int { return w.v.depth[fn] }

// Watch walks a program as the verifier of a kernel does that was told of no
// global functions, and calls see before each instruction on each path. A refusal
// is an *Error, and what was walked until then is returned with it.
func Watch(p *object.Program, o Options, see func(*Visit)) (w *Walked, err error) {
	defer bug.Catch(p.Name, &err)
	v := newVerifier(context.Background(), p, o)
	if programType(p.Type) == nil {
		return nil, v.complete(refuse(Unsupported, "program type %q, because only xdp and tc programs are compiled", p.Type))
	}
	c, refusal := inspect(p)
	if refusal != nil {
		return nil, v.complete(refusal)
	}
	v.code, v.see = c, see
	defer v.release()
	refusal = v.prove()
	v.ended = true
	if refusal != nil {
		return &Walked{v}, v.complete(refusal)
	}
	return &Walked{v}, nil
}

// older reports whether numbers are followed as in Linux 6.1.
func (v *verifier) older() bool { return v.o.Kernel == Linux6_1 }
