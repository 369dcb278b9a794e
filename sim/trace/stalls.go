package trace

import (
	"cmp"
	"io"
	"slices"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim/core"
	"github.com/skipsw/skipsw/sim/mem"
)

// The causes of cycles that are no waits. Those of waits are as in Wait.For.
const (
	CauseIssue  = "issue"  // the instruction's own cycle
	CauseBubble = "bubble" // branches, swaps of the context, routines' work on the core
)

// Stall is a word and why cycles passed after its issue.
type Stall struct {
	Word  int
	Cause string
}

// Stalls counts, for each word, how often it was executed and for what cycles
// passed from its issue to that of the next one. It sees one core with one context
// at a time.
type Stalls struct {
	Count  []uint64
	Cycles map[Stall]uint64

	last  lastWord
	cause string // what the next wait is for
	sleep uint64 // cycle in which the context gave up the core
	down  bool
	waits []waited // since the last word
}

type waited struct {
	cause  string
	cycles uint64
}

// NewStalls returns the stalls of an image that has not run.
func NewStalls(img *image.Image) *Stalls {
	return &Stalls{Count: make([]uint64, len(img.Words)), Cycles: map[Stall]uint64{}, last: lastWord{word: -1}}
}

// Hooks returns what has to be seen of the core.
func (s *Stalls) Hooks() core.Hooks {
	return core.Hooks{
		Step: func(e core.Step) {
			s.charge(e.Cycle)
			s.last.word = e.Word
			s.Count[e.Word]++
		},
		Call: func(e core.Call) { s.cause = "routine " + e.Helper.String() },
		Exit: func(e core.Step) {
			s.charge(e.Cycle)
			s.last.word = -1
		},
		Switch: s.switched,
	}
}

// MemoryHooks returns what has to be seen of memory.
func (s *Stalls) MemoryHooks() mem.Hooks {
	return mem.Hooks{Serve: func(c *mem.Command, _, _ uint64) { s.cause = CommandName(c) }}
}

func (s *Stalls) switched(e core.Switch) {
	switch {
	case e.Kind == core.SwitchBegin:
		s.last.word, s.cause, s.down, s.waits = -1, "", false, s.waits[:0]
	case e.Kind == core.SwitchSleep:
		s.sleep, s.down = e.Cycle, true
	case e.Kind == core.SwitchWake && s.down:
		if s.cause == "" {
			s.cause = "commands under way"
		}
		s.waits = append(s.waits, waited{s.cause, e.Cycle - s.sleep})
		s.cause, s.down = "", false
	}
}

// charge puts the cycles since the last word on it.
func (s *Stalls) charge(now uint64) {
	l := &s.last
	if l.word >= 0 {
		left := now - l.cycle
		take := func(cause string, n uint64) {
			if n = min(n, left); n > 0 {
				s.Cycles[Stall{l.word, cause}] += n
				left -= n
			}
		}
		for _, w := range s.waits {
			take(w.cause, w.cycles)
		}
		take(CauseIssue, 1)
		take(CauseBubble, left)
	}
	s.waits = s.waits[:0]
	l.cycle = now
}

// sorted returns the stalls in the order of words, and of causes within one.
func (s *Stalls) sorted() []Stall {
	out := make([]Stall, 0, len(s.Cycles))
	for at := range s.Cycles {
		out = append(out, at)
	}
	slices.SortFunc(out, func(a, b Stall) int { return cmp.Or(cmp.Compare(a.Word, b.Word), cmp.Compare(a.Cause, b.Cause)) })
	return out
}

// Write writes the counts as a gzipped pprof profile with two values a sample,
// instructions and cycles, and the cause of the cycles as its label "stall":
// `go tool pprof -top`, `-tags`, `-tagfocus`. Addresses are control-store addresses,
// lines are those of the C source.
func (s *Stalls) Write(w io.Writer, img *image.Image) error {
	b := newBuilder(img)
	for _, at := range s.sorted() {
		count := uint64(0)
		if at.Cause == CauseIssue {
			count = s.Count[at.Word]
		}
		sample := b.sample(at.Word, count, s.Cycles[at])
		sample.Label = map[string][]string{"stall": {at.Cause}}
	}
	return b.write(w)
}
