package cli

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/offload"
)

func newEventsCmd(a *app) *cobra.Command {
	dev := deviceFlags{app: a}
	var mapName string
	var asJSON bool
	var count int
	cmd := &cobra.Command{
		Use:   "events DEV",
		Short: "Print what attached programs send to ring buffers and perf event arrays",
		Long: `Print what attached programs send to a ring buffer or a perf event array, until interrupted.
With several such maps, name one with --map.`,
		Args:              exactArgs("DEV"),
		ValidArgsFunction: a.completeDevice,
		RunE: func(cmd *cobra.Command, args []string) error {
			return dev.with(args[0], func(ctx context.Context, d offload.Device) error {
				reader, err := offload.AsEventReader(d)
				if err != nil {
					return err
				}
				id, err := eventMap(ctx, d, mapName)
				if err != nil {
					return err
				}
				ev, err := reader.Events(ctx, id)
				if err != nil {
					return err
				}
				stop := context.AfterFunc(ctx, func() { _ = ev.Close() })
				defer stop()
				defer ev.Close()
				return printEvents(cmd.OutOrStdout(), ev, count, asJSON)
			})
		},
	}
	dev.add(cmd)
	cmd.Flags().StringVar(&mapName, "map", "", "name or id of the map")
	cmd.Flags().BoolVar(&asJSON, "json", false, "write one JSON object a line")
	cmd.Flags().IntVar(&count, "count", 0, "stop after this many records; 0 is never")
	return cmd
}

// eventMap finds the map that attached programs send records to.
func eventMap(ctx context.Context, d offload.Device, name string) (uint32, error) {
	all, err := d.Attached(ctx)
	if err != nil {
		return 0, err
	}
	found := map[uint32]string{}
	var last uint32
	for _, a := range all {
		for _, m := range a.Maps {
			if m.Type.Queues() && (name == "" || m.FullName == name || m.FullName == "" && m.Name == offload.KernelName(name) || m.Name == name || fmt.Sprint(m.ID) == name) {
				found[m.ID], last = m.Name, m.ID
			}
		}
	}
	switch {
	case len(found) == 1:
		return last, nil
	case len(found) > 1:
		var names []string
		for id, n := range found {
			names = append(names, fmt.Sprintf("%s (%d)", n, id))
		}
		return 0, fmt.Errorf("the programs on %s have several maps with events: %s; name one with --map", d.Name(), strings.Join(names, ", "))
	case len(all) == 0:
		return 0, fmt.Errorf("nothing is attached to %s", d.Name())
	case name != "":
		return 0, fmt.Errorf("no program on %s has a ring buffer or perf event array %q", d.Name(), name)
	}
	return 0, fmt.Errorf("no program on %s has a map with events (a ring buffer or a perf event array)", d.Name())
}

func printEvents(w io.Writer, ev offload.Events, count int, asJSON bool) error {
	for n := 0; count == 0 || n < count; n++ {
		e, err := ev.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		at := time.Now().Format("15:04:05.000000")
		switch {
		case asJSON:
			_, err = fmt.Fprintf(w, "{\"time\":%q,\"cpu\":%d,\"lost\":%d,\"data\":%q}\n", at, e.CPU, e.Lost, hex.EncodeToString(e.Data))
		case e.Lost > 0:
			_, err = fmt.Fprintf(w, "%s cpu %d lost %d records\n", at, e.CPU, e.Lost)
		default:
			_, err = fmt.Fprintf(w, "%s cpu %d %d bytes\n%s", at, e.CPU, len(e.Data), hex.Dump(e.Data))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
