//go:build linux

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/outfile"
	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/offload/card"
)

func newCardCaptureCmd(*app) *cobra.Command {
	var file string
	var port, count int
	cmd := &cobra.Command{
		Use:   "capture NAME",
		Short: "Write what enters and leaves the ports of a running card, with verdicts, as pcapng",
		Long: `Write what enters and leaves the ports of a running card as pcapng, until
interrupted. The interfaces are the ports' wires and hosts; a frame that comes in
has the verdict of the program as its comment. A frame that could not be written in
time is counted and left out: the card does not wait.`,
		Example: `  offload card capture card0 -w - | tcpdump -r -
  offload card capture card0 -w out.pcapng --port 0 --count 100`,
		Args:              exactArgs("NAME"),
		ValidArgsFunction: completeCard,
		RunE: func(cmd *cobra.Command, args []string) error {
			if file == "" {
				return usagef("%s needs a file to write: -w FILE, - for standard output", cmd.CommandPath())
			}
			if port < -1 || count < 0 {
				return usagef("--port and --count are numbers from 0")
			}
			return withCard(cmd, args[0], func(ctx context.Context, c *runningCard) error {
				return captureCard(ctx, cmd, c, file, port, count)
			})
		},
	}
	cmd.Flags().StringVarP(&file, "write", "w", "", "write to `FILE`, - is standard output")
	cmd.Flags().IntVar(&port, "port", -1, "port `N` only; -1 for all")
	cmd.Flags().IntVar(&count, "count", 0, "end after `N` frames; 0 for no end")
	return cmd
}

// errEnough ends a capture.
var errEnough = errors.New("enough frames")

// captureCard writes a capture. A file is in its place when the capture ends.
func captureCard(ctx context.Context, cmd *cobra.Command, c *runningCard, file string, port, count int) error {
	if file == "-" {
		return captureTo(ctx, cmd, raw(cmd.OutOrStdout()), c, port, count)
	}
	return outfile.Write(file, func(w io.Writer) error { return captureTo(ctx, cmd, w, c, port, count) })
}

func captureTo(ctx context.Context, cmd *cobra.Command, w io.Writer, c *runningCard, port, count int) error {
	var out *pcap.NGWriter
	n, lost := 0, uint64(0)
	begin := func(s card.Status) (err error) {
		var names []string
		for _, p := range s.Ports {
			names = append(names, fmt.Sprintf("port %d (%s)", p.Port, p.Wire), fmt.Sprintf("host %d (%s)", p.Port, p.Host))
		}
		out, err = pcap.NewNGWriter(w, names)
		return err
	}
	err := card.Capture(ctx, c, port, begin, func(s card.Seen) error {
		i := 2 * s.Port
		if s.Host {
			i++
		}
		n++
		lost += s.Lost
		err := out.Write(pcap.NGPacket{
			Packet:  pcap.Packet{Data: s.Data, Time: s.Time, Interface: i},
			Inbound: s.Dir == card.In, Outbound: s.Dir == card.Out, Comment: s.Verdict,
		})
		if err == nil && n == count {
			err = errEnough
		}
		return err
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	if lost > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "note: %d frames came faster than they could be written and are left out\n", lost)
	}
	return err
}
