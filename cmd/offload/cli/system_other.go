//go:build !linux

package cli

import (
	"runtime"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/unsupported"
)

// onlyLinux is a verb that this system lacks.
func onlyLinux(name, short, why string) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: short, DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return unsupported.New(cmd.CommandPath()+" on "+runtime.GOOS, why)
		},
	}
}

func newCardCmd(*app) *cobra.Command {
	return onlyLinux("card", "Run simulated cards (on Linux)", "a running card stands on Linux's namespaces, taps and user-mode kernel")
}

func newDiffCmd() *cobra.Command {
	return onlyLinux("diff", "Run generated programs through kernel, interpreter, compiler and simulator, and compare (on Linux)", "it compares with the kernel's own runs, and keeps programs apart by its means")
}

// mainInGuest is for the guest kernel of tests, which is Linux.
func mainInGuest() {}

// mergeDiffs is of the verb diff.
func mergeDiffs([]part) (any, error) {
	return nil, unsupported.New("results of diff on "+runtime.GOOS, "diff runs on Linux")
}
