package cli

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/packetrun"
	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim/network"
	"github.com/skipsw/skipsw/sim/nic"
	"github.com/skipsw/skipsw/sim/traffic"
)

type benchFlags struct {
	build   buildFlags
	spec    nic.Spec
	clock   string
	traffic traffic.Spec
	size    string
	rate    string
	bits    uint64 // of rate
	proto   string
	to      string
	pcap    string
	burst   int
	asJSON  bool
	init    initFlags
	routes  networkFlags

	strict   bool
	quiet    bool
	report   string
	trace    string
	loaded   func(*nic.Card) // is told of the card
	sweep    []string
	shard    string
	baseline baselineFlags
	frames   []pcap.Packet // of the capture
}

// generated are the flags that describe generated frames.
var generated = []string{"size", "flows", "zipf", "proto", "to", "seed"}

func newBenchCmd(a *app) *cobra.Command {
	f := benchFlags{spec: nic.DefaultSpec(), traffic: traffic.DefaultSpec()}
	cmd := &cobra.Command{
		Use:   "bench [flags] OBJ-or-IMAGE",
		Short: "Measure a program under traffic on a simulated card with all its cores",
		Long: `Measure a program under traffic on a simulated card with all its cores.

--sweep measures at several points: --sweep size=64..1518 doubles from one end to
the other, --sweep cores=1,10,50 takes what is listed, and several sweeps make all
combinations. With --shard i/n only the points i-1 modulo n are measured; offload
merge joins the JSON of all shards to what one run would have printed.

--baseline compares words, cycles and rates with those of an earlier --json, and
fails if one is worse by more than --tolerance: a gate for continuous integration.
A baseline of another card or of other traffic is refused. The JSON names the card by a
hash of all its numbers, and the numbers that are estimated (docs/timing.md).

Ctrl-C ends with what was measured until then, which says that it is partial.`,
		Args: exactArgs("OBJ-or-IMAGE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return bench(cmd, args[0], f)
		},
	}
	f.build.add(a, cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.size, "size", strconv.Itoa(traffic.MinFrame), "`BYTES` of frames with check sequence, imix, or a range like 64..1518")
	fl.StringVar(&f.rate, "rate", "", "`BITS` a second at each port, preambles and gaps included, as 40G or 2.5M; the port's own without it")
	fl.IntVar(&f.traffic.Flows, "flows", f.traffic.Flows, "number `N` of flows")
	fl.Float64Var(&f.traffic.Zipf, "zipf", 0, "Zipf exponent `S` of flows, above 1; 0 makes them equally frequent")
	fl.StringVar(&f.proto, "proto", "udp", "protocol of generated frames, `udp|tcp`")
	fl.StringVar(&f.to, "to", f.traffic.To.String(), "destination of generated frames, `ADDRESS:PORT`")
	fl.IntVar(&f.burst, "burst", 1, "frames come `N` at a time, at line rate, with a break behind them")
	fl.Uint64Var(&f.traffic.Seed, "seed", f.traffic.Seed, "`N` that random choices start from")
	fl.Uint64Var(&f.traffic.Packets, "packets", 200_000, "number `N` of frames, of all ports together")
	fl.StringVar(&f.pcap, "pcap", "", "send the frames of the capture file `IN`, again and again, at each port")
	fl.IntVar(&f.spec.Cores, "cores", f.spec.Cores, "number `N` of worker cores")
	fl.StringVar(&f.clock, "clock", "800M", "`HERTZ` of the cores")
	fl.IntVar(&f.spec.Ports, "ports", f.spec.Ports, "number `N` of ports of 40 Gb/s")
	fl.IntVar(&f.spec.Buffers, "buffers", f.spec.Buffers, "number `N` of receive buffers")
	fl.IntSliceVar(&f.spec.Egress, "egress", nil, "`PORTS` by which frames leave that a program sends, one for each port that they come in at; the same without it")
	f.init.add(cmd)
	f.routes.add(cmd)
	fl.BoolVar(&f.strict, "strict", false, "refuse packets of a capture that were cut when they were captured")
	fl.StringArrayVar(&f.sweep, "sweep", nil, "measure at each point of `NAME=A..B` or NAME=A,B,C, where NAME is size, cores or flows")
	fl.StringVar(&f.shard, "shard", "1/1", "part of a sweep to measure, as `i/n`")
	fl.StringVar(&f.report, "report", "", reportHelp)
	fl.StringVar(&f.trace, "trace", "", fmt.Sprintf("write what cores, contexts and memories did for the first %d packets, and when frames came and left, to the JSON `FILE`, for ui.perfetto.dev; - is standard output", mostTraced))
	f.baseline.add(cmd)
	fl.BoolVarP(&f.quiet, "quiet", "q", false, "no progress bar")
	fl.BoolVar(&f.asJSON, "json", false, "print the result as JSON")
	return cmd
}

func bench(cmd *cobra.Command, path string, f benchFlags) error {
	points, err := f.points(cmd)
	if err != nil {
		return err
	}
	img, err := f.build.image(path)
	if err != nil {
		return err
	}
	if packetrun.HasPrints(img) {
		fmt.Fprintf(f.build.cmd.ErrOrStderr(), "note: %s prints, which is measured and not shown; --no-printk leaves it out\n", path)
	}
	if err := f.init.fill(&f.build, img, path); err != nil {
		return err
	}
	path = inName(path)
	if err := f.surroundings(img, path); err != nil {
		return err
	}
	base, err := f.baseline.read(&f.build.app.streams)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt does not wait
	var rep *benchReport
	err = f.traced(points[0].flags.spec.Hertz, func() (err error) {
		rep, err = f.measure(ctx, img, path, points)
		return err
	})
	if err != nil {
		return err
	}
	if f.report != "" {
		if err := writePage(&f.build.app.streams, f.report, benchPage(rep)); err != nil {
			return err
		}
	}
	if err := f.print(cmd, rep); err != nil {
		return err
	}
	for _, r := range rep.Points {
		if r.FirstFault != nil {
			return fmt.Errorf("%s: %d of %d packets faulted, first: %w", path, r.Drops[nic.DropFault], r.Packets.In, r.FirstFault)
		}
	}
	w := report(cmd, f.report, f.trace)
	if f.asJSON {
		w = cmd.ErrOrStderr()
	}
	return f.baseline.compare(w, base, rep)
}

