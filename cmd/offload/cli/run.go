package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"sort"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/coverage"
	"github.com/skipsw/skipsw/internal/packetrun"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/firmware"
	"github.com/skipsw/skipsw/sim/network"
)

type runFlags struct {
	build   buildFlags
	pcap    []string
	shard   string
	out     outFlags
	lines   lineFlags
	input   inputFlags
	expect  expectFlags
	trace   traceFlags
	strict  bool
	quiet   bool
	maps    bool
	asJSON  bool
	hot     int
	clock   string
	events  eventFlags
	init    initFlags
	routes  networkFlags
	tunnels tunnelFlags
	cover   coverageFlags
}

func newRunCmd(a *app) *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run [flags] --pcap IN OBJ-or-IMAGE",
		Short: "Run a program on the packets of a capture file in the simulated card",
		Long: `Run a program on the packets of a capture file, one after the other, on one core
of the simulated card.

The capture is pcap or pcapng of Ethernet frames, as it is or compressed by gzip
or zstd; it is read packet by packet, so that its size does not matter (1 TiB
is the most, unpacked; 32 MiB the largest window of zstd). A packet of which the
capture has only a part gets its length with zeros in the place of what is
missing; --strict refuses it.

Several --pcap are run each for itself, with the maps as they are in the object. With
--shard i/n only the captures i-1 modulo n are run; offload merge joins the JSON of
all shards to what one run would have printed.

Ctrl-C ends the run with the results until then, which say that they are partial.`,
		Args: exactArgs("OBJ-or-IMAGE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			return run(cmd, args[0], f)
		},
	}
	f.build.add(a, cmd)
	cmd.Flags().StringArrayVar(&f.pcap, "pcap", nil, "capture file `IN` (pcap or pcapng, Ethernet; also compressed by gzip or zstd); - is standard input; several are run each for itself")
	cmd.Flags().StringVar(&f.shard, "shard", "1/1", "part of the captures to run, as `i/n`")
	cmd.Flags().BoolVar(&f.strict, "strict", false, "refuse packets that were cut when they were captured")
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "no progress bar")
	f.out.add(cmd)
	f.lines.add(cmd)
	f.input.add(cmd)
	f.expect.add(cmd)
	f.trace.add(cmd)
	cmd.Flags().StringVar(&f.clock, "clock", "", "what the program tells the time by: `CLOCK` is capture (the packets' stamps; the default where there are some), cycles (what packets take, from 0) or fixed:NS")
	cmd.Flags().BoolVar(&f.maps, "maps", false, "show the maps after the run")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "print the result as JSON")
	f.events.add(cmd)
	f.init.add(cmd)
	f.routes.add(cmd)
	f.tunnels.add(cmd)
	f.cover.add(cmd)
	cmd.Flags().IntVar(&f.hot, "hot", 0, "print the `N` C lines and linked routines that took the most cycles with their code")
	return cmd
}

// check refuses flags that do not go together.
func (f *runFlags) check() error {
	switch {
	case len(f.pcap) == 0 || slices.Contains(f.pcap, ""):
		return usagef("offload run needs --pcap IN")
	case f.hot > 0 && f.asJSON:
		return usagef("--hot prints text: leave out --json")
	case f.hot < 0:
		return usagef("--hot takes a number of lines, not %d", f.hot)
	}
	if err := f.checkMany(); err != nil {
		return err
	}
	if err := f.lines.check(f); err != nil {
		return err
	}
	if err := f.out.check(); err != nil {
		return err
	}
	if err := f.expect.check(); err != nil {
		return err
	}
	return f.events.check()
}

