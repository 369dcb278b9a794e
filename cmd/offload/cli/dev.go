package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/offload"
)

func newDevCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "List devices, set what they need, make simulated ones",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newDevListCmd(a), newDevAddCmd(a), newDevDelCmd(a), newDevSetCmd(a))
	return cmd
}

// listedDevice is one interface in the output of dev list.
type listedDevice struct {
	Dev         string `json:"dev"`
	Ifindex     int    `json:"ifindex"`
	Driver      string `json:"driver,omitempty"`
	Bus         string `json:"bus,omitempty"`
	Kind        string `json:"kind,omitempty"`
	State       string `json:"state"` // "up", "down" or "unknown"
	Carrier     bool   `json:"carrier"`
	Speed       int    `json:"speed_mbit,omitempty"`
	MTU         uint32 `json:"mtu"`
	HWTCOffload string `json:"hw_tc_offload"`
	Offload     bool   `json:"offload"`
}

func newDevListCmd(a *app) *cobra.Command {
	dev := deviceFlags{app: a}
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list [KIND]",
		Short: "List devices and whether they can offload; with KIND only those made as `dev add KIND`",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("%s takes nothing or a kind of device", cmd.CommandPath())
			}
			if len(args) == 1 {
				if _, err := a.devices.Maker(args[0]); err != nil {
					return usagef("%s: %w", cmd.CommandPath(), err)
				}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			all := []listedDevice{}
			err := dev.each(func(ctx context.Context, d offload.Device) error {
				desc, ok := d.(offload.Describer)
				if !ok {
					if len(args) == 0 {
						all = append(all, listedDevice{Dev: d.Name(), State: "unknown", HWTCOffload: "unknown", Offload: true})
					}
					return nil
				}
				i, err := desc.Describe(ctx)
				if err == nil && (len(args) == 0 || i.Driver == args[0]) {
					all = append(all, listed(i))
				}
				return err
			})
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), all)
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
			fmt.Fprintln(w, "DEV\tIFINDEX\tDRIVER\tBUS\tSTATE\tMTU\tHW-TC-OFFLOAD\tOFFLOAD")
			for _, l := range all {
				can := "no"
				if l.Offload {
					can = "yes"
				}
				fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%d\t%s\t%s\n", l.Dev, l.Ifindex, orDash(l.Driver), orDash(l.Bus), l.State, l.MTU, l.HWTCOffload, can)
			}
			return w.Flush()
		},
	}
	dev.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

