package cli

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/offload"
)

func newStatsCmd(a *app) *cobra.Command {
	dev := deviceFlags{app: a}
	var asJSON, watch, all bool
	var interval time.Duration
	cmd := &cobra.Command{
		Use:   "stats DEV",
		Short: "Print a device's counters",
		Long: `Print a device's counters: those of the link, of the driver (on nfp the
verdicts of the BPF firmware are among them) and the run counts of programs.
With --watch they are printed again and again, with the change a second.`,
		Args:              exactArgs("DEV"),
		ValidArgsFunction: a.completeDevice,
		RunE: func(cmd *cobra.Command, args []string) error {
			if interval <= 0 {
				return usagef("--interval is a time above zero, not %s", interval)
			}
			return dev.with(args[0], func(ctx context.Context, d offload.Device) error {
				counting, err := offload.AsCounting(d)
				if err != nil {
					return err
				}
				last := map[string]uint64{}
				for {
					counters, err := counting.Stats(ctx)
					if err != nil {
						return err
					}
					if err := printStats(cmd.OutOrStdout(), counters, last, interval, asJSON, all); err != nil || !watch {
						return err
					}
					select {
					case <-ctx.Done():
						return nil
					case <-time.After(interval):
					}
				}
			})
		},
	}
	dev.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	cmd.Flags().BoolVar(&all, "all", false, "print counters that are zero too")
	cmd.Flags().BoolVar(&watch, "watch", false, "print again and again until interrupted")
	cmd.Flags().DurationVar(&interval, "interval", time.Second, "time between two prints of --watch")
	return cmd
}

// printStats prints the counters, with the rate since last, which it renews.
func printStats(out io.Writer, counters []offload.Counter, last map[string]uint64, interval time.Duration, asJSON, all bool) error {
	if asJSON {
		groups := map[string]map[string]uint64{}
		for _, c := range counters {
			if groups[c.Group] == nil {
				groups[c.Group] = map[string]uint64{}
			}
			groups[c.Group][c.Name] = c.Value
		}
		return writeJSON(out, groups)
	}
	again := len(last) > 0
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', tabwriter.AlignRight)
	for _, c := range counters {
		key := c.Group + " " + c.Name
		if c.Value != 0 || all {
			fmt.Fprintf(w, "%s\t%d\t", key, c.Value)
			if again {
				fmt.Fprintf(w, "%.0f/s\t", float64(c.Value-last[key])/interval.Seconds())
			}
			fmt.Fprintln(w)
		}
		last[key] = c.Value
	}
	if again {
		fmt.Fprintln(w)
	}
	return w.Flush()
}
