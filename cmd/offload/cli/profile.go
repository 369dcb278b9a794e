package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/sim/trace"
)

func newProfileCmd(a *app) *cobra.Command {
	dev := deviceFlags{app: a}
	var out string
	var long time.Duration
	hot := 10
	cmd := &cobra.Command{
		Use:   "profile DEV",
		Short: "Show where the program that is attached to a card spends its cycles",
		Long: `Watch the program that is attached to a simulated card for a while, and print the C
lines and linked routines that took the most cycles. With -o a profile is written that
` + "`go tool pprof`" + ` reads: cycles and executed instructions, by C line and routine.

The card counts words only meanwhile; its maps are there twice then. A program that is
replaced ends the profile.`,
		Example: `  offload profile sim:card0 --for 10s
  offload profile sim:card0 -o card0.pb.gz && go tool pprof -top card0.pb.gz`,
		Args:              exactArgs("DEV"),
		ValidArgsFunction: a.completeDevice,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case long <= 0:
				return usagef("--for takes a time above 0, as 5s, not %v", long)
			case hot <= 0:
				return usagef("--hot takes a number of lines, not %d", hot)
			case out != "" && cmd.Flags().Changed("hot"):
				return usagef("--hot is for the text; -o writes a profile")
			}
			return dev.with(args[0], func(ctx context.Context, d offload.Device) error {
				profiler, err := offload.AsProfiler(d)
				if err != nil {
					return err
				}
				p, err := profiler.Profile(ctx, long)
				if err != nil {
					return err
				}
				w := report(cmd, out)
				fmt.Fprintf(w, "%s: %d packets through program %d (%s)\n", d.Name(), p.Packets, p.Program, p.Image.Programs[0].Name)
				if out == "" {
					printHot(w, p.Image, p.Cycles, hot)
					return nil
				}
				t := trace.Profile{Count: p.Count, Cycles: p.Cycles}
				return a.streams.write(out, "a profile", func(w io.Writer) error { return t.Write(w, p.Image) })
			})
		},
	}
	dev.add(cmd)
	cmd.Flags().DurationVar(&long, "for", 5*time.Second, "how long to watch, `TIME` as 500ms, 10s")
	cmd.Flags().StringVarP(&out, "out", "o", "", "write a pprof profile to `FILE`, - is standard output")
	cmd.Flags().IntVar(&hot, "hot", hot, "print the `N` C lines and linked routines that took the most cycles")
	return cmd
}
