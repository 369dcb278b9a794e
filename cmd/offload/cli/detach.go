package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/object"
)

func newDetachCmd(a *app) *cobra.Command {
	dev := deviceFlags{app: a}
	var hook hookFlags
	var all bool
	cmd := &cobra.Command{
		Use:   "detach DEV",
		Short: "Detach programs from a device",
		Long: `Detach the program of a device. With several programs attached, say which, or
--all. With --all a clsact that is empty afterwards is removed too.`,
		Args:              exactArgs("DEV"),
		ValidArgsFunction: a.completeDevice,
		RunE: func(cmd *cobra.Command, args []string) error {
			return dev.with(args[0], func(ctx context.Context, d offload.Device) error {
				typ, err := hook.typ()
				if err != nil {
					return err
				}
				if typ == object.XDP && (hook.pref != 0 || hook.handle != 0) {
					return usagef("--pref and --handle are for tc, not for --xdp")
				}
				r := offload.DetachRequest{All: all, Type: typ, Pref: hook.pref, Handle: hook.handle, DryRun: hook.dryRun}
				if hook.mode != "" {
					m, err := offload.ParseMode(hook.mode)
					if err != nil {
						return usageError{err}
					}
					r.Mode = &m
				}
				gone, err := offload.Detach(ctx, d, r)
				w := cmd.OutOrStdout()
				for _, a := range gone {
					fmt.Fprintf(w, "%s: %s\n", d.Name(), attachmentLine(a))
				}
				if err != nil || hook.dryRun {
					return err
				}
				if len(gone) == 0 {
					fmt.Fprintf(w, "%s: nothing attached\n", d.Name())
				}
				if t, ok := d.(offload.Tidier); ok && all {
					return t.Tidy(ctx)
				}
				return nil
			})
		},
	}
	dev.add(cmd)
	hook.addPlace(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "detach everything that the other flags select")
	cmd.Flags().BoolVar(&hook.dryRun, "dry-run", false, "print what would be detached and change nothing")
	return cmd
}
