package trace

import "github.com/skipsw/skipsw/sim/core"

// Profile counts, for each word of the image, how often it was executed and
// how many cycles passed from its issue to that of the context's next word:
// its issue cycle, bubbles, the wait for its memory command, and a firmware
// routine that is entered after it.
type Profile struct {
	Count  []uint64
	Cycles []uint64

	last []lastWord // of each context of each core
}

// lastWord is the word that a context executed last, or -1, and when.
type lastWord struct {
	word  int
	cycle uint64
}

// NewProfile returns a profile of an image of that many words.
func NewProfile(words int) *Profile {
	return &Profile{Count: make([]uint64, words), Cycles: make([]uint64, words)}
}

// Hooks returns what the profile has to see.
func (p *Profile) Hooks() core.Hooks {
	return core.Hooks{
		Step: func(s core.Step) {
			p.charge(s.Core, s.Context, s.Cycle).word = s.Word
			p.Count[s.Word]++
		},
		Call: func(s core.Call) { p.charge(s.Core, s.Context, s.Cycle) },
		Exit: func(s core.Step) { p.charge(s.Core, s.Context, s.Cycle).word = -1 },
		Switch: func(s core.Switch) {
			if s.Kind == core.SwitchBegin {
				p.of(s.Core, s.Context).word = -1
			}
		},
	}
}

func (p *Profile) of(c, context int) *lastWord {
	at := c*core.Contexts + context
	for len(p.last) <= at {
		p.last = append(p.last, lastWord{word: -1})
	}
	return &p.last[at]
}

// charge puts the cycles since a context's last word on that word.
func (p *Profile) charge(c, context int, now uint64) *lastWord {
	l := p.of(c, context)
	if l.word >= 0 {
		p.Cycles[l.word] += now - l.cycle
	}
	l.cycle = now
	return l
}
