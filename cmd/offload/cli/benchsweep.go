package cli

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/docs"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim/nic"
	"github.com/skipsw/skipsw/sim/traffic"
)

// benchResult is what bench prints with --json: what the card did, and by what it
// can be compared.
type benchResult struct {
	nic.Result
	// Index is the place in a sweep, and Point what it has there.
	Index int            `json:"index"`
	Point map[string]int `json:"point,omitempty"`

	Program string `json:"program"`
	// Words is the size of the code, in words of the control store.
	Words int   `json:"words"`
	Alone alone `json:"alone"`

	Traffic benchTraffic `json:"traffic"`
	// Spec is a hash of all numbers of the card and of the target.
	Spec string `json:"spec"`
	// Estimated are the card's numbers that are in no source (docs/timing.md).
	Estimated []string `json:"estimated"`

	samples []nic.Sample
}

// benchTraffic says what came in.
type benchTraffic struct {
	Size    string  `json:"size,omitempty"`
	Flows   int     `json:"flows,omitempty"`
	Zipf    float64 `json:"zipf,omitempty"`
	Proto   string  `json:"proto,omitempty"`
	To      string  `json:"to,omitempty"`
	Seed    uint64  `json:"seed,omitempty"`
	Capture string  `json:"capture,omitempty"` // a hash of its frames
	Rate    uint64  `json:"rate"`              // bits a second at each port
	Burst   int     `json:"burst"`
	Packets uint64  `json:"packets"`
}

// benchReport is what bench prints with --sweep and --json.
type benchReport struct {
	Shard  int `json:"shard"`
	Shards int `json:"shards"`
	Total  int `json:"total"` // points of all shards
	// Partial says that the run was interrupted: points are missing.
	Partial bool          `json:"partial,omitempty"`
	Points  []benchResult `json:"points"`
}

// axis is one quantity of a sweep with its values.
type axis struct {
	name   string
	values []int
}

// mostPoints bounds a sweep.
const mostPoints = 10_000

// parseAxis reads "size=64..1518" or "cores=1,2,50".
func parseAxis(s string) (axis, error) {
	name, list, ok := strings.Cut(s, "=")
	if !ok || !slices.Contains([]string{"size", "cores", "flows"}, name) {
		return axis{}, usagef("--sweep %q: want size, cores or flows, = and numbers", s)
	}
	a := axis{name: name}
	if from, to, ranged := strings.Cut(list, ".."); ranged {
		lo, err1 := strconv.Atoi(from)
		hi, err2 := strconv.Atoi(to)
		if err1 != nil || err2 != nil || lo < 1 || lo > hi || hi > 1<<30 {
			return a, usagef("--sweep %q: want two numbers A..B with 1 <= A <= B", s)
		}
		for v := lo; v < hi; v *= 2 {
			a.values = append(a.values, v)
		}
		a.values = append(a.values, hi)
		return a, nil
	}
	for word := range strings.SplitSeq(list, ",") {
		v, err := strconv.Atoi(word)
		if err != nil {
			return a, usagef("--sweep %q: %q is no number", s, word)
		}
		a.values = append(a.values, v)
	}
	return a, nil
}

// point is one measurement.
type point struct {
	flags benchFlags
	index int
	at    map[string]int
}

