package oracle

import (
	"context"
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skipsw/skipsw/internal/oracle/gen"
)

// Campaign is a run over many generated programs. Program i has the seed
// Seed+i, so that any part can be run anywhere and any failure alone.
type Campaign struct {
	Seed uint64
	N    int // programs
	// Shard and Shards pick the programs i with i % Shards == Shard-1; 0 means
	// 1 of 1.
	Shard, Shards int
	// Packets is the number of packets for each program; 0 means 4.
	Packets int
	// NearMiss is the share of near misses among the programs, in percent. It
	// counts only where the reference proves safety: a Prover.
	NearMiss int
	Gen      gen.Options
	Frames   gen.PacketOptions
	// Fill, if not nil, makes of a case that the reference takes another one with
	// entries in the maps, which is run as well. It needs a second judge.
	Fill    func(*Case) *Case
	Harness *Harness
	// Jobs is the number of programs under way at once; 0 means one for each
	// CPU.
	Jobs int
	// Limit is the time after which a program counts as hanging; 0 means a
	// minute.
	Limit time.Duration
	// MaxFailures ends the campaign early; 0 never does. An early end is not
	// the same every time.
	MaxFailures int
	// Progress, if not nil, is called now and then with the number of programs
	// done.
	Progress func(done int)
}

// Summary is the result of a campaign. Summaries of shards can be merged.
type Summary struct {
	Seed     uint64 `json:"seed"`
	N        int    `json:"n"`
	Shard    int    `json:"shard"`
	Shards   int    `json:"shards"`
	Programs int    `json:"programs"` // of this shard
	// Partial says that the run was interrupted: some of the programs are missing.
	Partial  bool `json:"partial,omitempty"`
	Accepted int  `json:"accepted"` // by the reference
	Slots    int  `json:"slots"`    // eBPF slots of the accepted programs
	// Runs counts, by judge, the packets whose outcome was compared.
	Runs map[string]int `json:"runs"`
	// Took counts, by judge, the accepted programs that it took too.
	Took map[string]int `json:"took"`
	// NotSupported counts programs by judge and reason.
	NotSupported map[string]map[string]int `json:"not_supported,omitempty"`
	Known        map[string]int            `json:"known,omitempty"`
	Failures     []Failure                 `json:"failures,omitempty"` // sorted by seed
}

// Failure is a program on which a judge disagrees with the reference.
type Failure struct {
	Seed       uint64     `json:"seed"`
	NearMiss   bool       `json:"near_miss,omitempty"`
	Mismatches []Mismatch `json:"mismatches"`
	// Error is set when the reference itself failed, or the case hangs.
	Error string `json:"error,omitempty"`
}

// String is one line.
func (f Failure) String() string {
	s := fmt.Sprintf("seed %d", f.Seed)
	if f.NearMiss {
		s += " (near miss)"
	}
	if f.Error != "" {
		return s + ": " + f.Error
	}
	for _, m := range f.Mismatches {
		s += ": " + m.String()
	}
	return s
}

// Case makes program i of the campaign with its packets.
func (c *Campaign) Case(i int) (cs *Case, near bool) {
	seed := c.Seed + uint64(i)
	cs = &Case{Packets: gen.Packets(seed, c.packets(), c.Frames)}
	if near = c.isNear(seed); near {
		cs.Program = gen.NearMiss(seed, c.Gen)
	} else {
		cs.Program = gen.Program(seed, c.Gen)
	}
	return cs, near
}

// dropIndefinite takes disagreements about runs out of a report on a near miss
// that reads what it never wrote or makes numbers of addresses, as the kernel
// lets a privileged user do. Runs that left the program's memory stay.
func (h *Harness) dropIndefinite(cs *Case, rep *Report) {
	runs := func(m Mismatch) bool { return m.Kind == Differs || m.Kind == Faulted && !m.Outside }
	if !slices.ContainsFunc(rep.Mismatches, runs) || h.Definite(cs) {
		return
	}
	rep.Mismatches = slices.DeleteFunc(rep.Mismatches, runs)
	rep.Known["indefinite"]++
}

func (c *Campaign) packets() int {
	if c.Packets == 0 {
		return 4
	}
	return c.Packets
}

// isNear decides by the seed alone.
func (c *Campaign) isNear(seed uint64) bool {
	if _, proves := c.Harness.Reference.(Prover); !proves {
		return false
	}
	return int(seed*0x9e3779b97f4a7c15>>40%100) < c.NearMiss
}

