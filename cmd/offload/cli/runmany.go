package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/packetrun"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim"
)

// runReport is what run prints with --json for several captures.
type runReport struct {
	Shard  int `json:"shard"`
	Shards int `json:"shards"`
	Total  int `json:"total"` // captures of all shards
	// Partial says that the run was interrupted: captures or packets are missing.
	Partial  bool         `json:"partial,omitempty"`
	Captures []captureRun `json:"captures"`
}

// captureRun is what one of several captures gave.
type captureRun struct {
	Index   int    `json:"index"` // place on the command line, from 0
	Capture string `json:"capture"`
	// Error says why it has no result, or not a whole one.
	Error  string             `json:"error,omitempty"`
	Result *packetrun.Summary `json:"result,omitempty"`
}

// many reports whether the run is one of several captures.
func (f *runFlags) many() bool { return len(f.pcap) > 1 || f.shard != "1/1" }

// checkMany refuses flags that are for one capture.
func (f *runFlags) checkMany() error {
	if _, err := parseShard(f.shard); err != nil || !f.many() {
		return err
	}
	for _, c := range []struct {
		flag string
		set  bool
	}{
		{"out", f.out.file != ""},
		{"packets", f.lines.text},
		{"json-lines", f.lines.asJSON},
		{"expect", f.expect.file != ""},
		{"record", f.expect.record != ""},
		{"profile-out", f.trace.profile != ""},
		{"trace", f.trace.trace != ""},
		{"report", f.trace.report != ""},
		{"hot", f.hot > 0},
		{"events", f.events.show},
	} {
		if c.set {
			return usagef("--%s is for one capture: run them one by one", c.flag)
		}
	}
	return nil
}

// runMany runs this shard's captures, each in a machine of its own.
func runMany(ctx context.Context, cmd *cobra.Command, path string, f *runFlags, img *image.Image, o packetrun.Options, spec sim.Spec) error {
	s, err := parseShard(f.shard)
	if err != nil {
		return err
	}
	rep := &runReport{Shard: s.i, Shards: s.n, Total: len(f.pcap), Captures: []captureRun{}}
	bar := newProgress(cmd.ErrOrStderr(), "captures", int64(len(f.pcap)/s.n), f.quiet)
	failed := 0
	for i, name := range f.pcap {
		if !s.has(i) {
			continue
		}
		if ctx.Err() != nil {
			rep.Partial = true
			break
		}
		c := captureRun{Index: i, Capture: name}
		if c.Result, err = f.runOne(ctx, img, name, o, spec); err != nil && ctx.Err() != nil {
			rep.Partial = true
			break
		}
		if err != nil {
			c.Error = err.Error()
		} else if c.Result.FirstFault != nil {
			c.Error = c.Result.FirstFault.Error()
		}
		if c.Error != "" {
			failed++
		}
		if c.Result != nil && c.Result.Partial {
			rep.Partial = true
		}
		rep.Captures = append(rep.Captures, c)
		bar.set(int64(len(rep.Captures)))
	}
	bar.end()
	if f.asJSON {
		err = printJSON(cmd, rep)
	} else {
		err = printMany(cmd, rep)
	}
	if err == nil {
		w := report(cmd, f.cover.file)
		if f.asJSON {
			w = cmd.ErrOrStderr()
		}
		err = f.cover.finish(&f.build.app.streams, w, cmd.ErrOrStderr())
	}
	if err == nil && failed > 0 {
		err = fmt.Errorf("%s: %d of %d captures failed", path, failed, len(rep.Captures))
	}
	return err
}

// runOne runs a capture.
func (f *runFlags) runOne(ctx context.Context, img *image.Image, name string, o packetrun.Options, spec sim.Spec) (*packetrun.Summary, error) {
	in, err := f.build.app.streams.openCapture(ctx, name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	m, err := sim.New(img, spec)
	if err != nil {
		return nil, err
	}
	covered, err := f.covered(img, o.Input)
	if err != nil {
		return nil, err
	}
	o.Each = all(nil, covered)
	sum, err := packetrun.Run(ctx, m, img, in, o)
	if err != nil {
		return nil, in.blame("", err)
	}
	if f.maps {
		sum.Dump(m, img)
	}
	return sum, nil
}

func printMany(cmd *cobra.Command, rep *runReport) error {
	w := cmd.OutOrStdout()
	if rep.Partial {
		fmt.Fprintf(w, "interrupted: what follows is %d of %d captures\n", len(rep.Captures), rep.Total)
	}
	for _, c := range rep.Captures {
		fmt.Fprintf(w, "%s\n", c.Capture)
		if c.Error != "" {
			fmt.Fprintf(w, "error         %s\n", c.Error)
		}
		if c.Result != nil {
			printRun(w, c.Result)
		}
	}
	return nil
}
