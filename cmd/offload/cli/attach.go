package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/offload"
)

func newAttachCmd(a *app) *cobra.Command {
	dev := deviceFlags{app: a}
	hook := hookFlags{app: a}
	cmd := &cobra.Command{
		Use:   "attach DEV [OBJ]",
		Short: "Load a program and attach it to a device",
		Long: `Load a program from an object file and attach it to a device, in one
transaction: what fails half-way is undone, also when the command is killed.

The object is eBPF. On a network interface the kernel compiles it, for the card its
driver's own JIT; this command's machine code runs on simulated cards. So an image
that ` + "`compile`" + ` made is refused.

With --mode best a program goes to the card if that takes it, else to the driver,
else to the network core (tc: to the card, else to the host); the modes before the
one that it got are named with what stood against them.

A tc program needs hw-tc-offload and a clsact; they are turned on and added
unless --keep-device is given.`,
		Example: `  offload attach eth0 prog.o
  offload attach eth0 prog.o --tc --pref 1 --handle 1
  offload attach eth0 prog.o --xdp --mode drv`,
		Args:              deviceAndObject,
		ValidArgsFunction: a.completeDevice,
		RunE: func(cmd *cobra.Command, args []string) error {
			return dev.with(args[0], func(ctx context.Context, d offload.Device) error {
				return transfer(ctx, cmd, d, &hook, args, offload.Attach, offload.AttachBest)
			})
		},
	}
	dev.add(cmd)
	hook.add(cmd)
	cmd.Flags().BoolVar(&hook.force, "force", false, "put the program in the place of one that is there")
	cmd.Flags().BoolVar(&hook.keep, "keep-device", false, "do not turn on hw-tc-offload and do not add a clsact")
	return cmd
}

// deviceAndObject checks the arguments of attach and replace.
func deviceAndObject(cmd *cobra.Command, args []string) error {
	if len(args) < 1 || len(args) > 2 {
		return usagef("%s needs DEV OBJ; `%s --help` shows the usage", cmd.CommandPath(), cmd.CommandPath())
	}
	return nil
}

// transfer runs Attach or Replace and prints the outcome.
func transfer(ctx context.Context, cmd *cobra.Command, d offload.Device, f *hookFlags, args []string,
	do, doBest func(context.Context, offload.Device, offload.Request) (*offload.Result, error),
) error {
	r, err := f.request(d, args)
	if err != nil {
		return err
	}
	if r.Loaded != nil {
		defer r.Loaded.Close()
	}
	if f.mode == best {
		do = doBest
	}
	res, err := do(ctx, d, *r)
	if err != nil {
		return err
	}
	w := cmd.OutOrStdout()
	if r.DryRun {
		printSteps(w, res.Steps)
		return nil
	}
	a := res.Attachment
	fmt.Fprintf(w, "%s: %s\n", d.Name(), attachmentLine(a))
	for _, p := range res.Passed {
		fmt.Fprintf(w, "not in mode %s: %v\n", p.Mode, p.Why)
	}
	if r.Loaded == nil {
		fmt.Fprintf(w, "compiled by %s\n", compiler(d, a))
	}
	if len(res.Reused) > 0 {
		fmt.Fprintf(w, "maps that kept their contents: %s\n", strings.Join(res.Reused, ", "))
	}
	if r.Loaded == nil && (len(res.Reused) > 0 || len(res.Dropped) > 0) {
		printMapChanges(w, res)
	}
	if t, ok := d.(offload.Transient); ok {
		fmt.Fprintf(cmd.ErrOrStderr(), "note: %s %s; what was attached ends with this command\n", d.Name(), t.Transient())
	}
	return nil
}

// compiler says who made the machine code that runs.
func compiler(d offload.Device, a offload.Attachment) string {
	if it, ok := d.(offload.ImageTaker); ok {
		return "this command, for target " + it.Target().Name
	}
	if a.Mode == offload.Hardware || a.InHW {
		return "the kernel's driver of the device"
	}
	return "the kernel"
}

// printMapChanges prints the maps that a replacement made and dropped.
func printMapChanges(w io.Writer, res *offload.Result) {
	if len(res.Made) > 0 {
		fmt.Fprintf(w, "maps that are new: %s\n", strings.Join(res.Made, ", "))
	}
	if len(res.Dropped) == 0 {
		return
	}
	names := make([]string, len(res.Dropped))
	for i, m := range res.Dropped {
		names[i] = fmt.Sprintf("%s(%d)", m.Name, m.ID)
	}
	fmt.Fprintf(w, "maps of the old program that the new one does not use: %s\n", strings.Join(names, ", "))
}

// attachmentLine is one attachment in one line, in the manner of ip and tc.
func attachmentLine(a offload.Attachment) string {
	var b strings.Builder
	b.WriteString(a.Hook.String())
	if a.Type.String() == "tc" {
		fmt.Fprintf(&b, " %s", a.Mode)
	}
	if a.ID != 0 {
		fmt.Fprintf(&b, " id %d", a.ID)
	}
	if a.Name != "" {
		fmt.Fprintf(&b, " name %s", a.Name)
	}
	if a.Tag != "" {
		fmt.Fprintf(&b, " tag %s", a.Tag)
	}
	switch {
	case a.InHW:
		b.WriteString(" in_hw")
	case a.NotInHW:
		b.WriteString(" not_in_hw")
	}
	if a.Device != "" {
		fmt.Fprintf(&b, " offloaded_to %s", a.Device)
	}
	if a.Link {
		b.WriteString(" link")
	}
	if a.Orphan {
		b.WriteString(" orphan")
	}
	if a.Runs > 0 {
		fmt.Fprintf(&b, " runs %d", a.Runs)
	}
	for i, m := range a.Maps {
		if i == 0 {
			b.WriteString(" maps")
		}
		fmt.Fprintf(&b, " %s(%d)", m.Name, m.ID)
	}
	if a.Kept != "" {
		fmt.Fprintf(&b, " program arrays kept in %s", a.Kept)
	}
	return b.String()
}
