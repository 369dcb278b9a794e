package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/infile"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/object"
)

// guardVerb is the hidden verb that undoes a killed transaction.
const guardVerb = "guard-transaction"

// deviceFlags are the flags of every verb that names a device.
type deviceFlags struct {
	app    *app
	netns  string
	device string // for verbs that name it by a flag
}

func (f *deviceFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.netns, "netns", "n", "", "network namespace of the device, a name or a path")
}

// with opens the device for do; "" is what stands for the maps and programs of
// all devices.
func (f *deviceFlags) with(name string, do func(ctx context.Context, d offload.Device) error) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	var d offload.Device
	var err error
	if name == "" {
		d, err = f.app.devices.Host(ctx, offload.OpenOptions{Netns: f.netns})
	} else {
		d, err = f.app.open(ctx, name, f.netns)
	}
	if err != nil {
		return err
	}
	defer d.Close()
	return do(ctx, d)
}

// each calls do for every device; one that goes away meanwhile is left out.
func (f *deviceFlags) each(do func(ctx context.Context, d offload.Device) error) error {
	ctx := context.Background()
	devs, err := f.app.devices.List(ctx, offload.OpenOptions{Netns: f.netns})
	if err != nil {
		return err
	}
	for _, d := range devs {
		if err == nil {
			err = do(ctx, d)
		}
		d.Close()
	}
	return err
}

// newGuardCmd returns the hidden verb of the second process. PREFIX is the
// scheme of the device whose transaction it guards.
func newGuardCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:    guardVerb + " [PREFIX]",
		Hidden: true,
		Args:   atMostOne("PREFIX"),
		RunE: func(cmd *cobra.Command, args []string) error {
			prefix := strings.Join(args, "")
			for _, s := range a.devices.Schemes() {
				if s.Prefix == prefix && s.Recover != nil {
					return s.Recover(cmd.InOrStdin(), cmd.OutOrStdout())
				}
			}
			return fmt.Errorf("devices %q have no journal", prefix)
		},
	}
}

// completeDevice completes the first argument with names of devices.
func (a *app) completeDevice(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault // an object file follows
	}
	netns, _ := cmd.Flags().GetString("netns")
	devs, err := a.devices.List(cmd.Context(), offload.OpenOptions{Netns: netns})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, d := range devs {
		names = append(names, d.Name())
		d.Close()
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeWords completes a flag with fixed words.
func completeWords(words ...string) func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return slices.Clone(words), cobra.ShellCompDirectiveNoFileComp
	}
}

// hookFlags select a program of an object and the place for it.
type hookFlags struct {
	app           *app
	xdp, tc       bool
	mode          string
	pref          uint16
	handle        uint32
	chain         uint32
	protocol      uint16
	egress        bool
	section, prog string
	pin           string
	pinned        string
	settings      settingFlags
	force, keep   bool
	fresh         bool
	dropMaps      []string
	dryRun        bool
}

func (f *hookFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	f.addPlace(cmd, best)
	fs.Uint32Var(&f.chain, "chain", 0, "tc: chain of the filter")
	fs.Uint16Var(&f.protocol, "protocol", 0, "tc: Ethernet type of the filter, 0 for all")
	fs.BoolVar(&f.egress, "egress", false, "tc: at egress instead of ingress")
	fs.StringVar(&f.section, "sec", "", "take the program of this section")
	fs.StringVar(&f.prog, "prog", "", "take the program of this name")
	fs.StringVar(&f.pin, "pin", "", "keep program and maps by name in this folder of the BPF file system; maps that are there and fit are used on")
	fs.BoolVar(&f.fresh, "fresh", false, "make all maps new; pins that are in the way are renamed to NAME-old")
	fs.Lookup("mode").Usage += "; best is the first of hw, drv and skb (tc: hw and skip_hw) that takes the program"
	fs.StringVar(&f.pinned, "pinned", "", "attach the program of this file in the BPF file system instead of an object")
	fs.BoolVar(&f.dryRun, "dry-run", false, "print the steps and change nothing")
	f.settings.add(cmd)
}

// best is the mode of those who leave it to the device.
const best = "best"