// surroundings reads what programs look up in, and the frames of a capture.
func (f *benchFlags) surroundings(img *image.Image, path string) (err error) {
	f.spec.Machine.Models = f.build.app.models
	if f.spec.Machine.Network, err = f.routes.read(&f.build.app.streams); err != nil {
		return err
	}
	if err := f.routes.used(network.Reads(img), path); err != nil {
		return err
	}
	if f.pcap == "" {
		return nil
	}
	if f.frames, err = f.build.app.streams.capture(f.pcap); err != nil {
		return err
	}
	cut, err := packetrun.CountCut(f.frames, f.strict)
	if err != nil {
		return fmt.Errorf("%s: %w", inName(f.pcap), err)
	}
	if cut > 0 {
		fmt.Fprintf(f.build.cmd.ErrOrStderr(), "note: %d packets of %s were cut when they were captured, and have zeros in the place of what is missing\n", cut, inName(f.pcap))
	}
	return nil
}

// print prints a report.
func (f *benchFlags) print(cmd *cobra.Command, rep *benchReport) error {
	w := report(cmd, f.report, f.trace)
	switch {
	case f.asJSON && len(f.sweep) == 0:
		return writeJSON(w, rep.Points[0])
	case f.asJSON:
		return writeJSON(w, rep)
	case len(f.sweep) == 0:
		printBench(w, &rep.Points[0].Result)
		return nil
	}
	return printSweep(w, rep)
}

// parse reads the flags that are text.
func (f *benchFlags) parse(cmd *cobra.Command) (err error) {
	if f.pcap != "" {
		for _, name := range generated {
			if cmd.Flags().Changed(name) {
				return usagef("--%s is for generated frames: leave out --pcap", name)
			}
		}
	}
	if f.traffic.Packets == 0 {
		return usagef("--packets takes a number of frames above 0")
	}
	if f.traffic.Sizes, err = traffic.ParseSizes(f.size); err != nil {
		return usagef("--size: %w", err)
	}
	if f.traffic.Protocol, err = traffic.ParseProtocol(f.proto); err != nil {
		return usagef("--proto: %w", err)
	}
	if f.traffic.To, err = netip.ParseAddrPort(f.to); err != nil {
		return usagef("--to: %w", err)
	}
	if f.spec.Hertz, err = traffic.ParseRate(f.clock); err != nil {
		return usagef("--clock: %w", err)
	}
	if f.bits = f.spec.PortRate; f.rate == "" {
		return nil
	}
	if f.bits, err = traffic.ParseRate(f.rate); err != nil {
		return usagef("--rate: %w", err)
	}
	if f.bits > f.spec.PortRate {
		return usagef("--rate %s: a port carries %d bits a second", f.rate, f.spec.PortRate)
	}
	return nil
}

// inputs makes the traffic of each port, which share the number of frames.
func (f *benchFlags) inputs() ([]nic.Input, error) {
	var out []nic.Input
	for port := range f.spec.Ports {
		s := f.traffic
		s.Packets /= uint64(f.spec.Ports)
		if uint64(port) < f.traffic.Packets%uint64(f.spec.Ports) {
			s.Packets++
		}
		s.Seed += uint64(port)
		var in nic.Input
		var err error
		switch {
		case f.frames != nil && s.Packets > 0:
			in.Source, err = traffic.FromCutCapture(f.frames, s.Packets)
		default:
			in.Source, err = traffic.New(s)
		}
		if err != nil {
			return nil, err
		}
		if in.Pace, err = traffic.NewPace(f.bits, f.burst); err != nil {
			return nil, err
		}
		out = append(out, in)
	}
	return out, nil
}

func printBench(w io.Writer, r *nic.Result) {
	if r.Partial {
		fmt.Fprintln(w, "interrupted: what follows is of a part of the packets")
	}
	fmt.Fprintf(w, "rate          %.2f Mpps of %.2f offered, %.2f Gb/s out\n", r.Mpps, r.OfferedMpps, r.Gbps)
	fmt.Fprintf(w, "bottleneck    %s\n", r.Bottleneck)
	fmt.Fprintf(w, "latency       p50 %d  p99 %d  p99.9 %d ns\n", r.Latency.P50, r.Latency.P99, r.Latency.P999)
	p := r.Packets
	fmt.Fprintf(w, "packets       %d in, %d sent, %d to the host", p.In, p.Sent, p.Host)
	if p.InFlight > 0 {
		fmt.Fprintf(w, ", %d on the card", p.InFlight)
	}
	fmt.Fprintf(w, "; %d left behind a later one\n", p.Reordered)
	for _, name := range sortedKeys(r.Drops) {
		if n := r.Drops[name]; n > 0 {
			fmt.Fprintf(w, "  dropped     %d  %s\n", n, name)
		}
	}
	fmt.Fprintf(w, "card          cores %d, contexts %d, %g MHz; %.3f ms\n", r.Cores, r.Contexts, float64(r.Hertz)/1e6, 1e3*r.Seconds)
	for _, name := range sortedKeys(r.Utilisation) {
		fmt.Fprintf(w, "  %-14s%5.1f %%\n", name, 100*r.Utilisation[name])
	}
}