// prepare makes what all captures of a run have in common.
func (f *runFlags) prepare(path string) (img *image.Image, o packetrun.Options, spec sim.Spec, err error) {
	o.Strict = f.strict
	if o.Clock, err = packetrun.ParseClock(f.clock); err != nil {
		return nil, o, spec, usagef("--clock: %v", err)
	}
	if img, err = f.build.image(path); err != nil {
		return nil, o, spec, err
	}
	if o.Input, err = f.input.input(img); err != nil {
		return nil, o, spec, err
	}
	spec = sim.DefaultSpec()
	spec.Models = f.build.app.models
	if spec.Network, err = f.routes.read(&f.build.app.streams); err != nil {
		return nil, o, spec, err
	}
	if o.Tunnels, err = f.tunnels.ports(img, spec.Network); err != nil {
		return nil, o, spec, err
	}
	return img, o, spec, f.routes.used(network.Reads(img), inName(path))
}

func run(cmd *cobra.Command, path string, f runFlags) error {
	img, o, spec, err := f.prepare(path)
	if err != nil {
		return err
	}
	if err := f.init.fill(&f.build, img, path); err != nil {
		return err
	}
	if err := f.cover.prepare(&f.build, img, path, spec.Network); err != nil {
		return err
	}
	path = inName(path)
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt does not wait
	if f.many() {
		return runMany(ctx, cmd, path, &f, img, o, spec)
	}
	if err := f.expect.read(&f.build.app.streams); err != nil {
		return err
	}
	in, err := f.build.app.streams.openCapture(ctx, f.pcap[0])
	if err != nil {
		return err
	}
	defer in.Close()
	spec.Profile = f.hot > 0
	var exit *packetrun.Exit
	if f.lines.show() || f.out.annotated() || f.trace.trace != "" {
		exit = packetrun.NewExit(img)
		spec.Hooks = exit.Hooks()
	}
	f.trace.watch(img, &spec)
	m, err := sim.New(img, spec)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	var records []packetrun.Record
	keep := &records
	if !f.asJSON {
		keep = nil
	}
	if o.Records, err = f.events.sink(cmd.OutOrStdout(), path, keep); err != nil {
		return err
	}
	covered, err := f.covered(img, o.Input)
	if err != nil {
		return err
	}
	bar := newProgress(cmd.ErrOrStderr(), "bytes", in.size, f.quiet || f.lines.show() || f.events.show)
	if bar != nil {
		in.watched = true
		bar.watch("packets", in.read.Load, in.packets.Load)
	}
	f.out.port = fmt.Sprintf("port %d", firmware.PortOf(f.input.ifindex))
	var sum *packetrun.Summary
	err = f.out.write(&f.build.app.streams, in, func(left each) error {
		return f.trace.write(&f.build.app.streams, m, func(traced each) error {
			o.Each = all(exit, f.lines.each(cmd), f.expect.each(), covered, left, traced)
			var err error
			sum, err = packetrun.Run(ctx, m, img, in, o)
			return in.blame(path, err)
		})
	})
	bar.end()
	if err != nil {
		return err
	}
	if err := f.trace.finish(cmd.ErrOrStderr(), &f.build.app.streams, path, img, sum); err != nil {
		return err
	}
	sum.Records = records
	shown := sum
	if f.maps || f.expect.maps() {
		sum.Dump(m, img)
	}
	if !f.maps {
		plain := *sum
		plain.Maps, plain.ZeroEntries = nil, nil
		shown = &plain
	}
	w := report(cmd, f.out.file, f.expect.junit, f.expect.record, f.trace.trace, f.trace.profile, f.trace.report, f.cover.file)
	switch {
	case f.lines.asJSON:
		err = nil // nothing but lines is printed
	case f.asJSON:
		err = writeJSON(w, runResult{shown, f.cover.totals()})
	default:
		printRun(w, shown)
		if f.hot > 0 {
			printHot(w, img, m.Profile().Cycles, f.hot)
		}
	}
	if err != nil {
		return err
	}
	if f.asJSON || f.lines.asJSON {
		w = cmd.ErrOrStderr()
	}
	if err := f.cover.finish(&f.build.app.streams, w, cmd.ErrOrStderr()); err != nil {
		return err
	}
	if err := f.expect.finish(f.build.app, w, path, sum); err != nil {
		return err
	}
	if sum.FirstFault != nil {
		return fmt.Errorf("%s: %d of %d packets faulted, first: %w", path, sum.Faults, sum.Packets, sum.FirstFault)
	}
	return nil
}

