package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/offload"
)

func newReplaceCmd(a *app) *cobra.Command {
	dev := deviceFlags{app: a}
	hook := hookFlags{app: a}
	cmd := &cobra.Command{
		Use:   "replace DEV [OBJ]",
		Short: "Put a program in the place of the one that is attached",
		Long: `Load a program and put it in the place of the attached one in one step: the
port is never without a program. Maps of the same name and shape are used on
with their contents. A map whose shape has changed would lose them: then nothing
is changed, unless --drop-map names it.

With --mode best the program in the best mode is replaced: on the card, else in the
driver, else in the network core.`,
		Example: `  offload replace eth0 prog.o
  offload replace eth0 prog.o --tc --pref 1 --handle 1
  offload replace eth0 prog.o --drop-map flows`,
		Args:              deviceAndObject,
		ValidArgsFunction: a.completeDevice,
		RunE: func(cmd *cobra.Command, args []string) error {
			return dev.with(args[0], func(ctx context.Context, d offload.Device) error {
				return transfer(ctx, cmd, d, &hook, args, offload.Replace, offload.ReplaceBest)
			})
		},
	}
	dev.add(cmd)
	hook.add(cmd)
	cmd.Flags().StringSliceVar(&hook.dropMaps, "drop-map", nil, "let the map of this `name` lose its contents where its shape has changed")
	return cmd
}
