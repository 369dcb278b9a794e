package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/packetrun"
	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/debug"
	"github.com/skipsw/skipsw/sim/debug/dap"
	"github.com/skipsw/skipsw/translate"
)

type debugFlags struct {
	build  buildFlags
	pcap   string
	clock  string
	dap    bool
	listen string
	init   initFlags
}

func newDebugCmd(a *app) *cobra.Command {
	var f debugFlags
	cmd := &cobra.Command{
		Use:   "debug [flags] --pcap IN OBJ-or-IMAGE",
		Short: "Stop packets on their way through a program, look at them, and go back",
		Long: `Stop packets on their way through a program, look at them, and go back

Commands come from standard input, one a line; help lists them. With --dap, or --listen, an
editor gives them by the Debug Adapter Protocol; it may name program and capture in its
launch request then: {"program": OBJ, "pcap": IN, "prog": NAME, "stopOnEntry": true}.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if (f.dap || f.listen != "") && len(args) == 0 {
				return nil
			}
			return exactArgs("OBJ-or-IMAGE")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.debug(cmd, args)
		},
	}
	f.build.add(a, cmd)
	cmd.Flags().StringVar(&f.pcap, "pcap", "", "capture file `IN` (pcap or pcapng, Ethernet)")
	cmd.Flags().StringVar(&f.clock, "clock", "", "what the program tells the time by, `CLOCK` as in offload run")
	f.init.add(cmd)
	cmd.Flags().BoolVar(&f.dap, "dap", false, "speak the Debug Adapter Protocol on standard input and output")
	cmd.Flags().StringVar(&f.listen, "listen", "", "speak the Debug Adapter Protocol with who connects to `ADDRESS`, of this machine: 127.0.0.1:PORT or unix:PATH; one at a time")
	return cmd
}

func (f *debugFlags) debug(cmd *cobra.Command, args []string) error {
	switch {
	case f.dap && f.listen != "":
		return usagef("--dap speaks on standard input and output, --listen with who connects: leave one out")
	case len(args) > 0 && f.pcap == "":
		return usagef("offload debug needs --pcap IN")
	case len(args) == 0 && f.pcap != "":
		return usagef("--pcap without a program: name the program, too, or leave both to the launch request")
	case f.pcap == dash || len(args) > 0 && args[0] == dash || f.init.reads(dash):
		return usagef("standard input has the commands: name a file")
	}
	clock, err := packetrun.ParseClock(f.clock)
	if err != nil {
		return usagef("--clock: %v", err)
	}
	if f.dap || f.listen != "" {
		s := &dap.Server{Launch: func(raw json.RawMessage) (*debug.Session, error) { return f.launch(raw, args, clock) }}
		if f.dap {
			return s.Serve(cmd.InOrStdin(), f.build.app.streams.out)
		}
		return s.Listen(cmd.Context(), f.listen, cmd.ErrOrStderr())
	}
	s, err := f.session(args[0], f.pcap, clock)
	if err != nil {
		return err
	}
	defer s.Close()
	c := debug.NewConsole(s, cmd.OutOrStdout())
	if isTerminal(cmd.InOrStdin()) {
		c.Prompt = "(offload) "
	}
	return c.Run(cmd.InOrStdin())
}

// isTerminal reports whether somebody types what is read.
func isTerminal(r io.Reader) bool {
	file, ok := r.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// launchArgs are the arguments of a launch request that are ours.
type launchArgs struct {
	Program string `json:"program"`
	Pcap    string `json:"pcap"`
	Prog    string `json:"prog"`
}

// launch begins a session for an editor.
func (f *debugFlags) launch(raw json.RawMessage, args []string, clock packetrun.Clock) (*debug.Session, error) {
	var l launchArgs
	if err := json.Unmarshal(raw, &l); err != nil {
		return nil, fmt.Errorf("launch: %w", err)
	}
	if len(args) > 0 {
		if l.Program != "" || l.Pcap != "" || l.Prog != "" {
			return nil, fmt.Errorf("launch: program, pcap and prog were given on the command line: leave them out of the request")
		}
		return f.session(args[0], f.pcap, clock)
	}
	if l.Program == "" || l.Pcap == "" {
		return nil, fmt.Errorf("launch: the request needs program (an object or image) and pcap (a capture file)")
	}
	of := *f
	if l.Prog != "" {
		of.build.program = l.Prog
	}
	return of.session(l.Program, l.Pcap, clock)
}

// session compiles a program and begins with the first packet of a capture.
func (f *debugFlags) session(path, capture string, clock packetrun.Clock) (*debug.Session, error) {
	var r translate.Report
	f.build.remarks = &r
	img, err := f.build.image(path)
	if err != nil {
		return nil, err
	}
	if err := f.init.fill(&f.build, img, path); err != nil {
		return nil, err
	}
	packets, err := pcap.ReadFile(capture)
	if err != nil {
		return nil, err
	}
	if len(packets) == 0 {
		return nil, fmt.Errorf("%s has no packet", capture)
	}
	spec := sim.DefaultSpec()
	spec.Models = f.build.app.models
	o := debug.Options{Image: img, Spec: spec, Holds: halves(img, &r)}
	for k := range packets {
		if err := packetrun.Fill(&packets[k]); err != nil {
			return nil, fmt.Errorf("%s: packet %d: %w", capture, k+1, err)
		}
		o.Packets = append(o.Packets, packets[k].Data)
	}
	o.Before = func(m *sim.Machine) (func(int) error, error) {
		set, err := clock.Start(m)
		return func(k int) error { return set(packets[k].Time) }, err
	}
	s, err := debug.New(o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// halves says which halves of eBPF registers words make; an image that was compiled
// before does not say.
func halves(img *image.Image, r *translate.Report) []debug.Half {
	out := make([]debug.Half, min(len(r.Code), len(img.Words)))
	for k := range out {
		if h := r.Code[k].Makes; h != nil {
			out[k] = debug.Half{Known: true, Reg: uint8(h.Reg), High: h.High}
		}
	}
	return out
}
