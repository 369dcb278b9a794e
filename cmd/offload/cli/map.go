package cli

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/kernel"
)

func newMapCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "map",
		Short: "List, read and change maps",
		Long: `List, read and change maps. MAP is an id, a name that only one map has, or
the path of a pinned map. KEY and VALUE are numbers, or bytes as hex:0a000001
or 10.0.0.1.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newMapListCmd(), newMapDumpCmd(), newMapLookupCmd(), newMapUpdateCmd(), newMapDeleteCmd())
	return cmd
}

func newMapListCmd() *cobra.Command {
	var dev deviceFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:               "list [DEV]",
		Short:             "List maps: those of a device, or all",
		Args:              atMostOne("DEV"),
		ValidArgsFunction: completeDevice,
		RunE: func(cmd *cobra.Command, args []string) error {
			name := "lo"
			if len(args) == 1 {
				name = args[0]
			}
			return dev.with(name, func(ctx context.Context, d *kernel.Device) error {
				all, err := listMaps(ctx, d, len(args) == 0)
				if err != nil {
					return err
				}
				if asJSON {
					if all == nil {
						all = []offload.MapInfo{}
					}
					return writeJSON(cmd.OutOrStdout(), all)
				}
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
				fmt.Fprintln(w, "ID\tNAME\tTYPE\tKEY\tVALUE\tENTRIES\tFLAGS\tDEVICE")
				for _, m := range all {
					fmt.Fprintf(w, "%d\t%s\t%s\t%d\t%d\t%d\t%#x\t%s\n", m.ID, orDash(m.Name), offload.MapTypeName(m.Type), m.KeySize, m.ValueSize, m.MaxEntries, m.Flags, orDash(m.Device))
				}
				return w.Flush()
			})
		},
	}
	dev.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

func listMaps(ctx context.Context, d *kernel.Device, all bool) ([]offload.MapInfo, error) {
	if all {
		return d.AllMaps(ctx)
	}
	return d.Maps(ctx)
}

// openMap opens the map that MAP names.
func openMap(ctx context.Context, d *kernel.Device, name string) (offload.Map, error) {
	if strings.Contains(name, "/") {
		return d.OpenPinnedMap(name)
	}
	if id, err := strconv.ParseUint(name, 10, 32); err == nil {
		return d.OpenMap(ctx, uint32(id))
	}
	all, err := d.AllMaps(ctx)
	if err != nil {
		return nil, err
	}
	var ids []string
	var last uint32
	for _, m := range all {
		if m.Name == offload.KernelName(name) {
			ids = append(ids, strconv.Itoa(int(m.ID)))
			last = m.ID
		}
	}
	switch len(ids) {
	case 0:
		return nil, fmt.Errorf("no map is named %q; `offload map list` shows all", name)
	case 1:
		return d.OpenMap(ctx, last)
	}
	return nil, fmt.Errorf("several maps are named %q; take one of the ids %s", name, strings.Join(ids, ", "))
}

// withMap opens a map for a verb.
func withMap(name string, do func(ctx context.Context, d *kernel.Device, m offload.Map) error) error {
	var dev deviceFlags
	return dev.with("lo", func(ctx context.Context, d *kernel.Device) error {
		m, err := openMap(ctx, d, name)
		if err != nil {
			return err
		}
		defer m.Close()
		return do(ctx, d, m)
	})
}

// completeMap completes the first argument with map names.
func completeMap(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	d, err := kernel.Open("lo", kernel.Options{})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer d.Close()
	all, err := d.AllMaps(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var words []string
	for _, m := range all {
		words = append(words, fmt.Sprintf("%d\t%s", m.ID, m.Name))
		if m.Name != "" {
			words = append(words, m.Name)
		}
	}
	return words, cobra.ShellCompDirectiveDefault
}

// jsonEntry is an entry in JSON output.
type jsonEntry struct {
	Key       string `json:"key"`   // hexadecimal bytes
	Value     string `json:"value"` // hexadecimal bytes
	KeyText   string `json:"key_text"`
	ValueText string `json:"value_text"`
}

// printEntries prints entries with the types that the kernel knows.
func printEntries(w io.Writer, t offload.MapTypes, entries []offload.Entry, asJSON bool) error {
	if !asJSON {
		for _, e := range entries {
			fmt.Fprintf(w, "%s: %s\n", offload.Format(t.Key, e.Key), offload.Format(t.Value, e.Value))
		}
		return nil
	}
	all := make([]jsonEntry, len(entries))
	for i, e := range entries {
		all[i] = jsonEntry{
			Key: hex.EncodeToString(e.Key), Value: hex.EncodeToString(e.Value),
			KeyText: offload.Format(t.Key, e.Key), ValueText: offload.Format(t.Value, e.Value),
		}
	}
	return writeJSON(w, all)
}

func newMapDumpCmd() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:               "dump MAP",
		Short:             "Print all entries",
		Args:              exactArgs("MAP"),
		ValidArgsFunction: completeMap,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withMap(args[0], func(ctx context.Context, d *kernel.Device, m offload.Map) error {
				all, err := offload.Dump(m)
				if err != nil {
					return err
				}
				return printEntries(cmd.OutOrStdout(), d.MapTypes(ctx, m.Info().ID), all, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

func newMapLookupCmd() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:               "lookup MAP KEY",
		Short:             "Print one entry",
		Args:              exactArgs("MAP", "KEY"),
		ValidArgsFunction: completeMap,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withMap(args[0], func(ctx context.Context, d *kernel.Device, m offload.Map) error {
				key, err := offload.ParseBytes(args[1], int(m.Info().KeySize))
				if err != nil {
					return usagef("key: %w", err)
				}
				value, err := m.Lookup(key)
				if err != nil {
					return err
				}
				return printEntries(cmd.OutOrStdout(), d.MapTypes(ctx, m.Info().ID), []offload.Entry{{Key: key, Value: value}}, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

func newMapUpdateCmd() *cobra.Command {
	var noExist, exist bool
	cmd := &cobra.Command{
		Use:               "update MAP KEY VALUE",
		Short:             "Write one entry",
		Args:              exactArgs("MAP", "KEY", "VALUE"),
		ValidArgsFunction: completeMap,
		RunE: func(_ *cobra.Command, args []string) error {
			return withMap(args[0], func(_ context.Context, _ *kernel.Device, m offload.Map) error {
				key, err := offload.ParseBytes(args[1], int(m.Info().KeySize))
				if err != nil {
					return usagef("key: %w", err)
				}
				value, err := offload.ParseBytes(args[2], m.ValueBytes())
				if err != nil {
					return usagef("value: %w", err)
				}
				var flags uint64
				switch {
				case noExist && exist:
					return usagef("take one of --noexist and --exist")
				case noExist:
					flags = 1
				case exist:
					flags = 2
				}
				return m.Update(key, value, flags)
			})
		},
	}
	cmd.Flags().BoolVar(&noExist, "noexist", false, "only if the key is not there")
	cmd.Flags().BoolVar(&exist, "exist", false, "only if the key is there")
	return cmd
}

func newMapDeleteCmd() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "delete MAP {KEY | --all}",
		Short: "Delete one entry, or all",
		Args: func(cmd *cobra.Command, args []string) error {
			if all && len(args) == 1 || !all && len(args) == 2 {
				return nil
			}
			return usagef("%s needs MAP KEY, or MAP --all", cmd.CommandPath())
		},
		ValidArgsFunction: completeMap,
		RunE: func(_ *cobra.Command, args []string) error {
			return withMap(args[0], func(_ context.Context, _ *kernel.Device, m offload.Map) error {
				if all {
					return deleteAll(m)
				}
				key, err := offload.ParseBytes(args[1], int(m.Info().KeySize))
				if err != nil {
					return usagef("key: %w", err)
				}
				return m.Delete(key)
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "delete every entry")
	return cmd
}

func deleteAll(m offload.Map) error {
	entries, err := offload.Dump(m)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := m.Delete(e.Key); err != nil {
			return errors.Join(fmt.Errorf("key %s", hex.EncodeToString(e.Key)), err)
		}
	}
	return nil
}
