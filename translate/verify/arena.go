package verify

import (
	"math/bits"
	"sync"
	"unsafe"

	"github.com/skipsw/skipsw/translate/internal/platform"
)

// arena holds the states of a walk and counts the bytes that they take. When a
// walk ends its arena serves the next one: a walk makes thousands of states, and
// what is left of it is the facts alone.
type arena struct {
	frames framePool
	made   int           // states
	states []*state      // not in use; they keep their frames
	all    []*checkpoint // that were made, in use or not
	free   []*checkpoint // of them, not in use
	nodes  []node
}

// maxKept is the size, in bytes, up to which an arena is kept for later walks.
const maxKept = 32 << 20

var arenas = sync.Pool{New: func() any { return new(arena) }}

// bytes returns what the arena takes, with the nodes that are in use.
func (a *arena) bytes(nodes []node) int64 {
	return a.frames.bytes + int64(a.made)*int64(unsafe.Sizeof(state{})) +
		int64(len(a.all))*int64(unsafe.Sizeof(checkpoint{})) + int64(cap(nodes))*int64(unsafe.Sizeof(node{}))
}

// state returns a state to copy another one into.
func (a *arena) state() *state {
	n := len(a.states)
	if n == 0 {
		a.made++
		return new(state)
	}
	s := a.states[n-1]
	a.states = a.states[:n-1]
	return s
}

// checkpoint returns an empty checkpoint.
func (a *arena) checkpoint() *checkpoint {
	if n := len(a.free); n > 0 {
		c := a.free[n-1]
		a.free = a.free[:n-1]
		return c
	}
	c := new(checkpoint)
	a.all = append(a.all, c)
	return c
}

// drop takes back a checkpoint that nothing leads to any more.
func (a *arena) drop(c *checkpoint) {
	a.empty(c)
	a.free = append(a.free, c)
}

// empty takes the frames of a checkpoint back.
func (a *arena) empty(c *checkpoint) {
	for _, f := range c.frames {
		a.frames.put(f)
	}
	*c = checkpoint{state: state{frames: c.frames[:0], refs: c.refs[:0]}}
}

// release gives back all that the walk has made. The verifier is not to be used
// after that. What a panic has left behind is not given back.
func (v *verifier) release() {
	if !v.ended {
		return
	}
	a := v.mem
	v.mem = nil
	if a.bytes(v.origins.nodes) > maxKept {
		return
	}
	if v.cur != nil {
		a.states = append(a.states, v.cur)
	}
	a.states = append(a.states, v.pending...)
	for _, c := range a.all {
		a.empty(c)
	}
	a.free = append(a.free[:0], a.all...)
	a.nodes = v.origins.nodes
	arenas.Put(a)
}

// framePool makes frames and their stacks, and takes them back.
type framePool struct {
	free   []*frame
	stacks [len(stackSizes)][][]slot // not in use, by size
	bytes  int64                     // of all frames and stacks, in use or not
}

// stackSizes are the slots that stacks are made with.
var stackSizes = [...]int{4, 8, 16, 32, platform.StackBytes / 8}

// sizeOf returns the smallest size for n slots, n > 0, as an index.
func sizeOf(n int) int { return max(bits.Len(uint(n-1))-2, 0) }

// get returns a frame of any contents, whose stack is empty.
func (p *framePool) get() *frame {
	if n := len(p.free); n > 0 {
		f := p.free[n-1]
		p.free = p.free[:n-1]
		return f
	}
	p.bytes += int64(unsafe.Sizeof(frame{}))
	return new(frame)
}

// put takes a frame back with its stack.
func (p *framePool) put(f *frame) {
	f.stack = f.stack[:0]
	p.free = append(p.free, f)
}

// reserve makes room for n slots in a frame's stack.
func (p *framePool) reserve(f *frame, n int) {
	if n > cap(f.stack) {
		p.resize(f, n)
	}
}

// shrink leaves n slots of a frame's stack.
func (p *framePool) shrink(f *frame, n int) {
	if n >= len(f.stack) {
		return
	}
	f.stack = f.stack[:n]
	if n == 0 || stackSizes[sizeOf(n)] < cap(f.stack) {
		p.resize(f, n)
	}
}

// resize moves a stack to one of the right size for n slots.
func (p *framePool) resize(f *frame, n int) {
	old := f.stack
	f.stack = nil
	if n > 0 {
		k := sizeOf(n)
		if m := len(p.stacks[k]); m > 0 {
			f.stack = p.stacks[k][m-1]
			p.stacks[k] = p.stacks[k][:m-1]
		} else {
			f.stack = make([]slot, 0, stackSizes[k])
			p.bytes += int64(stackSizes[k]) * int64(unsafe.Sizeof(slot{}))
		}
		f.stack = append(f.stack, old...)
	}
	if cap(old) > 0 {
		k := sizeOf(cap(old))
		p.stacks[k] = append(p.stacks[k], old[:0])
	}
}

// copy makes dst a copy of src.
func (p *framePool) copy(dst, src *frame) {
	p.reserve(dst, len(src.stack))
	st := append(dst.stack[:0], src.stack...)
	*dst = *src
	dst.stack = st
}

// copyState makes dst a copy of src, but for what is said of putting it aside.
func (p *framePool) copyState(dst, src *state) {
	for len(dst.frames) > len(src.frames) {
		p.put(dst.frames[len(dst.frames)-1])
		dst.frames = dst.frames[:len(dst.frames)-1]
	}
	for len(dst.frames) < len(src.frames) {
		dst.frames = append(dst.frames, p.get())
	}
	for k := range src.frames {
		p.copy(dst.frames[k], src.frames[k])
	}
	dst.insn, dst.parent, dst.path, dst.gotos, dst.callbacks = src.insn, src.parent, src.path, src.gotos, src.callbacks
	dst.refs = append(dst.refs[:0], src.refs...)
	dst.lock = src.lock
}

// slotAt returns the slot of a frame that holds the byte at off (-512..-1),
// growing the stack as needed.
func (v *verifier) slotAt(f *frame, off int) (s *slot, k int) {
	i := (-off - 1) / 8
	if n := len(f.stack); n <= i {
		v.mem.frames.reserve(f, i+1)
		f.stack = f.stack[:i+1]
		clear(f.stack[n:])
	}
	return &f.stack[i], off + 8*(i+1)
}
