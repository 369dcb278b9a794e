package cli

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/infile"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/check"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/object"
)

func newCheckCmd(a *app) *cobra.Command {
	dev := deviceFlags{app: a}
	var devName, section, prog, driver, typeName, targetName, mode, kernel string
	var asJSON, try bool
	var settings settingFlags
	cmd := &cobra.Command{
		Use:   "check OBJ",
		Short: "Say everything that a device would refuse in a program, with C lines",
		Long: `Say everything that would be refused if the programs of an object file were
offloaded, all at once, with C lines and what to change: the verifier's verdict,
the kernel's rules, and the rules of the nfp driver. With --dev the device is
asked what it takes, and the driver's rules are those of its driver. With --target
what the compiler would refuse for a target is said, and the kernel's and the
driver's rules are left out unless --dev or --driver asks for them; then the
firmware that the driver finds is the target's.

The nfp driver looks on while the kernel's verifier walks the program, and its
compiler has room for so many words. Both are followed, with the verifiers of Linux
6.1 and 6.18: what one refuses and the other takes depends on the kernel, is said
so, and is no failure; --kernel chooses one of them.

All of this is reasoned: the kernel at hand may know less. With --try the
programs are loaded for --dev as well, with the smallest maps and nothing
attached, and freed again.`,
		Args: exactArgs("OBJ"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o := check.Options{}
			if cmd.Flags().Changed("mode") && !try {
				return usagef("--mode is where --try loads programs")
			}
			switch driver {
			case "nfp":
				o.NFP = true
			case "none":
			default:
				return usagef("--driver is nfp or none, not %q", driver)
			}
			if devName != "" {
				err := dev.with(devName, func(ctx context.Context, d offload.Device) error {
					c, err := d.Capabilities(ctx)
					o.Device = c
					if it, ok := d.(offload.ImageTaker); ok {
						o.Images, o.Target = true, it.Target()
					}
					if err == nil && !cmd.Flags().Changed("driver") {
						o.NFP = c.Driver == "nfp"
					}
					return err
				})
				if err != nil {
					return err
				}
			}
			if targetName != "" {
				t, err := a.target(targetName)
				if err != nil {
					return err
				}
				o.Target = t
				o.NFP = o.NFP && (devName != "" || cmd.Flags().Changed("driver"))
				if o.NFP && t.Maps.Kind == target.MapsFirmware {
					o.Firmware = &check.Firmware{Target: t, AdjustHeadMeta: true}
				}
			}
			if kernel != "" {
				k, err := check.ParseKernel(kernel)
				if err != nil {
					return usageError{err}
				}
				if !o.NFP {
					return usagef("--kernel is whose verifier the nfp driver looks on at, and the driver's rules are left out")
				}
				o.Kernel = &k
			}
			var read object.Options
			if typeName != "" {
				var err error
				if read.Type, err = object.ParseType(typeName); err != nil {
					return usageError{err}
				}
			}
			if err := settings.options(&read); err != nil {
				return err
			}
			if !try {
				return checkObject(cmd.OutOrStdout(), &a.streams, args[0], section, prog, read, o, nil, asJSON)
			}
			if devName == "" {
				return usagef("--try loads programs for a device: name it with --dev")
			}
			t := trial{best: mode == best}
			if !t.best {
				var err error
				if t.mode, err = offload.ParseMode(mode); err != nil {
					return usageError{err}
				}
			}
			return dev.with(devName, func(ctx context.Context, d offload.Device) error {
				t.ctx, t.dev = ctx, d
				return checkObject(cmd.OutOrStdout(), &a.streams, args[0], section, prog, read, o, &t, asJSON)
			})
		},
	}
	dev.add(cmd)
	settings.add(cmd)
	cmd.Flags().StringVar(&devName, "dev", "", "ask this device what it takes")
	cmd.Flags().BoolVar(&try, "try", false, "load the programs for --dev, for trial")
	cmd.Flags().StringVar(&mode, "mode", "hw", "where --try loads them: hw, drv, skb, skip_hw, either, or best: the first of hw and the host's that takes the program")
	cmd.Flags().StringVar(&driver, "driver", "nfp", "driver whose rules apply without --dev: nfp or none")
	cmd.Flags().StringVar(&kernel, "kernel", "", "only with the verifier of Linux `VERSION`: 6.1 or 6.18")
	cmd.Flags().StringVar(&targetName, "target", "", "say what the compiler refuses for this target: "+strings.Join(a.targetNames(), ", ")+" or the path of a target `file`")
	cmd.Flags().StringVar(&section, "sec", "", "only programs of this section")
	cmd.Flags().StringVar(&prog, "prog", "", "only the program of this name")
	cmd.Flags().StringVar(&typeName, "type", "", "type of programs whose section names none: xdp or tc")
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	_ = cmd.RegisterFlagCompletionFunc("dev", func(cmd *cobra.Command, _ []string, part string) ([]string, cobra.ShellCompDirective) {
		return a.completeDevice(cmd, nil, part)
	})
	_ = cmd.RegisterFlagCompletionFunc("driver", completeWords("nfp", "none"))
	return cmd
}

