package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
)

func newFeaturesCmd(a *app) *cobra.Command {
	dev := deviceFlags{app: a}
	var asJSON, all, replace bool
	cmd := &cobra.Command{
		Use:   "features [DEV]",
		Short: "Find out what a device can run, by trying",
		Long: `Find out what a device can run: program types, map types with their limits,
helpers. Small programs and maps are loaded and freed at once; nothing is
attached unless --replace is given. Without DEV every device that can offload
is tried.`,
		Args:              atMostOne("DEV"),
		ValidArgsFunction: a.completeDevice,
		RunE: func(cmd *cobra.Command, args []string) error {
			var found []*offload.Capabilities
			probe := func(ctx context.Context, d offload.Device) error {
				c, err := d.Capabilities(ctx)
				if err != nil {
					return err
				}
				if replace {
					p, err := offload.AsReplaceProber(d)
					if err != nil {
						return err
					}
					if c.LiveReplace, err = p.ProbeReplace(ctx); err != nil {
						return err
					}
				}
				found = append(found, c)
				return nil
			}
			if len(args) == 1 {
				if err := dev.with(args[0], probe); err != nil {
					return err
				}
			} else {
				err := dev.each(func(ctx context.Context, d offload.Device) error {
					if desc, ok := d.(offload.Describer); ok {
						if i, err := desc.Describe(ctx); err != nil || !i.CanOffload {
							return err
						}
					}
					return probe(ctx, d)
				})
				if err != nil {
					return err
				}
				if len(found) == 0 {
					return errors.New("no device here can offload; `offload dev list` shows all, `offload dev add netdevsim` makes a simulated one")
				}
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), found)
			}
			for _, c := range found {
				if err := printFeatures(cmd.OutOrStdout(), c, all); err != nil {
					return err
				}
			}
			return nil
		},
	}
	dev.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	cmd.Flags().BoolVar(&all, "all", false, "print what the device does not take too, with the reason")
	cmd.Flags().BoolVar(&replace, "replace", false, "try whether a running program can be replaced; attaches programs that pass everything")
	return cmd
}

// cannotOffload reports a device that takes no program at all, and why it does
// not take XDP.
func cannotOffload(c *offload.Capabilities) (why string, cannot bool) {
	for _, p := range c.Programs {
		if p.OK {
			return "", false
		}
		if p.ID == uint32(bpf.ProgTypeXDP) {
			why = p.Reason
		}
	}
	return why, true
}

func printFeatures(out io.Writer, c *offload.Capabilities, all bool) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintf(w, "%s:\tdriver %s\tfirmware %s\thw-tc-offload %s\n", c.Device, orNone(c.Driver), orNone(c.Firmware), c.HWTCOffload)
	if why, cannot := cannotOffload(c); cannot {
		fmt.Fprintf(w, "%s cannot offload\tno\t%s\n", c.Device, why)
	}
	if c.StackBytes > 0 {
		fmt.Fprintf(w, "stack\tyes\tat least %d bytes\n", c.StackBytes)
	}
	line := func(kind string, k offload.Capability, more string) {
		switch {
		case k.OK:
			fmt.Fprintf(w, "%s %s\tyes\t%s\n", kind, k.Name, more)
		case all:
			fmt.Fprintf(w, "%s %s\tno\t%s\n", kind, k.Name, k.Reason)
		}
	}
	for _, p := range c.Programs {
		line("program", p, "")
	}
	for _, m := range c.Maps {
		more := ""
		if m.MaxEntries > 0 {
			more = fmt.Sprintf("entries %d key %dB value %dB", m.MaxEntries, m.MaxKey, m.MaxValue)
		}
		line("map", m.Capability, more)
	}
	for _, h := range c.Helpers {
		line("helper", h, "")
	}
	switch {
	case c.LiveReplace.OK:
		fmt.Fprintf(w, "live replace\tyes\t\n")
	default:
		fmt.Fprintf(w, "live replace\tno\t%s\n", c.LiveReplace.Reason)
	}
	return w.Flush()
}
