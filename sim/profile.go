package sim

// Profile counts, for each word of the image, how often it was executed and
// how many cycles were spent on it: its issue cycle, bubbles after it, and
// waits for its memory command.
type Profile struct {
	Count  []uint64
	Cycles []uint64

	lastWord  uint32
	lastCycle uint64
}

func newProfile(words int) *Profile {
	return &Profile{Count: make([]uint64, words), Cycles: make([]uint64, words), lastWord: noTarget}
}

// observe counts an instruction that is about to execute and calls the trace.
func (c *core) observe(x *context, pc uint32, now uint64) {
	if p := c.prof; p != nil {
		if now >= p.lastCycle && p.lastWord != noTarget && now != x.start {
			p.Cycles[p.lastWord] += now - p.lastCycle
		}
		p.lastWord, p.lastCycle = noTarget, now
		if int(pc) < len(p.Count) {
			p.Count[pc]++
			p.lastWord = pc
		}
	}
	if c.spec.Trace != nil && int(pc) < c.code.words {
		c.spec.Trace(Step{Context: int(x.slot), Word: int(pc), Cycle: now})
	}
}

// Profile returns the counts since New, or nil when Spec.Profile is off.
func (m *Machine) Profile() *Profile { return m.core.prof }