// Run runs the campaign. When the context ends before it, the summary is of the
// programs that were under way or done.
func (c *Campaign) Run(ctx context.Context) *Summary {
	shards := max(c.Shards, 1)
	shard := max(c.Shard, 1)
	s := newSummary(c, shard, shards)
	jobs := c.Jobs
	if jobs <= 0 {
		jobs = runtime.NumCPU()
	}
	var next, done, failed atomic.Int64
	var interrupted atomic.Bool
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range jobs {
		wg.Go(func() {
			for {
				i := int(next.Add(1)-1)*shards + shard - 1
				if i >= c.N || c.MaxFailures > 0 && int(failed.Load()) >= c.MaxFailures {
					return
				}
				if ctx.Err() != nil {
					interrupted.Store(true)
					return
				}
				rep, slots, fail := c.one(i)
				if fail != nil {
					failed.Add(1)
				}
				mu.Lock()
				s.count(rep, slots, fail)
				mu.Unlock()
				if d := int(done.Add(1)); c.Progress != nil && d%256 == 0 {
					c.Progress(d)
				}
			}
		})
	}
	wg.Wait()
	s.Partial = interrupted.Load()
	slices.SortFunc(s.Failures, func(a, b Failure) int {
		switch {
		case a.Seed < b.Seed:
			return -1
		case a.Seed > b.Seed:
			return 1
		}
		return 0
	})
	if c.Progress != nil {
		c.Progress(s.Programs)
	}
	return s
}

// check runs a case, and again with entries in its maps.
func (c *Campaign) check(cs *Case, near bool) (*Report, error) {
	rep, err := c.Harness.Check(cs)
	if err != nil {
		return nil, err
	}
	if near {
		c.Harness.dropIndefinite(cs, rep)
	}
	if c.Fill == nil || !rep.Accepted || len(rep.Mismatches) > 0 {
		return rep, nil
	}
	full := c.Fill(cs)
	if full == nil {
		return rep, nil
	}
	runners := c.Harness.runners()
	again, err := runners.Check(full)
	if err != nil {
		return nil, fmt.Errorf("with entries in its maps: %w", err)
	}
	if near {
		runners.dropIndefinite(full, again)
	}
	for name, n := range again.Compared {
		rep.Compared[name] += n
	}
	for name, n := range again.Known {
		rep.Known[name] += n
	}
	for _, m := range again.Mismatches {
		m.Detail = "with entries in its maps: " + m.Detail
		rep.Mismatches = append(rep.Mismatches, m)
	}
	return rep, nil
}

// one runs program i, and gives it up when it hangs.
func (c *Campaign) one(i int) (rep *Report, slots int, fail *Failure) {
	cs, near := c.Case(i)
	type answer struct {
		rep *Report
		err error
	}
	ch := make(chan answer, 1)
	go func() {
		rep, err := c.check(cs, near)
		ch <- answer{rep, err}
	}()
	limit := c.Limit
	if limit == 0 {
		limit = time.Minute
	}
	t := time.NewTimer(limit)
	defer t.Stop()
	f := &Failure{Seed: c.Seed + uint64(i), NearMiss: near}
	select {
	case a := <-ch:
		if a.err != nil {
			f.Error = a.err.Error()
			return nil, 0, f
		}
		if len(a.rep.Mismatches) > 0 {
			f.Mismatches = a.rep.Mismatches
			return a.rep, len(cs.Program.Insns), f
		}
		return a.rep, len(cs.Program.Insns), nil
	case <-t.C:
		f.Error = fmt.Sprintf("not done after %s", limit)
		return nil, 0, f
	}
}

func newSummary(c *Campaign, shard, shards int) *Summary {
	s := &Summary{
		Seed: c.Seed, N: c.N, Shard: shard, Shards: shards,
		Runs: map[string]int{}, Took: map[string]int{}, Known: map[string]int{},
		NotSupported: map[string]map[string]int{},
	}
	for _, j := range c.Harness.Judges {
		s.Runs[j.Name()], s.Took[j.Name()] = 0, 0
	}
	return s
}

func (s *Summary) count(rep *Report, slots int, fail *Failure) {
	s.Programs++
	if fail != nil {
		s.Failures = append(s.Failures, *fail)
	}
	if rep == nil {
		return
	}
	for name, n := range rep.Known {
		s.Known[name] += n
	}
	if !rep.Accepted {
		return
	}
	s.Accepted++
	s.Slots += slots
	for name := range s.Took {
		why, no := rep.NotSupported[name]
		if !no {
			s.Took[name]++
			s.Runs[name] += rep.Compared[name]
			continue
		}
		if s.NotSupported[name] == nil {
			s.NotSupported[name] = map[string]int{}
		}
		s.NotSupported[name][Reason(why)]++
	}
}

var numbers = regexp.MustCompile(`0x[0-9a-f]+|\b[0-9a-f]{8,}\b|[0-9]+`)

// Reason strips a message of its numbers, so that like ones can be counted
// together.
func Reason(s string) string {
	s, _, _ = strings.Cut(s, " at instruction ")
	return numbers.ReplaceAllString(s, "N")
}

// Signature names what failed, without the numbers: failures with the same one
// are likely the same.
func (f Failure) Signature() string {
	if f.Error != "" {
		return Reason(f.Error)
	}
	m := f.Mismatches[0]
	return Reason(fmt.Sprintf("%s %s %s", m.Judge, m.Kind, m.Detail))
}
