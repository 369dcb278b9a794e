package trace

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim/core"
	"github.com/skipsw/skipsw/sim/mem"
)

// Wait names what contexts waited for: a memory command or a routine of the
// firmware, and the word that began it.
type Wait struct {
	Word int
	For  string // "read of flows", "write of packet buffer", "routine map_lookup_elem"
}

// WaitCost is how often contexts waited, and for how many cycles.
type WaitCost struct{ Count, Cycles uint64 }

// Waits adds up what contexts waited for while they had given up the core. It sees
// one core with one context at a time.
type Waits struct {
	Cost map[Wait]*WaitCost
	// Behind gives the cycles of waits that a Profile has on the words that were
	// executed last before them, in defer slots, by those words.
	Behind map[int]uint64

	cmd   []bool // by word: it may begin a wait
	at    Wait
	last  int // the word that was executed last
	since uint64
	open  bool
}

// NewWaits returns the waits of an image that has not run.
func NewWaits(img *image.Image) *Waits {
	w := &Waits{Cost: map[Wait]*WaitCost{}, Behind: map[int]uint64{}, cmd: make([]bool, len(img.Words))}
	for k := range img.Words {
		in, err := nfpisa.Decode(img.Words[k], img.Machine.Mode)
		w.cmd[k] = err == nil && (in.Class == nfpisa.ClassCmd || in.Class == nfpisa.ClassCtxArb)
	}
	return w
}

// Hooks returns what has to be seen of the core.
func (w *Waits) Hooks() core.Hooks {
	return core.Hooks{
		Step: func(s core.Step) {
			w.last = s.Word
			if w.cmd[s.Word] {
				w.at.Word = s.Word
			} else if !w.open && w.at.For == "" {
				w.at.Word = s.Word
			}
		},
		Call:   func(c core.Call) { w.at = Wait{w.last, "routine " + c.Helper.String()} },
		Switch: w.switched,
	}
}

// MemoryHooks returns what has to be seen of memory.
func (w *Waits) MemoryHooks() mem.Hooks {
	return mem.Hooks{Serve: func(c *mem.Command, _, _ uint64) { w.at.For = CommandName(c) }}
}

func (w *Waits) switched(s core.Switch) {
	switch {
	case s.Kind == core.SwitchBegin:
		w.at, w.open = Wait{}, false
	case s.Kind == core.SwitchSleep:
		if w.at.For == "" {
			w.at.For = "commands under way"
		}
		w.since, w.open = s.Cycle, true
	case s.Kind == core.SwitchWake && w.open:
		c := w.Cost[w.at]
		if c == nil {
			c = &WaitCost{}
			w.Cost[w.at] = c
		}
		c.Count++
		c.Cycles += s.Cycle - w.since
		w.Behind[w.last] += s.Cycle - w.since
		w.at.For, w.open = "", false
	}
}

// CommandName says in words what a command does, and to what.
func CommandName(c *mem.Command) string {
	what := "atomic operation on "
	switch c.Op {
	case mem.Read:
		what = "read of "
	case mem.Write:
		what = "write of "
	}
	return what + c.Region.Name
}
