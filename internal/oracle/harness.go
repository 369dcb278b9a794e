package oracle

import (
	"errors"
	"fmt"

	"github.com/skipsw/skipsw/translate/object"
)

// Case is a program with the packets to run, in this order, on the same maps.
type Case struct {
	Program *object.Program
	// Packets is empty where only the judges' acceptance is compared.
	Packets [][]byte
}

// MismatchKind says in what a judge differs from the reference.
type MismatchKind string

// The kinds of mismatch.
const (
	// Accepts: the judge takes what the reference rejects.
	Accepts MismatchKind = "accepts"
	// Rejects: the judge rejects what the reference takes.
	Rejects MismatchKind = "rejects"
	// Broken: the judge failed to load the program, or panicked.
	Broken MismatchKind = "broken"
	// Faulted: the judge's run ended in a fault.
	Faulted MismatchKind = "fault"
	// Differs: verdict, packet or maps differ.
	Differs MismatchKind = "differs"
)

// Mismatch is one judge's disagreement with the reference.
type Mismatch struct {
	Judge  string       `json:"judge"`
	Kind   MismatchKind `json:"kind"`
	Packet int          `json:"packet"` // index, -1 when it is about loading
	Detail string       `json:"detail"`
	// Outside says that a run left the program's memory (ErrOutside).
	Outside bool `json:"outside,omitempty"`
}

// String is one line.
func (m Mismatch) String() string {
	if m.Packet < 0 {
		return fmt.Sprintf("%s %s: %s", m.Judge, m.Kind, m.Detail)
	}
	return fmt.Sprintf("%s %s, packet %d: %s", m.Judge, m.Kind, m.Packet, m.Detail)
}

// Report is what came of a case.
type Report struct {
	// Accepted says that the reference takes the program.
	Accepted bool
	// Why is the reference's reason when it does not.
	Why string
	// NotSupported holds each judge's reason for not taking a program that may
	// be good, by its name.
	NotSupported map[string]string
	// Compared counts the runs that each judge was compared in.
	Compared map[string]int
	// Known counts, by name of the known difference, the disagreements that
	// the list explains.
	Known map[string]int
	// Mismatches holds at most one for each judge, its first.
	Mismatches []Mismatch
	// Runs is what the reference did, for each packet it could run. Where it
	// could run none, it is what the second judge did.
	Runs []*Run
}

// Harness asks judges about cases.
type Harness struct {
	// Reference is the judge that is believed.
	Reference Judge
	// Judges are compared with it.
	Judges []Judge
	// Second is believed where the reference cannot run a packet; nil leaves
	// such packets out.
	Second Judge
	// Witnesses tell programs apart whose runs need not agree: they differ
	// only in what unwritten stack bytes and addresses are. A program on which
	// a witness disagrees with the reference is indefinite.
	Witnesses []Judge
}

// Check runs a case. An error is a failure of the reference.
func (h *Harness) Check(c *Case) (*Report, error) {
	rep := &Report{NotSupported: map[string]string{}, Compared: map[string]int{}, Known: map[string]int{}}
	ref, err := h.load(h.Reference, c.Program)
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal):
		rep.Why = refusal.Error()
		if refusal.Kind == Rejected {
			h.checkRejected(c, rep)
		}
		return rep, nil
	case err != nil:
		return nil, err
	}
	defer ref.Close()
	rep.Accepted = true
	rep.Runs = make([]*Run, len(c.Packets))
	for i, p := range c.Packets {
		r, err := ref.Run(p)
		if errors.Is(err, ErrCannotRun) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s, packet %d: %w", h.Reference.Name(), i, err)
		}
		rep.Runs[i] = &r
	}
	for _, j := range h.Judges {
		h.judge(j, c, rep)
	}
	return rep, h.checkRest(c, rep)
}

// checkRest runs the packets that the reference cannot run, on fresh maps,
// with the second judge as reference.
func (h *Harness) checkRest(c *Case, rep *Report) error {
	var rest Case
	var index []int
	for i, r := range rep.Runs {
		if r == nil {
			rest.Packets = append(rest.Packets, c.Packets[i])
			index = append(index, i)
		}
	}
	if h.Second == nil || len(index) == 0 {
		return nil
	}
	rest.Program = c.Program
	sub := Harness{Reference: h.Second}
	for _, j := range h.Judges {
		if j.Name() != h.Second.Name() && rep.failed(j.Name()) == nil {
			sub.Judges = append(sub.Judges, j)
		}
	}
	r, err := sub.Check(&rest)
	if err != nil {
		return err
	}
	if len(index) == len(c.Packets) {
		rep.Runs = r.Runs
	}
	for _, m := range r.Mismatches {
		if m.Packet >= 0 {
			m.Packet = index[m.Packet]
		}
		rep.add(c, m)
	}
	for name, n := range r.Compared {
		rep.Compared[name] += n
	}
	for name, n := range r.Known {
		rep.Known[name] += n
	}
	return nil
}

// runners returns the harness of the judges that run programs, with the second one
// as the reference: for a case that is known to be safe.
func (h *Harness) runners() *Harness {
	sub := &Harness{Reference: h.Second, Witnesses: h.Witnesses}
	for _, j := range h.Judges {
		if _, proves := j.(Prover); !proves && j.Name() != h.Second.Name() {
			sub.Judges = append(sub.Judges, j)
		}
	}
	return sub
}

