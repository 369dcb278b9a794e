package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/explain"
	"github.com/skipsw/skipsw/internal/infile"
	"github.com/skipsw/skipsw/internal/packetrun"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate"
)

type explainFlags struct {
	build  buildFlags
	pcap   string
	clock  string
	dot    string
	html   string
	asJSON bool
	words  bool
}

func newExplainCmd(a *app) *cobra.Command {
	var f explainFlags
	cmd := &cobra.Command{
		Use:   "explain [flags] OBJ",
		Short: "Say line by line what became of a program, what it costs, and what could not be improved",
		Args:  exactArgs("OBJ"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.explain(cmd, args[0])
		},
	}
	f.build.add(a, cmd)
	cmd.Flags().StringVar(&f.pcap, "pcap", "", "measure cycles and waits with the packets of the capture file `IN`; - is standard input")
	cmd.Flags().StringVar(&f.clock, "clock", "", "with --pcap: what the program tells the time by, `CLOCK` as in offload run")
	cmd.Flags().StringVar(&f.dot, "dot", "", "write the flow of the code as a Graphviz graph to `OUT`; - is standard output")
	cmd.Flags().StringVar(&f.html, "html", "", "write the explanation as one web page to `OUT`; - is standard output")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "print the explanation as JSON")
	cmd.Flags().BoolVar(&f.words, "words", false, "list the words below each instruction")
	return cmd
}

func (f *explainFlags) explain(cmd *cobra.Command, path string) error {
	if f.clock != "" && f.pcap == "" {
		return usagef("--clock is for the packets of --pcap")
	}
	if f.words && f.asJSON {
		return usagef("--words is for text: --json has the words already")
	}
	c, err := f.compile(path)
	if err != nil {
		return err
	}
	path = inName(path)
	src := explain.Source{Image: c.Image, Report: &c.Report, Program: c.Program}
	if f.pcap != "" {
		if src.Measured, err = f.measure(c.Image); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	r := explain.Make(src)
	for _, out := range []struct {
		path, what string
		write      func(io.Writer) error
	}{{f.dot, "a graph", r.Dot}, {f.html, "a web page", r.HTML}} {
		if out.path != "" {
			if err := f.build.app.streams.write(out.path, out.what, out.write); err != nil {
				return err
			}
		}
	}
	w := report(cmd, f.dot, f.html)
	if f.asJSON {
		return writeJSON(w, r)
	}
	return r.Text(w, f.words)
}

// compile compiles the one program that is explained.
func (f *explainFlags) compile(path string) (*translate.Compiled, error) {
	o, err := f.build.options()
	if err != nil {
		return nil, err
	}
	o.Remarks = true
	data, err := f.build.app.streams.read(path, "an object", infile.Object)
	if err != nil {
		return nil, err
	}
	path = inName(path)
	if image.Is(data) {
		return nil, usagef("%s is an image, which does not say what the compiler did: explain the object that it was made of", path)
	}
	all, err := translate.ObjectBytes(path, data, o)
	switch {
	case err != nil:
		return nil, err
	case len(all) == 0:
		return nil, fmt.Errorf("%s has no program", path)
	case len(all) > 1:
		return nil, fmt.Errorf("%s: %w, one must be named with --prog: %s", path, translate.ErrSeveral, programNames(all))
	case all[0].Err != nil:
		return nil, all[0].Err
	case f.build.typ != "" && all[0].Program.Type.String() != f.build.typ:
		return nil, f.build.otherType(all[0].Program.Name, all[0].Program.Type.String())
	}
	noteSettings(f.build.cmd.ErrOrStderr(), all[0].Report.Program, all[0].Report.Settings)
	noteUnprinted(f.build.cmd.ErrOrStderr(), all[0].Report.Program, all[0].Report.Unprinted)
	return &all[0], nil
}

func programNames(all []translate.Compiled) string {
	s := ""
	for k := range all {
		if k > 0 {
			s += ", "
		}
		s += all[k].Program.Name
	}
	return s
}

// measure runs the packets of the capture.
func (f *explainFlags) measure(img *image.Image) (*explain.Measured, error) {
	clock, err := packetrun.ParseClock(f.clock)
	if err != nil {
		return nil, usagef("--clock: %v", err)
	}
	in, err := f.build.app.streams.openCapture(f.build.cmd.Context(), f.pcap)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	got := explain.NewMeasured(img)
	spec := sim.DefaultSpec()
	spec.Models = f.build.app.models
	got.Watch(&spec)
	m, err := sim.New(img, spec)
	if err != nil {
		return nil, err
	}
	sum, err := packetrun.Run(f.build.cmd.Context(), m, img, in, packetrun.Options{Clock: clock})
	if err != nil {
		return nil, in.blame("", err)
	}
	if sum.FirstFault != nil {
		return nil, fmt.Errorf("%d of %d packets faulted, first: %w", sum.Faults, sum.Packets, sum.FirstFault)
	}
	got.Packets = sum.Packets
	return got, nil
}
