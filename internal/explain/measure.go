package explain

import (
	"cmp"
	"slices"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/trace"
)

// Measured is what packets cost, word by word. Its hooks go into the Spec of the
// machine that they run in.
type Measured struct {
	Packets        int
	Cycles, Waited uint64

	profile *trace.Profile
	waits   *trace.Waits
}

// NewMeasured returns a measurement of an image that has not run.
func NewMeasured(img *image.Image) *Measured {
	return &Measured{profile: trace.NewProfile(len(img.Words)), waits: trace.NewWaits(img)}
}

// Watch adds the hooks.
func (m *Measured) Watch(s *sim.Spec) {
	s.Hooks = s.Hooks.Join(m.profile.Hooks()).Join(m.waits.Hooks())
	s.MemoryHooks = m.waits.MemoryHooks()
}

// measured puts what was measured on lines and words.
func (m *maker) measured() {
	got := m.src.Measured
	// A wait is the command's, not that of the word in its last defer slot.
	cycles := slices.Clone(got.profile.Cycles)
	for word, n := range got.waits.Behind {
		cycles[word] -= n
	}
	for at, c := range got.waits.Cost {
		cycles[at.Word] += c.Cycles
	}
	next := map[*Line]int{}
	for k, l := range m.where {
		w := &l.Words[next[l]]
		next[l]++
		w.Runs, w.Cycles = got.profile.Count[k], cycles[k]
		l.Runs, l.Cycles = l.Runs+w.Runs, l.Cycles+w.Cycles
	}
	m.r.Packets = got.Packets
	for _, l := range m.r.Lines {
		m.r.Cycles += l.Cycles
	}
	for at, c := range got.waits.Cost {
		l := m.where[at.Word]
		i := slices.IndexFunc(l.Waits, func(w Wait) bool { return w.For == at.For })
		if i < 0 {
			i = len(l.Waits)
			l.Waits = append(l.Waits, Wait{For: at.For})
		}
		l.Waits[i].Count += c.Count
		l.Waits[i].Cycles += c.Cycles
		m.r.Waited += c.Cycles
	}
	for _, l := range m.r.Lines {
		slices.SortFunc(l.Waits, func(a, b Wait) int { return cmp.Or(cmp.Compare(b.Cycles, a.Cycles), cmp.Compare(a.For, b.For)) })
	}
}