// checkedProgram is one program in JSON output.
type checkedProgram struct {
	Program  string          `json:"program"`
	Section  string          `json:"section"`
	Type     string          `json:"type"`
	Findings []check.Finding `json:"findings"`
	// Outcome is what the findings come to: "ok", "refused", "depends on the
	// kernel" or "may be refused".
	Outcome check.Outcome `json:"outcome"`
	// Driver is the size of what the driver's compiler makes of it, if it gets
	// that far.
	Driver *check.Size `json:"driver,omitempty"`
	// Words and Room are what the program takes of the target's control store,
	// and how much that has; 0 where it was not compiled.
	Words int `json:"words,omitempty"`
	Room  int `json:"room,omitempty"`
	// Tried is where the program was loaded for trial, "" if nowhere.
	Tried string `json:"tried,omitempty"`
	// Passed are modes that were tried before, with what stood against them.
	Passed []string `json:"passed,omitempty"`
	// Failing are helper calls that are taken and always fail, with their places.
	Failing []string `json:"failing,omitempty"`
	// Unprinted is the number of prints that --no-printk left out.
	Unprinted int `json:"unprinted,omitempty"`
}

// trial is where programs are loaded for trial.
type trial struct {
	ctx  context.Context
	dev  offload.Device
	mode offload.Mode
	best bool // the first mode that takes the program
}

// run loads a program and adds what the device says to it.
func (t *trial) run(c *checkedProgram, p *object.Program) {
	if t == nil || p.Refused != nil {
		return
	}
	mode, passed, err := t.mode, []offload.Passed(nil), error(nil)
	if t.best {
		mode, passed, err = offload.TrialBest(t.ctx, t.dev, &offload.Program{Program: p})
	} else {
		err = offload.Trial(t.ctx, t.dev, &offload.Program{Program: p}, mode)
	}
	c.Tried = fmt.Sprintf("%s, mode %s", t.dev.Name(), mode)
	if err != nil && t.best {
		c.Tried = t.dev.Name() + ", mode best"
	}
	for _, p := range passed {
		c.Passed = append(c.Passed, fmt.Sprintf("mode %s: %v", p.Mode, p.Why))
	}
	if err == nil && t.best && mode != offload.Hardware {
		// What was reasoned is about the card, and the program runs elsewhere.
		for _, f := range c.Findings {
			c.Passed = append(c.Passed, fmt.Sprintf("mode %s: %s", offload.Hardware, f))
		}
		c.Findings = []check.Finding{}
	}
	if err != nil {
		c.Findings = append(c.Findings, check.Finding{By: "tried on " + c.Tried, Slot: -1, Says: err.Error()})
	}
}

// checkObject checks the chosen programs. Findings are an error: the object
// cannot be offloaded as it is.
func checkObject(w io.Writer, s *streams, path, section, prog string, read object.Options, o check.Options, try *trial, asJSON bool) error {
	data, err := s.read(path, "an object", infile.Object)
	if err != nil {
		return err
	}
	obj, err := object.LoadBytes(filepath.Base(inName(path)), data, read)
	if err != nil {
		return err
	}
	if err := (&settingFlags{frags: read.Fragments}).suits(obj.Programs...); err != nil {
		return err
	}
	all := []checkedProgram{}
	bad := 0
	for _, p := range obj.Programs {
		if section != "" && p.Section != section || prog != "" && p.Name != prog {
			continue
		}
		var r translate.Report
		var size check.Size
		var failing []translate.Failing
		o.Report, o.Size, o.Failing = &r, &size, &failing
		found, err := check.Program(p, o)
		if err != nil {
			return err
		}
		c := checkedProgram{Program: p.Name, Section: p.Section, Type: p.Type.String(), Findings: append([]check.Finding{}, found...), Unprinted: p.Unprinted}
		if o.Target != nil && r.Words > 0 {
			c.Words, c.Room = r.Words, o.Target.Core.CodeWords
		}
		if size.Most > 0 {
			c.Driver = &size
		}
		for _, f := range failing {
			c.Failing = append(c.Failing, f.String())
		}
		try.run(&c, p)
		if c.Outcome = check.OutcomeOf(c.Findings); c.Outcome == check.Refused {
			bad++
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return fmt.Errorf("%s: has no such program", obj.Name)
	}
	if asJSON {
		if err := writeJSON(w, all); err != nil {
			return err
		}
	} else {
		for _, c := range all {
			printFindings(w, c)
		}
	}
	if bad > 0 {
		return fmt.Errorf("%s: %d of %d programs would be refused", obj.Name, bad, len(all))
	}
	return nil
}

func printFindings(w io.Writer, c checkedProgram) {
	if len(c.Findings) == 0 {
		fmt.Fprintf(w, "%s: ", c.Program)
		paint(w, green, "ok")
		if c.Unprinted > 0 {
			fmt.Fprintf(w, ", prints left out: %d", c.Unprinted)
		}
		if c.Words > 0 {
			fmt.Fprintf(w, ", %d of %d words", c.Words, c.Room)
		}
		if c.Tried != "" {
			fmt.Fprintf(w, ", loaded for trial on %s", c.Tried)
		}
		fmt.Fprintln(w)
		for _, why := range c.Passed {
			fmt.Fprintf(w, "%s: not in %s\n", c.Program, why)
		}
	}
	noteFailing(w, c.Program, c.Failing)
	for _, f := range c.Findings {
		hue := red
		if c.Outcome == check.Depends || c.Outcome == check.Unsure {
			hue = yellow
		}
		if c.Outcome == check.Depends && f.Kernel != "" {
			paint(w, hue, "%s: %s:", c.Program, c.Outcome)
		} else {
			paint(w, hue, "%s:", c.Program)
		}
		fmt.Fprintf(w, " %s\n", f)
		if f.Line != nil && f.Line.Text != "" {
			fmt.Fprintf(w, "    %s\n", strings.TrimSpace(f.Line.Text))
		}
	}
}
