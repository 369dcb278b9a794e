package verify

import "sync"

// arena holds the states of a walk, for the next one to use again: a walk makes
// thousands of them, and what is left of it is the facts alone.
type arena struct {
	frames framePool
	states []*state      // not in use; they keep their frames
	made   []*checkpoint // by the walk in progress
	kept   []*checkpoint // not in use
	nodes  []node
}

var arenas = sync.Pool{New: func() any { return new(arena) }}

// state returns a state to copy another one into.
func (a *arena) state() *state {
	n := len(a.states)
	if n == 0 {
		return new(state)
	}
	s := a.states[n-1]
	a.states = a.states[:n-1]
	return s
}

// checkpoint returns an empty checkpoint.
func (a *arena) checkpoint() *checkpoint {
	c := new(checkpoint)
	if n := len(a.kept); n > 0 {
		c = a.kept[n-1]
		a.kept = a.kept[:n-1]
	}
	a.made = append(a.made, c)
	return c
}

// release gives back all that the walk has made. The verifier is not to be used
// after that. What a panic has left behind is not given back.
func (v *verifier) release() {
	if !v.ended {
		return
	}
	a := v.mem
	v.mem = nil
	if v.cur != nil {
		a.states = append(a.states, v.cur)
	}
	a.states = append(a.states, v.pending...)
	for _, c := range a.made {
		for _, f := range c.frames {
			a.frames.put(f)
		}
		*c = checkpoint{state: state{frames: c.frames[:0]}}
	}
	a.kept = append(a.kept, a.made...)
	a.made = a.made[:0]
	a.nodes = v.origins.nodes
	arenas.Put(a)
}
