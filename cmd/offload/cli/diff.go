//go:build linux

package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/gen"
	"github.com/skipsw/skipsw/internal/oracle/judge"
	"github.com/skipsw/skipsw/internal/oracle/testnet"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/object"
)

// diffFlags are the flags of the diff verb.
type diffFlags struct {
	seed     uint64
	n        int
	packets  int
	near     int
	isa      int
	size     int
	jobs     int
	shrink   int
	targets  []string
	levels   []string
	typ      string
	only     string
	without  string
	shard    string
	failures string
	noKernel bool
	hide     bool
	asJSON   bool
	quiet    bool
}

func newDiffCmd() *cobra.Command {
	var f diffFlags
	cmd := &cobra.Command{
		Use:   "diff",
		Short: "Run generated programs through kernel, interpreter, compiler and simulator, and compare",
		Long: `Run generated programs through the kernel, the reference interpreter, the
verifier, and the compiler with the simulated card, and compare verdicts,
output packets and map entries.

Program i of a run has the seed --seed + i, so --seed S --n 1 repeats one.
Failures are shrunk, and with --failures written as files that are rerun for
ever when they stand in testdata/oracle. With --shard i/n only the programs i-1
modulo n are run; the JSON results of all shards add up. An interrupted run says what
came of the programs so far, and shrinks no failure.

The kernel is the reference and needs root; programs keep to what it knows; without it (--no-kernel) the
interpreter is, which proves nothing: there are no near misses then.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	fl := cmd.Flags()
	fl.Uint64Var(&f.seed, "seed", 1, "seed of the first program")
	fl.IntVar(&f.n, "n", 1000, "number of programs")
	fl.IntVar(&f.packets, "packets", 4, "packets for each program")
	fl.IntVar(&f.near, "near-miss", 10, "share of near misses among the programs, in percent")
	fl.IntVar(&f.isa, "isa", 0, "level of the instruction set, 1 to 4; 0 mixes them")
	fl.IntVar(&f.size, "size", 0, "instructions of a program, roughly; 0 mixes sizes")
	fl.IntVar(&f.jobs, "jobs", 0, "programs under way at once; 0 is one for each CPU")
	fl.IntVar(&f.shrink, "shrink", 5, "shrink the first failure of at most this many kinds")
	fl.StringSliceVar(&f.targets, "target", []string{"skipsw", "agilio"}, "targets to compile for: names or files")
	fl.StringSliceVar(&f.levels, "level", []string{"default"}, "optimisation levels: default, plain")
	fl.StringVar(&f.typ, "type", "", "program type: xdp or tc; both when empty")
	fl.StringVar(&f.only, "only", "", "features that programs may use, see --help of --without")
	fl.StringVar(&f.without, "without", "", "features to leave out: "+gen.AllFeatures.String())
	fl.BoolVar(&f.hide, "hide", false, "have constants come from a map value, so that nothing is folded away before it is tested; for targets whose programs address map values")
	fl.StringVar(&f.shard, "shard", "1/1", "part of the run to do, as i/n")
	fl.StringVar(&f.failures, "failures", "", "folder for the shrunk failures")
	fl.BoolVar(&f.noKernel, "no-kernel", false, "leave the kernel out")
	fl.BoolVar(&f.asJSON, "json", false, "write JSON")
	fl.BoolVarP(&f.quiet, "quiet", "q", false, "no progress bar")
	return cmd
}

// campaign turns the flags into a campaign.
func (f *diffFlags) campaign() (*oracle.Campaign, error) {
	c := &oracle.Campaign{Seed: f.seed, N: f.n, Packets: f.packets, NearMiss: f.near, Jobs: f.jobs}
	part, err := parseShard(f.shard)
	if err != nil {
		return nil, err
	}
	c.Shard, c.Shards = part.i, part.n
	if err := f.ranges(); err != nil {
		return nil, err
	}
	c.Gen = gen.Options{ISA: f.isa, Size: f.size, Network: true, Hidden: f.hide}
	switch f.typ {
	case "":
	case "xdp":
		c.Gen.Type = object.XDP
	case "tc":
		c.Gen.Type = object.TC
	default:
		return nil, usagef("--type %q: the types are xdp and tc", f.typ)
	}
	if c.Gen.Only, err = gen.ParseFeatures(f.only); err != nil {
		return nil, usageError{err}
	}
	if c.Gen.Without, err = gen.ParseFeatures(f.without); err != nil {
		return nil, usageError{err}
	}
	if c.Harness, err = f.harness(); err == nil && !f.noKernel {
		c.Gen = oracle.LimitToKernel(c.Gen)
	}
	return c, err
}

// Bounds of flags: a run of 2^31 programs takes months, and the packets of one
// program are held in memory at once.
const (
	mostPrograms = 1 << 31
	mostPackets  = 10_000
	mostHeld     = 100_000 // of all programs under way, some KiB each
	mostSize     = 1 << 20
	mostJobs     = 1 << 10
)

// ranges refuses numbers that nothing could be compared with.
func (f *diffFlags) ranges() error {
	for _, r := range []struct {
		flag           string
		v, least, most int
	}{
		{"n", f.n, 1, mostPrograms},
		{"packets", f.packets, 1, mostPackets},
		{"near-miss", f.near, 0, 100},
		{"isa", f.isa, 0, 4},
		{"size", f.size, 0, mostSize},
		{"jobs", f.jobs, 0, mostJobs},
		{"shrink", f.shrink, 0, mostPrograms},
	} {
		if r.v < r.least || r.v > r.most {
			return usagef("--%s is a number from %d to %d, not %d", r.flag, r.least, r.most, r.v)
		}
	}
	if jobs := max(f.jobs, 1); f.packets*jobs > mostHeld {
		return usagef("--packets %d for --jobs %d are more than %d packets at once, whose outcomes are held in memory", f.packets, jobs, mostHeld)
	}
	if len(f.targets) == 0 || len(f.levels) == 0 {
		return usagef("--target and --level name what is compared: at least one each")
	}
	return nil
}

func (f *diffFlags) harness() (*oracle.Harness, error) {
	var levels []translate.Level
	for _, l := range f.levels {
		switch l {
		case "default":
			levels = append(levels, translate.LevelDefault)
		case "plain":
			levels = append(levels, translate.LevelNone)
		default:
			return nil, usagef("--level %q: the levels are default and plain", l)
		}
	}
	v := &judge.Verifier{}
	cards, err := judge.NewCards(v, f.targets, levels)
	if err != nil {
		return nil, err
	}
	h := &oracle.Harness{
		Reference: oracle.Kernel{}, Judges: []oracle.Judge{judge.Interpreter{}, v}, Second: judge.Interpreter{},
		Witnesses: judge.Witnesses(),
	}
	if f.noKernel {
		h = &oracle.Harness{Reference: judge.Interpreter{}, Witnesses: h.Witnesses[1:]}
	} else if err := oracle.KernelAvailable(); err != nil {
		return nil, fmt.Errorf("%w; --no-kernel leaves the kernel out", err)
	}
	h.Judges = append(h.Judges, cards...)
	var ns *oracle.Namespace
	if !f.noKernel {
		if ns, err = oracle.NewNamespace(testnet.Lines); err != nil {
			return nil, fmt.Errorf("%w; the kernel's programs run in a network that ip (iproute2) makes", err)
		}
	}
	judge.InNetwork(h, ns, testnet.Tables())
	return h, nil
}

func (f *diffFlags) run(cmd *cobra.Command) error {
	c, err := f.campaign()
	if err != nil {
		return err
	}
	share := (c.N + c.Shards - c.Shard) / c.Shards
	bar := newProgress(cmd.ErrOrStderr(), "programs", int64(share), f.quiet)
	c.Progress = func(done int) { bar.set(int64(done)) }
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt does not wait
	s := c.Run(ctx)
	bar.end()
	out := cmd.OutOrStdout()
	if f.asJSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		if err := enc.Encode(s); err != nil {
			return err
		}
	} else {
		printSummary(out, s)
	}
	if len(s.Failures) == 0 {
		return nil
	}
	log := out
	if f.asJSON {
		log = cmd.ErrOrStderr()
	}
	if err := f.report(log, c, s); err != nil {
		return err
	}
	return fmt.Errorf("%d of %d programs show a mismatch", len(s.Failures), s.Programs)
}

// report prints one failure of each kind, and shrinks the first few.
func (f *diffFlags) report(w io.Writer, c *oracle.Campaign, s *oracle.Summary) error {
	count := map[string]int{}
	first := map[string]oracle.Failure{}
	for _, fl := range s.Failures {
		sig := fl.Signature()
		if count[sig]++; count[sig] == 1 {
			first[sig] = fl
		}
	}
	sigs := slices.SortedFunc(maps.Keys(first), func(a, b string) int {
		if d := count[b] - count[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for i, sig := range sigs {
		fl := first[sig]
		fmt.Fprintf(w, "%6d x %s\n", count[sig], fl)
		if s.Partial || i >= f.shrink || fl.Error != "" {
			continue
		}
		cs, _ := c.Case(int(fl.Seed - c.Seed))
		if err := f.shrinkOne(w, c, fl, cs); err != nil {
			return err
		}
	}
	return nil
}

func (f *diffFlags) shrinkOne(w io.Writer, c *oracle.Campaign, fl oracle.Failure, cs *oracle.Case) error {
	m := fl.Mismatches[0]
	small := c.Harness.Shrink(cs, m.Judge, m.Kind, 4000)
	rep, err := c.Harness.Check(small)
	if err != nil {
		return fmt.Errorf("seed %d, shrunk: %w", fl.Seed, err)
	}
	what := fl.String()
	for _, now := range rep.Mismatches {
		if now.Judge == m.Judge {
			m = now
		}
	}
	fmt.Fprintf(w, "         shrunk to %d slots: %s\n", len(small.Program.Insns), m)
	for _, l := range oracle.Listing(small.Program) {
		fmt.Fprintf(w, "           %s\n", l)
	}
	if f.failures == "" {
		return nil
	}
	name := fmt.Sprintf("%s-%s-%d", strings.ReplaceAll(m.Judge, "/", "-"), m.Kind, fl.Seed)
	path, err := oracle.WriteCase(f.failures, name, what, small, rep)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "           written to %s\n", filepath.ToSlash(path))
	return nil
}

func printSummary(w io.Writer, s *oracle.Summary) {
	if s.Partial {
		fmt.Fprintf(w, "interrupted: what follows is of a part of the programs\n")
	}
	fmt.Fprintf(w, "seeds %d to %d, shard %d/%d: %d programs, %d accepted, %d eBPF slots\n",
		s.Seed, s.Seed+uint64(max(s.N-1, 0)), s.Shard, s.Shards, s.Programs, s.Accepted, s.Slots)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "judge\tprograms\truns compared\tnot supported")
	for _, name := range slices.Sorted(maps.Keys(s.Took)) {
		no := 0
		for _, n := range s.NotSupported[name] {
			no += n
		}
		fmt.Fprintf(tw, "%s\t%d\t%d\t%d\n", name, s.Took[name], s.Runs[name], no)
	}
	tw.Flush()
	for _, name := range slices.Sorted(maps.Keys(s.NotSupported)) {
		reasons := s.NotSupported[name]
		keys := slices.SortedFunc(maps.Keys(reasons), func(a, b string) int {
			if d := reasons[b] - reasons[a]; d != 0 {
				return d
			}
			return strings.Compare(a, b)
		})
		for _, why := range keys[:min(len(keys), 12)] {
			fmt.Fprintf(w, "%6d x %s: %s\n", reasons[why], name, why)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Known)) {
		fmt.Fprintf(w, "%6d x known difference %q\n", s.Known[name], name)
	}
	fmt.Fprintf(w, "%d mismatches\n", len(s.Failures))
}

// mergeDiffs joins the summaries of a campaign's shards.
func mergeDiffs(parts []part) (*oracle.Summary, error) {
	var out *oracle.Summary
	var all shards
	for _, p := range parts {
		s := &oracle.Summary{}
		if err := p.decode(s); err != nil {
			return nil, err
		}
		if err := all.add(p.name, s.Shard, s.Shards, s.N); err != nil {
			return nil, err
		}
		if out == nil {
			out = s
			continue
		}
		if err := out.Add(s); err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
	}
	out.Shard, out.Shards = 1, 1
	return out, all.complete()
}
