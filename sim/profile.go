package sim

// Profile counts, for each word of the image, how often it was executed and
// how many cycles passed from its issue to that of the context's next word:
// its issue cycle, bubbles, the wait for its memory command, and a firmware
// routine that is entered after it.
type Profile struct {
	Count  []uint64
	Cycles []uint64
}

func newProfile(words int) *Profile {
	return &Profile{Count: make([]uint64, words), Cycles: make([]uint64, words)}
}

// observe counts an instruction that is about to execute and calls the trace.
func (c *core) observe(x *context, pc uint32, now uint64) {
	inside := int(pc) < c.code.words
	if p := c.prof; p != nil {
		if x.lastWord != noTarget {
			p.Cycles[x.lastWord] += now - x.lastCycle
		}
		x.lastCycle = now
		switch {
		case inside:
			p.Count[pc]++
			x.lastWord = pc
		case c.code.ops[pc].op != opHelper:
			x.lastWord = noTarget
		}
	}
	if c.spec.Trace != nil && inside {
		c.spec.Trace(Step{Context: int(x.slot), Word: int(pc), Cycle: now})
	}
}

// switched reports a change of what a context does, at c.now.
func (c *core) switched(x *context, kind SwitchKind) { c.switchedAt(x, kind, c.now) }

func (c *core) switchedAt(x *context, kind SwitchKind, now uint64) {
	if c.spec.Switched != nil {
		c.spec.Switched(Switch{Kind: kind, Context: int(x.slot), Word: int(x.pc), Cycle: now})
	}
}

// Profile returns the counts since New, or nil when Spec.Profile is off.
func (m *Machine) Profile() *Profile { return m.core.prof }
