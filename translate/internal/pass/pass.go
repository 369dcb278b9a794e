// Package pass says what a pass of the compiler is: a name, whether it can be
// left out, and a way to run it that switches, shows, counts and times it.
//
// It never knows what a pass works on. A Run is one compilation's walk through
// its passes.
package pass

import (
	"fmt"
	"time"
)

// Info is the face of a pass.
type Info struct {
	Name string
	Doc  string // what it does, in a few words
	// Required passes cannot be switched off: what follows needs their work.
	Required bool
	// EveryLevel passes run at every level, unless they are switched off by name.
	EveryLevel bool
	// Inside names the pass that a switch belongs to, for those that are not
	// run by themselves.
	Inside string
}

// Stat is what a pass did in one compilation.
type Stat struct {
	Name    string        `json:"name"`
	Runs    int           `json:"runs"`    // how often it ran
	Changes int           `json:"changes"` // how often it changed something
	Time    time.Duration `json:"ns"`
}

// Run switches, shows, counts and times the passes of one compilation. A nil
// Run lets every pass run and keeps nothing.
type Run struct {
	off   map[string]bool
	dump  func(name string, f fmt.Stringer)
	stats []Stat
	sink  *sink // nil keeps no remarks
}

// NewRun returns a Run. on says whether a pass that can be left out runs; nil
// runs all. dump, if not nil, is called after each time that a required pass ran
// or another changed the code.
func NewRun(list []Info, on func(Info) bool, dump func(name string, f fmt.Stringer)) *Run {
	r := &Run{off: map[string]bool{}, dump: dump}
	for _, p := range list {
		r.off[p.Name] = on != nil && !p.Required && !on(p)
	}
	return r
}

// On reports whether a pass is switched on.
func (r *Run) On(name string) bool { return r == nil || !r.off[name] }

// Switch switches a pass on or off for what follows.
func (r *Run) Switch(name string, on bool) {
	if r != nil {
		r.off[name] = !on
	}
}

// Do runs a pass on f unless it is switched off, and reports whether it changed
// anything.
func (r *Run) Do(p *Info, f fmt.Stringer, do func() (changed bool)) bool {
	switch {
	case r == nil:
		return do()
	case r.off[p.Name]:
		return false
	}
	start := time.Now()
	changed := do()
	s := r.stat(p.Name)
	s.Time += time.Since(start)
	s.Runs++
	if changed {
		s.Changes++
	}
	if r.dump != nil && (changed || p.Required) {
		r.dump(p.Name, f)
	}
	return changed
}

// Stats returns what each pass did that ran, in the order of the first runs.
func (r *Run) Stats() []Stat {
	if r == nil {
		return nil
	}
	return r.stats
}

func (r *Run) stat(name string) *Stat {
	for k := range r.stats {
		if r.stats[k].Name == name {
			return &r.stats[k]
		}
	}
	r.stats = append(r.stats, Stat{Name: name})
	return &r.stats[len(r.stats)-1]
}