// failed returns the mismatch of a judge, or nil.
func (r *Report) failed(judge string) *Mismatch {
	for i := range r.Mismatches {
		if r.Mismatches[i].Judge == judge {
			return &r.Mismatches[i]
		}
	}
	return nil
}

// add records a mismatch, or counts it where a known difference explains it.
func (r *Report) add(c *Case, m Mismatch) {
	for _, d := range Differences {
		if d.explains != nil && d.explains(c, m) {
			r.Known[d.Name]++
			return
		}
	}
	r.Mismatches = append(r.Mismatches, m)
}

func (h *Harness) load(j Judge, p *object.Program) (l Loaded, err error) {
	err = guard(j.Name(), func() (err error) {
		l, err = j.Load(p)
		return err
	})
	return l, err
}

// checkRejected asks whether a judge that proves safety takes what the
// reference rejects.
func (h *Harness) checkRejected(c *Case, rep *Report) {
	for _, j := range h.Judges {
		if _, ok := j.(Prover); !ok {
			continue
		}
		l, err := h.load(j, c.Program)
		var refusal *Refusal
		switch {
		case err == nil:
			l.Close()
			if w, ok := h.Reference.(interface{ Why(*object.Program) string }); ok {
				rep.Why = w.Why(c.Program)
			}
			rep.add(c, Mismatch{Judge: j.Name(), Kind: Accepts, Packet: -1, Detail: rep.Why})
		case !errors.As(err, &refusal):
			rep.add(c, Mismatch{Judge: j.Name(), Kind: Broken, Packet: -1, Detail: err.Error()})
		}
	}
}

// Prover is a judge that proves safety: it and the reference must agree on
// which programs are good.
type Prover interface {
	Judge
	Proves()
}

func (h *Harness) judge(j Judge, c *Case, rep *Report) {
	l, err := h.load(j, c.Program)
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal) && refusal.Kind == NotSupported:
		rep.NotSupported[j.Name()] = refusal.Error()
		return
	case errors.As(err, &refusal):
		if _, ok := j.(Prover); ok {
			rep.add(c, Mismatch{Judge: j.Name(), Kind: Rejects, Packet: -1, Detail: refusal.Error()})
		}
		return
	case err != nil:
		rep.add(c, Mismatch{Judge: j.Name(), Kind: Broken, Packet: -1, Detail: err.Error()})
		return
	}
	defer l.Close()
	runs, confined := rep.Runs, false
	for i, p := range c.Packets {
		want := runs[i]
		if want == nil {
			continue // checkRest asks about it
		}
		var got Run
		err := guard(j.Name(), func() (err error) {
			got, err = l.Run(p)
			return err
		})
		if errors.Is(err, ErrCannotRun) {
			return // the maps are not comparable any more
		}
		if err != nil {
			rep.add(c, Mismatch{Judge: j.Name(), Kind: Faulted, Packet: i, Detail: err.Error(), Outside: errors.Is(err, ErrOutside)})
			return
		}
		rep.Compared[j.Name()]++
		d := diffRun(c.Program, *want, got)
		if d != "" && !confined {
			if in := h.confined(j, c, rep.Runs); in != nil && diffRun(c.Program, *in[i], got) == "" {
				rep.Known[packetBuffer]++
				runs, confined = in, true
				want, d = runs[i], ""
			}
		}
		if d != "" {
			rep.add(c, Mismatch{Judge: j.Name(), Kind: Differs, Packet: i, Detail: d})
			return
		}
		if want.Redirect == "" {
			// A test run of the kernel does not say: the first judge that does is
			// what the others are held against.
			want.Redirect = got.Redirect
		}
		if want.Left == nil {
			want.Left = got.Left
		}
	}
}

// Confined is a judge whose frames lie in a smaller buffer than the reference's.
type Confined interface {
	Judge
	// Confined returns a judge that does what the reference does in such a
	// buffer; nil where it is large enough.
	Confined() Judge
}

// confined returns what the reference would have done with the packets that it ran
// in a buffer like j's, nil where that is nothing else.
func (h *Harness) confined(j Judge, c *Case, ref []*Run) []*Run {
	with, ok := j.(Confined)
	if !ok || !MovesEnds(c.Program) {
		return nil
	}
	in := with.Confined()
	if in == nil {
		return nil
	}
	l, err := h.load(in, c.Program)
	if err != nil {
		return nil
	}
	defer l.Close()
	runs := make([]*Run, len(ref))
	for i, p := range c.Packets {
		if ref[i] == nil {
			continue
		}
		r, err := l.Run(p)
		if err != nil {
			return nil
		}
		runs[i] = &r
	}
	return runs
}

// Definite reports whether all witnesses agree with the reference about a case
// that the reference takes.
func (h *Harness) Definite(c *Case) bool {
	sub := Harness{Reference: h.Reference, Second: h.Second, Judges: h.Witnesses}
	rep, err := sub.Check(c)
	return err == nil && rep.Accepted && len(rep.Mismatches) == 0
}
