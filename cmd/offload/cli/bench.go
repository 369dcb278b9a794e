package cli

import (
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
}

// generated are the flags that describe generated frames.
var generated = []string{"size", "flows", "zipf", "proto", "to", "seed"}

func newBenchCmd(a *app) *cobra.Command {
	f := benchFlags{spec: nic.DefaultSpec(), traffic: traffic.DefaultSpec()}
	cmd := &cobra.Command{
		Use:   "bench [flags] OBJ-or-IMAGE",
		Short: "Measure a program under traffic on a simulated card with all its cores",
		Args:  exactArgs("OBJ-or-IMAGE"),
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
	fl.BoolVar(&f.asJSON, "json", false, "print the result as JSON")
	return cmd
}

func bench(cmd *cobra.Command, path string, f benchFlags) error {
	if err := f.parse(cmd); err != nil {
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
	f.spec.Machine.Models = f.build.app.models
	if f.spec.Machine.Network, err = f.routes.read(&f.build.app.streams); err != nil {
		return err
	}
	if err := f.routes.used(network.Reads(img), path); err != nil {
		return err
	}
	card, err := nic.New(img, f.spec)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	in, err := f.inputs()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	res, err := card.Run(ctx, in)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if f.asJSON {
		err = printJSON(cmd, res)
	} else {
		printBench(cmd.OutOrStdout(), res)
	}
	if err == nil && res.FirstFault != nil {
		err = fmt.Errorf("%s: %d of %d packets faulted, first: %w", path, res.Drops[nic.DropFault], res.Packets.In, res.FirstFault)
	}
	return err
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
	var frames []pcap.Packet
	if f.pcap != "" {
		var err error
		if frames, err = f.build.app.streams.capture(f.pcap); err != nil {
			return nil, err
		}
	}
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
		case frames != nil && s.Packets > 0:
			in.Source, err = traffic.FromCapture(frames, s.Packets)
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