// runResult is what run prints with --json.
type runResult struct {
	*packetrun.Summary
	// Coverage is the sum of what --coverage writes.
	Coverage *coverage.Totals `json:"coverage,omitempty"`
}

// covered returns what counts the coverage of a capture.
func (f *runFlags) covered(img *image.Image, in sim.Input) (each, error) {
	return f.cover.each(img, len(f.init.files) > 0, in)
}

func printRun(w io.Writer, s *packetrun.Summary) {
	for _, p := range s.Prints {
		fmt.Fprintf(w, "packet %d: %s\n", p.Packet, strings.TrimSuffix(p.Text, "\n"))
	}
	if s.PrintsLost > 0 {
		fmt.Fprintf(w, "%d prints are lost: a packet prints more than there is room for\n", s.PrintsLost)
	}
	if s.Partial {
		fmt.Fprintln(w, "interrupted: what follows is of a part of the packets")
	}
	fmt.Fprintf(w, "packets       %d\n", s.Packets)
	if s.Cut > 0 {
		fmt.Fprintf(w, "  %d were cut when they were captured, and had zeros in the place of what is missing\n", s.Cut)
	}
	for _, name := range sortedKeys(s.Verdicts) {
		fmt.Fprintf(w, "  %-*s%d\n", max(12, len(name)+1), name, s.Verdicts[name])
	}
	for _, place := range sortedKeys(s.Redirects) {
		fmt.Fprintf(w, "    to %-8s %d\n", place, s.Redirects[place])
	}
	for _, end := range sortedKeys(s.Ends) {
		fmt.Fprintf(w, "      at %s %d\n", end, s.Ends[end])
	}
	for _, why := range sortedKeys(s.Lost) {
		fmt.Fprintf(w, "    lost at %-8s %d\n", why, s.Lost[why])
	}
	if s.Faults > 0 {
		fmt.Fprintf(w, "  %-12s%d\n", "faults", s.Faults)
	}
	fmt.Fprintf(w, "cycles        min %d  mean %.1f  p50 %d  p99 %d  max %d\n",
		s.Cycles.Min, s.Cycles.Mean, s.Cycles.P50, s.Cycles.P99, s.Cycles.Max)
	fmt.Fprintf(w, "instructions  mean %.1f\n", s.Instructions.Mean)
	for _, name := range sortedKeys(s.Events) {
		fmt.Fprintf(w, "records       %d of map %s, %d lost\n", s.Events[name].Records, name, s.Events[name].Lost)
	}
	for _, name := range sortedKeys(s.Maps) {
		printMap(w, name, s.Maps[name], s.ZeroEntries[name])
	}
}

// printMap leaves out the entries that are all zero and says how many they are.
func printMap(w io.Writer, name string, entries []packetrun.KV, zero uint64) {
	fmt.Fprintf(w, "map %s\n", name)
	for _, e := range entries {
		if strings.Trim(e.Value, "0") == "" {
			zero++
			continue
		}
		program := ""
		if e.Program != "" {
			program = " (program " + e.Program + ")"
		}
		fmt.Fprintf(w, "  %s: %s%s\n", e.Key, e.Value, program)
	}
	if zero > 0 {
		fmt.Fprintf(w, "  (%d entries with zero values)\n", zero)
	}
}

func printHot(w io.Writer, img *image.Image, cycles []uint64, n int) {
	lines := packetrun.Hot(img, cycles, n)
	var total uint64
	for _, c := range cycles {
		total += c
	}
	fmt.Fprintf(w, "\nhottest lines (share of %d cycles)\n", total)
	for _, h := range lines {
		fmt.Fprintf(w, "%5.1f%%  %s\n", 100*float64(h.Cycles)/float64(max(total, 1)), h.Title())
		for _, word := range h.Words {
			fmt.Fprintf(w, "  %10d  %5d  %s\n", cycles[word], int(img.Machine.CodeStart)+word,
				wordText(img.Words[word], img.Machine.Mode))
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
