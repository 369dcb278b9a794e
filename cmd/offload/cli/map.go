package cli

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/offload"
)

func newMapCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "map",
		Short: "List, read and change maps",
		Long: `List, read and change maps. MAP is an id, a name that only one map has, or
the path of a pinned map. KEY and VALUE are numbers, addresses, names and lists
as the map's C types have them (-1, 10.0.0.1, 2001:db8::1, BLOCK, {.rate = 5}), or
bytes as hex:0a000001 or 1,0,0,0. Names are looked up among the maps of the host and of all its
devices, or on the device that --dev names.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newMapListCmd(a), newMapDumpCmd(a), newMapLookupCmd(a), newMapNextCmd(a), newMapUpdateCmd(a), newMapLoadCmd(a), newMapDeleteCmd(a))
	return cmd
}

func newMapListCmd(a *app) *cobra.Command {
	dev := deviceFlags{app: a}
	var asJSON bool
	cmd := &cobra.Command{
		Use:               "list [DEV]",
		Short:             "List maps: those of a device, or all",
		Args:              atMostOne("DEV"),
		ValidArgsFunction: a.completeDevice,
		RunE: func(cmd *cobra.Command, args []string) error {
			name, scope := "", offload.Everywhere
			if len(args) == 1 {
				name, scope = args[0], offload.OnDevice
			}
			return dev.with(name, func(ctx context.Context, d offload.Device) error {
				store, err := offload.AsMapStore(d)
				if err != nil {
					return err
				}
				all, err := store.Maps(ctx, scope)
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
					fmt.Fprintf(w, "%d\t%s\t%s\t%d\t%d\t%d\t%#x\t%s\n", m.ID, orDash(m.Name), m.Type, m.KeySize, m.ValueSize, m.MaxEntries, m.Flags, orDash(m.Device))
				}
				return w.Flush()
			})
		},
	}
	dev.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

// mapFlags are the flags of verbs that name a map.
type mapFlags struct{ deviceFlags }

func (f *mapFlags) add(cmd *cobra.Command) {
	f.deviceFlags.add(cmd)
	cmd.Flags().StringVar(&f.device, "dev", "", "the device that has the map; without it the maps of the host and of all its devices")
}

// with opens a map for a verb.
func (f *mapFlags) with(name string, do func(ctx context.Context, d offload.Device, m offload.Map) error) error {
	return f.deviceFlags.with(f.device, func(ctx context.Context, d offload.Device) error {
		m, err := openMap(ctx, d, name)
		if err != nil {
			return err
		}
		defer m.Close()
		return do(ctx, d, m)
	})
}

// complete completes the first argument with map names.
func (f *mapFlags) complete(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var words []string
	err := f.deviceFlags.with(f.device, func(ctx context.Context, d offload.Device) error {
		store, err := offload.AsMapStore(d)
		if err != nil {
			return err
		}
		all, err := store.Maps(ctx, offload.Everywhere)
		for _, m := range all {
			words = append(words, fmt.Sprintf("%d\t%s", m.ID, m.Name))
			if m.Name != "" {
				words = append(words, m.Name)
			}
		}
		return err
	})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return words, cobra.ShellCompDirectiveDefault
}

// mapTypes returns the types of a map's entries as far as the device knows.
func mapTypes(ctx context.Context, d offload.Device, m offload.Map) offload.MapTypes {
	if t, ok := d.(offload.MapTyper); ok {
		return t.MapTypes(ctx, m.Info().ID)
	}
	return offload.MapTypes{}
}

// parseKey reads a key as the user wrote it.
func parseKey(ctx context.Context, d offload.Device, m offload.Map, text string) ([]byte, error) {
	key, err := offload.ParseValue(mapTypes(ctx, d, m).Key, text, int(m.Info().KeySize))
	if err != nil {
		return nil, usagef("key: %w", err)
	}
	return key, nil
}

// jsonEntry is an entry in JSON output.
type jsonEntry struct {
	Key       string `json:"key"`   // hexadecimal bytes
	Value     string `json:"value"` // hexadecimal bytes
	KeyText   string `json:"key_text"`
	ValueText string `json:"value_text"`
	// CPUs are the values of a per-CPU map that are not zero; Value has all.
	CPUs []cpuValue `json:"cpus,omitempty"`
}

// print prints entries.
func (p entryPrinter) print(w io.Writer, entries []offload.Entry, asJSON bool) error {
	if !asJSON {
		for _, e := range entries {
			fmt.Fprintf(w, "%s: %s\n", offload.Format(p.types.Key, e.Key), p.text(e.Value))
		}
		return nil
	}
	all := make([]jsonEntry, len(entries))
	for i, e := range entries {
		all[i] = jsonEntry{
			Key: hex.EncodeToString(e.Key), Value: hex.EncodeToString(e.Value),
			KeyText: offload.Format(p.types.Key, e.Key), ValueText: p.text(e.Value),
		}
		all[i].CPUs, _, _ = p.byCPU(e.Value)
	}
	return writeJSON(w, all)
}

func newMapDumpCmd(a *app) *cobra.Command {
	f := mapFlags{deviceFlags{app: a}}
	var asJSON bool
	cmd := &cobra.Command{
		Use:               "dump MAP",
		Short:             "Print all entries",
		Args:              exactArgs("MAP"),
		ValidArgsFunction: f.complete,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.with(args[0], func(ctx context.Context, d offload.Device, m offload.Map) error {
				all, err := offload.Dump(m)
				if err != nil {
					return err
				}
				return printerOf(m, mapTypes(ctx, d, m)).print(cmd.OutOrStdout(), all, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	f.add(cmd)
	return cmd
}

func newMapLookupCmd(a *app) *cobra.Command {
	f := mapFlags{deviceFlags{app: a}}
	var asJSON, locked bool
	cmd := &cobra.Command{
		Use:               "lookup MAP KEY",
		Short:             "Print one entry",
		Args:              exactArgs("MAP", "KEY"),
		ValidArgsFunction: f.complete,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.with(args[0], func(ctx context.Context, d offload.Device, m offload.Map) error {
				key, err := parseKey(ctx, d, m, args[1])
				if err != nil {
					return err
				}
				look := m.Lookup
				if locked {
					r, ok := m.(offload.LockedReader)
					if !ok {
						return offload.NotSupported("--lock", "maps of "+d.Name()+" are read without locks")
					}
					look = r.LookupLocked
				}
				value, err := look(key)
				if err != nil {
					return err
				}
				return printerOf(m, mapTypes(ctx, d, m)).print(cmd.OutOrStdout(), []offload.Entry{{Key: key, Value: value}}, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	cmd.Flags().BoolVar(&locked, "lock", false, "under the bpf_spin_lock of the value, as programs leave it")
	f.add(cmd)
	return cmd
}

func newMapDeleteCmd(a *app) *cobra.Command {
	f := mapFlags{deviceFlags{app: a}}
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
		ValidArgsFunction: f.complete,
		RunE: func(_ *cobra.Command, args []string) error {
			return f.with(args[0], func(ctx context.Context, d offload.Device, m offload.Map) error {
				if all {
					return deleteAll(m)
				}
				key, err := parseKey(ctx, d, m, args[1])
				if err != nil {
					return err
				}
				return m.Delete(key)
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "delete every entry")
	f.add(cmd)
	return cmd
}

func deleteAll(m offload.Map) error {
	entries, err := offload.Dump(m)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := m.Delete(e.Key); err != nil {
			return fmt.Errorf("key %s: %w", hex.EncodeToString(e.Key), err)
		}
	}
	return nil
}
