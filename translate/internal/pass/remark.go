package pass

// Remark says what a pass did with the code of an eBPF instruction beside
// rewriting it, or what it could not do.
type Remark struct {
	Program string
	Pass    string
	// Slot is the eBPF slot that the code comes from, Other that of other code
	// that it went together with or that was in the way; -1 is none.
	Slot, Other int32
	// Done says that it was done; otherwise it could not be, because of Why.
	Done  bool
	Count int // how often, at least 1
	What  string
	Why   string
}

// sink keeps the remarks of a compilation.
type sink struct {
	about string // the program at hand
	list  []Remark
}

// KeepRemarks has remarks kept from now on.
func (r *Run) KeepRemarks() {
	if r.sink == nil {
		r.sink = &sink{}
	}
}

// Remarking reports whether remarks are kept; passes need not look for any
// otherwise.
func (r *Run) Remarking() bool { return r != nil && r.sink != nil }

// About names the program that the remarks to come are about.
func (r *Run) About(program string) {
	if r.Remarking() {
		r.sink.about = program
	}
}

// Remark keeps a remark about the program at hand. One that was made before is
// counted.
func (r *Run) Remark(m Remark) {
	if !r.Remarking() {
		return
	}
	m.Program = r.sink.about
	n := max(1, m.Count)
	m.Count = 0
	for k := range r.sink.list {
		have := r.sink.list[k]
		have.Count = 0
		if have == m {
			r.sink.list[k].Count += n
			return
		}
	}
	m.Count = n
	r.sink.list = append(r.sink.list, m)
}

// Forget drops the remarks that a function picks out, those of code that was
// thrown away.
func (r *Run) Forget(which func(*Remark) bool) {
	if !r.Remarking() {
		return
	}
	kept := r.sink.list[:0]
	for k := range r.sink.list {
		if !which(&r.sink.list[k]) {
			kept = append(kept, r.sink.list[k])
		}
	}
	r.sink.list = kept
}

// Remarks returns what was kept, in the order in which it was first remarked.
func (r *Run) Remarks() []Remark {
	if !r.Remarking() {
		return nil
	}
	return r.sink.list
}