// addPlace adds the flags that name where; more are modes besides the usual ones.
func (f *hookFlags) addPlace(cmd *cobra.Command, more ...string) {
	fs := cmd.Flags()
	fs.BoolVar(&f.xdp, "xdp", false, "XDP")
	fs.BoolVar(&f.tc, "tc", false, "tc classifier")
	fs.StringVar(&f.mode, "mode", "", "where the program runs: hw (default), drv or skb for XDP; hw (default), skip_hw or either for tc")
	fs.Uint16Var(&f.pref, "pref", 0, "tc: preference of the filter")
	fs.Uint32Var(&f.handle, "handle", 0, "tc: handle of the filter")
	_ = cmd.RegisterFlagCompletionFunc("mode", completeWords(append([]string{"hw", "drv", "skb", "skip_hw", "either"}, more...)...))
}

// typ returns the program type that the flags name, if any.
func (f *hookFlags) typ() (object.Type, error) {
	switch {
	case f.xdp && f.tc:
		return 0, usagef("take one of --xdp and --tc")
	case f.xdp:
		return object.XDP, nil
	case f.tc:
		return object.TC, nil
	}
	return object.UnknownType, nil
}

// request reads the object file and makes the request.
func (f *hookFlags) request(d offload.Device, args []string) (*offload.Request, error) {
	typ, err := f.typ()
	if err != nil {
		return nil, err
	}
	r := &offload.Request{
		Hook: offload.Hook{
			Type: typ, Pref: f.pref, Handle: f.handle, Chain: f.chain, Egress: f.egress, Protocol: f.protocol,
		},
		Force: f.force, KeepDevice: f.keep, Pin: f.pin, Fresh: f.fresh, DropMaps: f.dropMaps, DryRun: f.dryRun,
	}
	if f.mode == best && f.dryRun {
		return nil, usagef("--dry-run tries nothing, so that it cannot find the best mode: name one with --mode")
	}
	if f.mode != "" && f.mode != best {
		m, err := offload.ParseMode(f.mode)
		if err != nil {
			return nil, usageError{err}
		}
		r.Hook.Mode = m
	}
	if f.pinned != "" {
		if len(args) > 1 {
			return nil, usagef("give either an object file or --pinned, not both")
		}
		if f.settings.any() {
			return nil, usagef("--set, --map-size, --slot, --btf and --no-printk are for objects; what --pinned names is loaded already")
		}
		if typ == object.UnknownType {
			return nil, usagef("with --pinned say --xdp or --tc")
		}
		if f.fresh || f.dropMaps != nil {
			return nil, usagef("--fresh and --drop-map are for objects; a pinned program has its maps")
		}
		pins, err := offload.AsPinOpener(d)
		if err != nil {
			return nil, err
		}
		l, err := pins.OpenPinnedProgram(f.pinned)
		if err != nil {
			return nil, err
		}
		r.Loaded = l
		return r, nil
	}
	if len(args) < 2 {
		return nil, usagef("which object file? `offload attach DEV OBJ`")
	}
	o := object.Options{Type: typ}
	if err := f.settings.options(&o); err != nil {
		return nil, err
	}
	b, err := f.app.streams.read(args[1], "an object", infile.Object)
	if err != nil {
		return nil, err
	}
	if image.Is(b) {
		return nil, noImages(d, inName(args[1]))
	}
	p, err := offload.ParseProgram(filepath.Base(inName(args[1])), b, f.section, f.prog, o)
	if err != nil {
		return nil, err
	}
	if err := f.settings.suits(p.Program); err != nil {
		return nil, err
	}
	noteUnprinted(f.settings.cmd.ErrOrStderr(), p.Name, p.Unprinted)
	r.Program = p
	return r, nil
}

// noImages is the refusal of a compiled program in the place of an object.
func noImages(d offload.Device, file string) error {
	why := "the kernel compiles eBPF itself, for its driver of the card, and takes no machine code; attach the object"
	if it, ok := d.(offload.ImageTaker); ok {
		why = "the object that it is made from is proven safe and compiled for " + it.Target().Name + " when it is attached; attach that"
	}
	return offload.NotSupported(fmt.Sprintf("attaching image %s to %s", file, d.Name()), why)
}

// writeJSON writes a value as indented JSON.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// printSteps prints a dry run.
func printSteps(w io.Writer, steps []string) {
	for i, s := range steps {
		fmt.Fprintf(w, "%d. %s\n", i+1, s)
	}
}
