package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/infile"
	"github.com/skipsw/skipsw/internal/mapfile"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
)

// loadBatch is how many entries are written at a time.
const loadBatch = 4096

func newMapLoadCmd(a *app) *cobra.Command {
	f := mapFlags{deviceFlags{app: a}}
	cmd := &cobra.Command{
		Use:   "load MAP FILE",
		Short: "Write the entries of a file",
		Long: `Write the entries of a file to a map: JSON as ` + "`offload map dump --json`" + ` and
` + "`bpftool map dump -j`" + ` write it, or with numbers, texts and structures by the map's
C types. A file with maps by name gives those of MAP. Entries that the map has and the
file has not stay. What is written before an error stays, too; the error names the entry.`,
		Example: `  offload map dump flows --json | offload map load flows - --dev sim:card0
  echo '[{"key": "10.0.0.1", "value": {"rate": 5}}]' | offload map load limits -`,
		Args:              exactArgs("MAP", "FILE"),
		ValidArgsFunction: f.complete,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.with(args[0], func(ctx context.Context, d offload.Device, m offload.Map) error {
				in, err := a.streams.open(args[1], "map contents", infile.Contents)
				if err != nil {
					return err
				}
				defer in.Close()
				l := loader{m: m, ctx: ctx}
				info := m.Info()
				if l.name = info.FullName; l.name == "" {
					l.name = info.Name
				}
				t := mapTypes(ctx, d, m)
				s := mapfile.Shape{KeySize: int(info.KeySize), ValueSize: int(info.ValueSize), Key: t.Key, Value: t.Value}
				if n := m.ValueBytes(); n != s.ValueSize {
					s.CPUs = n / bpf.CPUValueBytes(s.ValueSize)
				}
				err = mapfile.Read(in, l.name, func(string) (mapfile.Shape, error) { return s, nil }, l.put)
				if err == nil {
					err = l.flush()
				}
				if err != nil {
					return fmt.Errorf("%s: %w", inName(args[1]), err)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s: %d entries written\n", l.name, l.done)
				return nil
			})
		},
	}
	f.add(cmd)
	return cmd
}

// loader writes entries in batches.
type loader struct {
	ctx  context.Context
	m    offload.Map
	name string
	todo []offload.Entry
	done int
}

func (l *loader) put(_ string, e mapfile.Entry) error {
	if l.todo = append(l.todo, offload.Entry(e)); len(l.todo) < loadBatch {
		return nil
	}
	return l.flush()
}

func (l *loader) flush() error {
	if err := l.ctx.Err(); err != nil {
		return fmt.Errorf("after %d entries: %w", l.done, err)
	}
	n, err := offload.Fill(l.m, l.todo, 0)
	l.done, l.todo = l.done+n, l.todo[:0]
	if err != nil {
		return &mapfile.EntryError{Map: l.name, Entry: l.done + 1, Err: err}
	}
	return nil
}
