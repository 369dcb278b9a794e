package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/offload/kernel"
)

func newDevCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "List devices, set what they need, make simulated ones",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newDevListCmd(), newDevAddCmd(), newDevDelCmd(), newDevSetCmd())
	return cmd
}

// listedDevice is one interface in the output of dev list.
type listedDevice struct {
	Dev         string `json:"dev"`
	Ifindex     int    `json:"ifindex"`
	Driver      string `json:"driver,omitempty"`
	Bus         string `json:"bus,omitempty"`
	Kind        string `json:"kind,omitempty"`
	State       string `json:"state"` // "up" or "down"
	Carrier     bool   `json:"carrier"`
	Speed       int    `json:"speed_mbit,omitempty"`
	MTU         uint32 `json:"mtu"`
	HWTCOffload string `json:"hw_tc_offload"`
	Offload     bool   `json:"offload"`
}

func newDevListCmd() *cobra.Command {
	var dev deviceFlags
	var asJSON, sim bool
	cmd := &cobra.Command{
		Use:   "list [netdevsim]",
		Short: "List interfaces and whether they can offload",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 || len(args) == 1 && args[0] != "netdevsim" {
				return usagef("%s takes nothing or netdevsim", cmd.CommandPath())
			}
			sim = len(args) == 1
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			all := []listedDevice{}
			err := dev.each(func(_ context.Context, d *kernel.Device) error {
				i, err := d.Interface()
				if err != nil {
					return err
				}
				if sim && i.Driver != "netdevsim" {
					return nil
				}
				l := listedDevice{
					Dev: i.Name, Ifindex: i.Ifindex, Driver: i.Driver, Bus: i.Bus, Kind: i.Kind, State: "down",
					Carrier: i.Carrier, Speed: i.Speed, MTU: i.MTU, HWTCOffload: i.TCOffload.String(), Offload: i.CanOffload,
				}
				if i.Up {
					l.State = "up"
				}
				all = append(all, l)
				return nil
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

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func newDevAddCmd() *cobra.Command {
	var id, ports int
	cmd := &cobra.Command{
		Use:   "add netdevsim",
		Short: "Make a simulated device of the kernel's netdevsim driver",
		Args:  onlyNetdevsim,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := kernel.AddSimDevice(id, ports)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "netdevsim%d: %s\n", d.ID, strings.Join(d.Ports, " "))
			return nil
		},
	}
	cmd.Flags().IntVar(&id, "id", -1, "the device's number; the lowest free one if not given")
	cmd.Flags().IntVar(&ports, "ports", 1, "number of ports")
	return cmd
}

func onlyNetdevsim(cmd *cobra.Command, args []string) error {
	if len(args) != 1 || args[0] != "netdevsim" {
		return usagef("%s: devices that can be made are: netdevsim", cmd.CommandPath())
	}
	return nil
}

func newDevDelCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "del netdevsim ID",
		Short: "Remove a netdevsim device and everything attached to it",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 || args[0] != "netdevsim" {
				return usagef("%s needs netdevsim ID", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			id, err := strconv.Atoi(strings.TrimPrefix(args[1], "netdevsim"))
			if err != nil || id < 0 {
				return usagef("%q is not the number of a netdevsim device", args[1])
			}
			return kernel.DelSimDevice(id)
		},
	}
}

func newDevSetCmd() *cobra.Command {
	var dev deviceFlags
	cmd := &cobra.Command{
		Use:   "set DEV {up | down | mtu N | hw-tc-offload on|off | clsact on|off}...",
		Short: "Set what a device needs before programs can be attached",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usagef("%s needs DEV and what to set", cmd.CommandPath())
			}
			return nil
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, part string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return completeDevice(cmd, args, part)
			}
			return []string{"up", "down", "mtu", "hw-tc-offload", "clsact", "on", "off"}, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			settings, err := parseSettings(args[1:])
			if err != nil {
				return err
			}
			return dev.with(args[0], func(_ context.Context, d *kernel.Device) error {
				for _, set := range settings {
					if err := set(d); err != nil {
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

// parseSettings reads the words after DEV, all of them before any is done.
func parseSettings(words []string) ([]func(*kernel.Device) error, error) {
	var all []func(*kernel.Device) error
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		switch word {
		case "up", "down":
			all = append(all, func(d *kernel.Device) error { return d.SetUp(word == "up") })
			continue
		case "mtu", "hw-tc-offload", "clsact":
		default:
			return nil, usagef("unknown setting %q; settings are up, down, mtu N, hw-tc-offload on|off, clsact on|off", word)
		}
		if len(words) == 0 {
			return nil, usagef("%s needs a value", word)
		}
		value := words[0]
		words = words[1:]
		if word == "mtu" {
			n, err := strconv.ParseUint(value, 10, 32)
			if err != nil {
				return nil, usagef("mtu: %q is not a number of bytes", value)
			}
			all = append(all, func(d *kernel.Device) error { return d.SetMTU(uint32(n)) })
			continue
		}
		if value != "on" && value != "off" {
			return nil, usagef("%s is on or off, not %q", word, value)
		}
		on := value == "on"
		all = append(all, func(d *kernel.Device) error {
			switch {
			case word == "hw-tc-offload":
				return d.SetTCOffload(on)
			case on:
				return d.AddClsact()
			}
			return d.RemoveClsact()
		})
	}
	return all, nil
}
