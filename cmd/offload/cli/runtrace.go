package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/packetrun"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/mem"
	"github.com/skipsw/skipsw/sim/nic"
	"github.com/skipsw/skipsw/sim/trace"
)

// traceFlags write where the time of a run went.
type traceFlags struct {
	profile, trace, report string

	stalls  *trace.Stalls
	heat    *heat
	perf    *trace.Perfetto
	units   []mem.Unit
	tracing bool
}

// mostTraced is the number of packets of a trace: one takes some KiB, and viewers
// hold all of it in memory.
const mostTraced = 10_000

func (f *traceFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.profile, "profile-out", "", "write cycles by C line and cause as a pprof profile to `FILE`, for go tool pprof; - is standard output")
	cmd.Flags().StringVar(&f.trace, "trace", "", fmt.Sprintf("write what core, contexts and memories did for the first %d packets to the JSON `FILE`, for ui.perfetto.dev; - is standard output", mostTraced))
	cmd.Flags().StringVar(&f.report, "report", "", reportHelp)
}

// watch adds what has to be seen of a machine.
func (f *traceFlags) watch(img *image.Image, s *sim.Spec) {
	serve := s.MemoryHooks.Serve
	if f.report != "" {
		f.heat = newHeat(img)
	}
	if f.profile != "" || f.report != "" {
		f.stalls = trace.NewStalls(img)
		s.Hooks = s.Hooks.Join(f.stalls.Hooks())
		stalled := f.stalls.MemoryHooks().Serve
		serve = func(c *mem.Command, start, done uint64) {
			stalled(c, start, done)
			if f.heat != nil {
				f.heat.serve(c)
			}
		}
	}
	if f.trace != "" {
		s.Hooks = s.Hooks.Join(sim.Hooks{Switch: func(e sim.Switch) {
			if f.tracing {
				f.perf.Switch(e)
			}
		}})
		next := serve
		serve = func(c *mem.Command, start, done uint64) {
			if f.tracing {
				f.perf.Memory(f.units[c.Region.Unit].Name, c, start, done)
			}
			if next != nil {
				next(c, start, done)
			}
		}
	}
	s.MemoryHooks.Serve = serve
}

// write calls run with what notes packets in the trace, if there is one.
func (f *traceFlags) write(s *streams, m *sim.Machine, run func(each) error) error {
	if f.trace == "" {
		return run(nil)
	}
	f.units, _ = m.Memories()
	return s.write(f.trace, "a trace", func(w io.Writer) error {
		f.perf = trace.NewPerfetto(w, float64(nic.DefaultSpec().Hertz))
		f.tracing = true
		err := run(func(o *packetrun.Outcome, exit *image.Line) error {
			if !f.tracing {
				return nil
			}
			name := fmt.Sprintf("%d %s", o.Number, o.Where())
			if exit != nil {
				name += " " + packetrun.Place(exit)
			}
			f.perf.Packet(name, max(o.Result.Cycles, o.Result.Settled))
			f.tracing = o.Number < mostTraced
			return nil
		})
		if err != nil {
			return err
		}
		return f.perf.Close()
	})
}

// finish writes profile and report, and says what is missing in the trace.
func (f *traceFlags) finish(w io.Writer, s *streams, program string, img *image.Image, sum *packetrun.Summary) error {
	if f.trace != "" && sum.Packets > mostTraced {
		fmt.Fprintf(w, "note: the trace has the first %d of %d packets\n", mostTraced, sum.Packets)
	}
	if f.report != "" {
		if err := writePage(s, f.report, runPage(program, img, sum, f.stalls, f.heat)); err != nil {
			return err
		}
	}
	if f.profile == "" {
		return nil
	}
	return s.write(f.profile, "a profile", func(w io.Writer) error { return f.stalls.Write(w, img) })
}
