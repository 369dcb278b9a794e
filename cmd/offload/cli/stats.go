package cli

import (
	"context"
	"encoding/json"
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
				print := printStats
				if watch {
					last := rates{last: map[string]uint64{}}
					print = last.print
				}
				for {
					counters, err := counting.Stats(ctx)
					if err != nil {
						return err
					}
					if err := print(cmd.OutOrStdout(), counters, asJSON, all); err != nil || !watch {
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
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON; with --watch one object a line")
	cmd.Flags().BoolVar(&all, "all", false, "print counters that are zero too")
	cmd.Flags().BoolVar(&watch, "watch", false, "print again and again until interrupted")
	cmd.Flags().DurationVar(&interval, "interval", time.Second, "time between two prints of --watch")
	return cmd
}

// byGroup sorts counters for JSON.
func byGroup(counters []offload.Counter) map[string]map[string]uint64 {
	groups := map[string]map[string]uint64{}
	for _, c := range counters {
		if groups[c.Group] == nil {
			groups[c.Group] = map[string]uint64{}
		}
		groups[c.Group][c.Name] = c.Value
	}
	return groups
}

// printStats prints the counters once.
func printStats(out io.Writer, counters []offload.Counter, asJSON, all bool) error {
	if asJSON {
		return writeJSON(out, byGroup(counters))
	}
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', tabwriter.AlignRight)
	zero := 0
	for _, c := range counters {
		if c.Value == 0 && !all {
			zero++
			continue
		}
		fmt.Fprintf(w, "%s %s\t%d\t\n", c.Group, c.Name, c.Value)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if zero > 0 {
		fmt.Fprintf(out, "(%d counters are zero; --all prints them)\n", zero)
	}
	return nil
}

// rates prints counters again and again, with what they grew a second.
type rates struct {
	at   time.Time
	last map[string]uint64
}

// stamped is one print of --watch in JSON, a line.
type stamped struct {
	Time     time.Time                    `json:"time"`
	Counters map[string]map[string]uint64 `json:"counters"`
}

func (r *rates) print(out io.Writer, counters []offload.Counter, asJSON, all bool) error {
	now := time.Now()
	if asJSON {
		return json.NewEncoder(out).Encode(stamped{now, byGroup(counters)})
	}
	fmt.Fprintln(out, now.Format("15:04:05.000"))
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', tabwriter.AlignRight)
	for _, c := range counters {
		key := c.Group + " " + c.Name
		last, again := r.last[key]
		r.last[key] = c.Value
		if c.Value == 0 && !all {
			continue
		}
		fmt.Fprintf(w, "%s\t%d\t", key, c.Value)
		if again {
			fmt.Fprintf(w, "%.0f/s\t", float64(c.Value-last)/now.Sub(r.at).Seconds())
		}
		fmt.Fprintln(w)
	}
	r.at = now
	return w.Flush()
}