// listed returns the row of a device.
func listed(i *offload.Description) listedDevice {
	l := listedDevice{
		Dev: i.Name, Ifindex: i.Ifindex, Driver: i.Driver, Bus: i.Bus, Kind: i.Kind, State: "down",
		Carrier: i.Carrier, Speed: i.Speed, MTU: i.MTU, HWTCOffload: i.TCOffload.String(), Offload: i.CanOffload,
	}
	if i.Up {
		l.State = "up"
	}
	return l
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// makerArg returns what makes devices of the kind that the first argument
// names.
func makerArg(a *app, cmd *cobra.Command, args []string, want int, names string) (*offload.Maker, error) {
	if len(args) == 0 {
		return nil, usagef("%s needs %s; %w", cmd.CommandPath(), names, noMaker(a))
	}
	m, err := a.devices.Maker(args[0])
	if err != nil {
		return nil, usagef("%s: %w", cmd.CommandPath(), err)
	}
	if len(args) != want {
		return nil, usagef("%s needs %s", cmd.CommandPath(), names)
	}
	return m, nil
}

// noMaker returns the error that lists what can be made.
func noMaker(a *app) error {
	_, err := a.devices.Maker("")
	return err
}

func newDevAddCmd(a *app) *cobra.Command {
	var id, ports int
	var maker *offload.Maker
	cmd := &cobra.Command{
		Use:   "add KIND",
		Short: "Make a device: netdevsim is a simulated one of the kernel, without a data path",
		Args: func(cmd *cobra.Command, args []string) (err error) {
			maker, err = makerArg(a, cmd, args, 1, "KIND")
			return err
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := maker.Make(context.Background(), id, ports)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", d.Name, strings.Join(d.Ports, " "))
			return nil
		},
	}
	cmd.Flags().IntVar(&id, "id", -1, "the device's number; the lowest free one if not given")
	cmd.Flags().IntVar(&ports, "ports", 1, "number of ports")
	return cmd
}

func newDevDelCmd(a *app) *cobra.Command {
	var maker *offload.Maker
	return &cobra.Command{
		Use:   "del {KIND ID | KINDID}",
		Short: "Remove a device that can be made, and everything attached to it",
		Args: func(cmd *cobra.Command, args []string) (err error) {
			maker, err = makerArg(a, cmd, splitKind(args), 2, "KIND ID")
			return err
		},
		RunE: func(_ *cobra.Command, args []string) error {
			args = splitKind(args)
			id, err := strconv.Atoi(strings.TrimPrefix(args[1], args[0]))
			if err != nil || id < 0 {
				return usagef("%q is not the number of a %s device", args[1], args[0])
			}
			return maker.Remove(context.Background(), id)
		},
	}
}

// splitKind splits the name of a device, netdevsim0, to its kind and number.
func splitKind(args []string) []string {
	if len(args) != 1 {
		return args
	}
	kind := strings.TrimRight(args[0], "0123456789")
	if kind == "" || kind == args[0] {
		return args
	}
	return []string{kind, args[0]}
}

func newDevSetCmd(a *app) *cobra.Command {
	dev := deviceFlags{app: a}
	cmd := &cobra.Command{
		Use:   "set DEV {up | down | mtu N | hw-tc-offload on|off | clsact on|off}...",
		Short: "Set what a device needs before programs can be attached",
		Long: `Set what a device needs before programs can be attached. The settings above
are those of network interfaces; other devices have their own.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usagef("%s needs DEV and what to set", cmd.CommandPath())
			}
			return nil
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, part string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return a.completeDevice(cmd, args, part)
			}
			var words []string
			_ = dev.with(args[0], func(_ context.Context, d offload.Device) error {
				setter, err := offload.AsSetter(d)
				if err != nil {
					return err
				}
				for _, s := range setter.Settings() {
					words = append(append(words, s.Name), s.Values...)
				}
				return nil
			})
			return words, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			return dev.with(args[0], func(ctx context.Context, d offload.Device) error {
				setter, err := offload.AsSetter(d)
				if err != nil {
					return err
				}
				all, err := parseSettings(setter.Settings(), args[1:])
				if err != nil {
					return err
				}
				for _, s := range all {
					if err := setter.Set(ctx, s.name, s.value); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	dev.add(cmd)
	return cmd
}

// set is one setting with its value.
type set struct{ name, value string }

// parseSettings reads the words after DEV, all of them before any is done.
func parseSettings(known []offload.Setting, words []string) ([]set, error) {
	var all []set
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		k := slices.IndexFunc(known, func(s offload.Setting) bool { return s.Name == word })
		if k < 0 {
			return nil, usagef("unknown setting %q; settings are %s", word, settingForms(known))
		}
		values := known[k].Values
		if len(values) == 0 {
			all = append(all, set{name: word})
			continue
		}
		if len(words) == 0 {
			return nil, usagef("%s needs a value", word)
		}
		value := words[0]
		words = words[1:]
		if err := checkValue(word, values, value); err != nil {
			return nil, err
		}
		all = append(all, set{word, value})
	}
	return all, nil
}

func checkValue(name string, values []string, value string) error {
	if slices.Equal(values, []string{"N"}) {
		if _, err := strconv.ParseUint(value, 10, 32); err != nil {
			return usagef("%s: %q is not a number", name, value)
		}
		return nil
	}
	if !slices.Contains(values, value) {
		return usagef("%s is %s, not %q", name, strings.Join(values, " or "), value)
	}
	return nil
}

// settingForms lists settings as they are typed.
func settingForms(known []offload.Setting) string {
	forms := make([]string, len(known))
	for i, s := range known {
		forms[i] = strings.TrimSpace(s.Name + " " + strings.Join(s.Values, "|"))
	}
	return strings.Join(forms, ", ")
}
