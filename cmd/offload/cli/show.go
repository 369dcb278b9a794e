package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/offload"
)

// shownDevice is one device in the output of show.
type shownDevice struct {
	Dev         string               `json:"dev"`
	Ifindex     int                  `json:"ifindex"`
	Driver      string               `json:"driver,omitempty"`
	HWTCOffload string               `json:"hw_tc_offload"`
	Attached    []offload.Attachment `json:"attached"`
}

func newShowCmd(a *app) *cobra.Command {
	dev := deviceFlags{app: a}
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show [DEV]",
		Short: "Show what is attached: mode, id, tag, whether the device runs it, maps",
		Long: `Show what is attached to a device, or to every device. All of it is read from
the device. Programs whose device has gone are left out.`,
		Args:              atMostOne("DEV"),
		ValidArgsFunction: a.completeDevice,
		RunE: func(cmd *cobra.Command, args []string) error {
			var all []shownDevice
			one := func(ctx context.Context, d offload.Device) error {
				s, err := showOne(ctx, d)
				if err == nil {
					all = append(all, *s)
				}
				return err
			}
			if len(args) == 1 {
				if err := dev.with(args[0], one); err != nil {
					return err
				}
			} else if err := dev.each(one); err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), all)
			}
			printShown(cmd.OutOrStdout(), all, len(args) == 1)
			return nil
		},
	}
	dev.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

func showOne(ctx context.Context, d offload.Device) (*shownDevice, error) {
	s := &shownDevice{Dev: d.Name(), HWTCOffload: "unknown"}
	if desc, ok := d.(offload.Describer); ok {
		i, err := desc.Describe(ctx)
		if err != nil {
			return nil, err
		}
		s.Dev, s.Ifindex, s.Driver, s.HWTCOffload = i.Name, i.Ifindex, i.Driver, i.TCOffload.String()
	}
	var err error
	if s.Attached, err = d.Attached(ctx); err != nil {
		return nil, err
	}
	if s.Attached == nil {
		s.Attached = []offload.Attachment{}
	}
	return s, nil
}

// printShown prints interfaces with something attached, and with empty also
// the others.
func printShown(w io.Writer, all []shownDevice, empty bool) {
	for _, s := range all {
		if len(s.Attached) == 0 && !empty {
			continue
		}
		fmt.Fprintf(w, "%s: driver %s hw-tc-offload %s\n", s.Dev, orNone(s.Driver), s.HWTCOffload)
		if len(s.Attached) == 0 {
			fmt.Fprintln(w, "    nothing attached")
		}
		for _, a := range s.Attached {
			fmt.Fprintf(w, "    %s\n", attachmentLine(a))
		}
	}
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// atMostOne returns an argument check for one optional argument.
func atMostOne(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return usagef("%s takes at most %s; `%s --help` shows the usage", cmd.CommandPath(), name, cmd.CommandPath())
		}
		return nil
	}
}
