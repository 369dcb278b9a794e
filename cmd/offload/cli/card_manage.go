//go:build linux

package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/outfile"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/card"
	"github.com/skipsw/skipsw/offload/remote"
)

type runningCard = remote.Client

// completeCard completes names of running cards.
func completeCard(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return card.Running(cmd.Context()), cobra.ShellCompDirectiveNoFileComp
}

// shownCard is a running card in the output of card list and card status.
type shownCard struct {
	card.Status
	Attached []offload.Attachment `json:"attached"`
}

// lookAt asks a card for everything that is shown of it.
func lookAt(ctx context.Context, c *runningCard) (s shownCard, err error) {
	if s.Status, err = card.StatusOf(c); err != nil {
		return s, err
	}
	s.Attached, err = c.Attached(ctx)
	if s.Attached == nil {
		s.Attached = []offload.Attachment{}
	}
	return s, err
}

func newCardListCmd() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the cards that run",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all := []shownCard{}
			for _, name := range card.Running(cmd.Context()) {
				err := withCard(cmd, name, func(ctx context.Context, c *runningCard) error {
					s, err := lookAt(ctx, c)
					all = append(all, s)
					return err
				})
				if err != nil && !errors.Is(err, card.ErrNotRunning) {
					return err
				}
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), all)
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
			fmt.Fprintln(w, "CARD\tPID\tTARGET\tPORTS\tPROGRAM\tBEHIND")
			for _, s := range all {
				program := "-"
				for _, a := range s.Attached {
					program = fmt.Sprintf("%s (%d)", a.Name, a.ID)
				}
				fmt.Fprintf(w, "sim:%s\t%d\t%s\t%d\t%s\t%s\n", s.Name, s.PID, s.Target, len(s.Ports), program, s.Behind.Round(time.Microsecond))
			}
			return w.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

func newCardStatusCmd(*app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:               "status NAME",
		Short:             "Show a running card: ports, program, how far behind its time it is",
		Args:              exactArgs("NAME"),
		ValidArgsFunction: completeCard,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withCard(cmd, args[0], func(ctx context.Context, c *runningCard) error {
				s, err := lookAt(ctx, c)
				if err != nil {
					return err
				}
				if asJSON {
					return writeJSON(cmd.OutOrStdout(), s)
				}
				stats, err := c.Stats(ctx)
				if err != nil {
					return err
				}
				printCard(cmd.OutOrStdout(), &s, stats)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

func printCard(w io.Writer, s *shownCard, stats []offload.Counter) {
	fmt.Fprintf(w, "sim:%s: process %d, since %s, target %s\n", s.Name, s.PID, s.Started.Format(time.DateTime), s.Target)
	fmt.Fprintf(w, "    behind its time: %s, at most %s\n", s.Behind.Round(time.Microsecond), s.BehindMost.Round(time.Microsecond))
	if s.RoutesLate != "" {
		fmt.Fprintf(w, "    routes older than the kernel's: %s\n", s.RoutesLate)
	}
	for _, p := range s.Ports {
		fmt.Fprintf(w, "    port %d: %s, host: %s", p.Port, p.Wire, p.Host)
		if p.Ended {
			fmt.Fprint(w, ", nothing comes in any more (card log says why)")
		}
		fmt.Fprintln(w)
		printGroup(w, stats, fmt.Sprintf("port %d", p.Port))
	}
	for _, a := range s.Attached {
		fmt.Fprintf(w, "    %s\n", attachmentLine(a))
	}
	for _, p := range s.Stopped {
		fmt.Fprintf(w, "    stopped: %s\n", p.Why)
	}
	fmt.Fprint(w, "    frames:")
	printGroup(w, stats, "fate")
}

// printGroup prints the counters of a group that are not zero, in one line.
func printGroup(w io.Writer, stats []offload.Counter, group string) {
	var words []string
	for _, c := range stats {
		if c.Group == group && c.Value > 0 {
			words = append(words, fmt.Sprintf("%s %d", c.Name, c.Value))
		}
	}
	if len(words) == 0 {
		words = []string{"none"}
	}
	fmt.Fprintf(w, "        %s\n", strings.Join(words, ", "))
}

func newCardStopCmd(*app) *cobra.Command {
	return &cobra.Command{
		Use:               "stop NAME",
		Short:             "End a running card when the frames that are on it have left; its programs and maps are gone then",
		Args:              exactArgs("NAME"),
		ValidArgsFunction: completeCard,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withCard(cmd, args[0], card.StopCard)
		},
	}
}

func newCardLogCmd(*app) *cobra.Command {
	return &cobra.Command{
		Use:               "log NAME",
		Short:             "Print the last lines of a running card's log",
		Args:              exactArgs("NAME"),
		ValidArgsFunction: completeCard,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withCard(cmd, args[0], func(_ context.Context, c *runningCard) error {
				lines, err := card.LogOf(c)
				for _, l := range lines {
					fmt.Fprintln(cmd.OutOrStdout(), l)
				}
				return err
			})
		},
	}
}

func newCardSaveCmd(*app) *cobra.Command {
	return &cobra.Command{
		Use:   "save NAME FILE",
		Short: "Write a checkpoint of a running card: the attached program and its maps",
		Long: `Write a checkpoint of a running card: the program that is attached and the
contents of its maps, at one moment between two packets. card run --restore begins
with it. The file is replaced in one step. What clients have open and is not attached
is theirs and not in it.`,
		Args:              exactArgs("NAME", "FILE"),
		ValidArgsFunction: completeCard,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withCard(cmd, args[0], func(ctx context.Context, c *runningCard) error {
				return outfile.Write(args[1], func(w io.Writer) error {
					buf := bufio.NewWriter(w)
					if err := card.Save(ctx, c, buf); err != nil {
						return err
					}
					return buf.Flush()
				})
			})
		},
	}
}