// points returns what is to be measured: one point without a sweep, else all
// combinations, the first quantity slowest.
func (f *benchFlags) points(cmd *cobra.Command) ([]point, error) {
	all := []point{{flags: *f}}
	seen := map[string]bool{}
	for _, s := range f.sweep {
		a, err := parseAxis(s)
		if err != nil {
			return nil, err
		}
		if seen[a.name] || cmd.Flags().Changed(a.name) {
			return nil, usagef("--sweep %s: %s is given twice", s, a.name)
		}
		if f.pcap != "" && a.name != "cores" {
			return nil, usagef("--sweep %s: %s is of generated frames: leave out --pcap", s, a.name)
		}
		seen[a.name] = true
		if len(all)*len(a.values) > mostPoints {
			return nil, usagef("--sweep: more than %d points", mostPoints)
		}
		var next []point
		for _, p := range all {
			for _, v := range a.values {
				q := point{flags: p.flags, at: map[string]int{a.name: v}}
				for k, v := range p.at {
					q.at[k] = v
				}
				switch a.name {
				case "size":
					q.flags.size = strconv.Itoa(v)
				case "cores":
					q.flags.spec.Cores = v
				case "flows":
					q.flags.traffic.Flows = v
				}
				next = append(next, q)
			}
		}
		all = next
	}
	for i := range all {
		all[i].index = i
		if err := all[i].flags.parse(cmd); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// measure measures this shard's points. When ctx ends before, the report has those
// until then.
func (f *benchFlags) measure(ctx context.Context, img *image.Image, path string, points []point) (*benchReport, error) {
	s, err := parseShard(f.shard)
	if err != nil {
		return nil, err
	}
	if len(f.sweep) == 0 && s.n > 1 {
		return nil, usagef("--shard is for --sweep")
	}
	rep := &benchReport{Shard: s.i, Shards: s.n, Total: len(points), Points: []benchResult{}}
	mine := 0
	for i := range points {
		if s.has(i) {
			mine++
		}
	}
	bar := newProgress(f.build.cmd.ErrOrStderr(), "points", int64(mine)*int64(f.traffic.Packets), f.quiet)
	var frames atomic.Int64
	bar.watch("frames", frames.Load, frames.Load)
	defer bar.end()
	for i := range points {
		if !s.has(i) {
			continue
		}
		if ctx.Err() != nil && len(rep.Points) > 0 {
			rep.Partial = true
			break
		}
		p := &points[i]
		p.flags.frames, p.flags.spec.Machine, p.flags.spec.Leave, p.flags.loaded = f.frames, f.spec.Machine, f.spec.Leave, f.loaded
		r, err := p.flags.one(ctx, img, &frames)
		if err != nil {
			return nil, fmt.Errorf("%s%s: %w", path, p.where(), err)
		}
		r.Index, r.Point = p.index, p.at
		rep.Partial = rep.Partial || r.Partial
		rep.Points = append(rep.Points, *r)
	}
	return rep, nil
}

// where names a point of a sweep: " at cores 2, size 64".
func (p *point) where() string {
	s := ""
	for _, k := range sortedKeys(p.at) {
		sep := ", "
		if s == "" {
			sep = " at "
		}
		s += fmt.Sprintf("%s%s %d", sep, k, p.at[k])
	}
	return s
}

// seen counts the frames of a source, for whoever watches.
type seen struct {
	traffic.Source
	n *atomic.Int64
}

// Next implements traffic.Source.
func (s seen) Next(p *traffic.Packet) bool {
	s.n.Add(1)
	return s.Source.Next(p)
}

// one measures at one point and counts frames as they come.
func (f *benchFlags) one(ctx context.Context, img *image.Image, frames *atomic.Int64) (*benchResult, error) {
	card, err := nic.New(img, f.spec)
	if err != nil {
		return nil, err
	}
	if f.loaded != nil {
		f.loaded(card)
	}
	in, err := f.inputs()
	if err != nil {
		return nil, err
	}
	for i := range in {
		in[i].Source = seen{in[i].Source, frames}
	}
	run, err := card.Start(in)
	if err != nil {
		return nil, err
	}
	var samples []nic.Sample
	if f.report != "" {
		run.Sample(sampleEvery, func(s nic.Sample) { samples = append(samples, s) })
	}
	res, err := run.Run(ctx)
	if err != nil {
		return nil, err
	}
	out := &benchResult{
		Result: *res, samples: samples, Words: len(img.Words), Program: img.Programs[0].Name,
		Traffic: f.described(), Spec: f.spec.Fingerprint(img.Target), Estimated: docs.Estimated(),
	}
	if in, err = f.inputs(); err != nil {
		return nil, err
	}
	out.Alone, err = runAlone(img, f.spec.Machine, in[0].Source)
	return out, err
}

// described says what comes in.
func (f *benchFlags) described() benchTraffic {
	t := benchTraffic{Rate: f.bits, Burst: f.burst, Packets: f.traffic.Packets}
	if f.frames == nil {
		t.Size, t.Flows, t.Zipf, t.Proto, t.To, t.Seed = f.size, f.traffic.Flows, f.traffic.Zipf, f.proto, f.to, f.traffic.Seed
		return t
	}
	h := sha256.New()
	for _, p := range f.frames {
		fmt.Fprintf(h, "%d ", len(p.Data))
		h.Write(p.Data)
	}
	t.Capture = fmt.Sprintf("%x", h.Sum(nil)[:16])
	return t
}

// printSweep prints a row a point.
func printSweep(w io.Writer, rep *benchReport) error {
	if rep.Partial {
		fmt.Fprintf(w, "interrupted: what follows is %d of %d points\n", len(rep.Points), rep.Total)
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	var names []string
	if len(rep.Points) > 0 {
		names = sortedKeys(rep.Points[0].Point)
	}
	fmt.Fprint(t, strings.Join(append(slices.Clone(names), "Mpps", "offered", "Gb/s", "p50 ns", "p99 ns", "p99.9 ns"), "\t"), "\t  bottleneck\n")
	for i := range rep.Points {
		r := &rep.Points[i]
		for _, n := range names {
			fmt.Fprintf(t, "%d\t", r.Point[n])
		}
		fmt.Fprintf(t, "%.2f\t%.2f\t%.2f\t%d\t%d\t%d\t  %s\n", r.Mpps, r.OfferedMpps, r.Gbps, r.Latency.P50, r.Latency.P99, r.Latency.P999, r.Bottleneck)
	}
	return t.Flush()
}
