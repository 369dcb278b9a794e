package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/infile"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/object"
)

// buildFlags choose a program, a target and how it is compiled.
type buildFlags struct {
	app                          *app
	cmd                          *cobra.Command
	program, typ, target, passes string
	place                        string
	settings                     settingFlags
	// remarks, if set, has image fill in a report with remarks.
	remarks *translate.Report
	// data is what image has read, and objectOptions how.
	data          []byte
	objectOptions object.Options
}

// add adds the flags.
func (f *buildFlags) add(a *app, cmd *cobra.Command) {
	f.app, f.cmd = a, cmd
	cmd.Flags().StringVar(&f.program, "prog", "", "`NAME` of the program")
	cmd.Flags().StringVar(&f.typ, "type", "", "program type, `xdp|tc`, where the section's name says none")
	cmd.Flags().StringVar(&f.target, "target", "skipsw", "target: "+strings.Join(a.targetNames(), ", ")+" or the path of a target `file`")
	cmd.Flags().StringVar(&f.passes, "passes", "", "`LIST` of compiler passes to leave out, with commas: -fold,-thread; none,fold leaves fold alone; offload compile --passes help lists them")
	cmd.Flags().StringVar(&f.place, "place", "first", "`WHERE` maps are: first is the target's first region of map memory, use the fastest one that has room for what the code does with them (offload compile --report says which and why)")
	f.settings.add(cmd)
}

// options returns the compiler's options.
func (f *buildFlags) options() (translate.FileOptions, error) {
	o := translate.FileOptions{Program: f.program}
	if f.typ != "" {
		t, err := object.ParseType(f.typ)
		if err != nil {
			return o, usageError{err}
		}
		o.Object.Type = t
	}
	t, err := f.app.target(f.target)
	if err != nil {
		return o, err
	}
	if err := f.settings.options(&o.Object); err != nil {
		return o, err
	}
	o.Target = t
	switch f.place {
	case "use":
		if !t.Direct() {
			return o, usagef("--place use: the firmware of target %s places maps", t.Name)
		}
		o.PlaceByUse = true
	case "first":
	default:
		return o, usagef("--place %s: it is first or use", f.place)
	}
	return o, f.switches(&o.Options)
}

// switches reads the list of passes.
func (f *buildFlags) switches(o *translate.Options) error {
	if f.passes == "" {
		return nil
	}
	o.Passes = map[string]bool{}
	for name := range strings.SplitSeq(f.passes, ",") {
		if name == "none" {
			for _, p := range translate.Passes() {
				if !p.Required {
					o.Passes[p.Name] = false
				}
			}
			continue
		}
		off := strings.HasPrefix(name, "-")
		p, err := translate.FindPass(strings.TrimPrefix(name, "-"))
		if err != nil {
			return usagef("--passes: %w", err)
		}
		if off && p.Required {
			return usagef("--passes: pass %s cannot be left out", p.Name)
		}
		o.Passes[p.Name] = !off
	}
	return nil
}

// image returns the image of one program.
func (f *buildFlags) image(path string) (*image.Image, error) {
	o, err := f.options()
	if err != nil {
		return nil, err
	}
	data, err := f.app.streams.read(path, "an object or image", infile.Object)
	if err != nil {
		return nil, err
	}
	f.data, f.objectOptions = data, o.Object
	if image.Is(data) {
		for _, flag := range []string{"target", "type", "passes", "place", "set", "map-size", "slot", "no-printk", "btf", "frags"} {
			if f.cmd.Flags().Changed(flag) {
				return nil, usagef("--%s is for compiling, and %s is an image: it was compiled for its own target", flag, inName(path))
			}
		}
	}
	r := &translate.Report{}
	if f.remarks != nil {
		r, o.Remarks = f.remarks, true
	}
	o.Report = r
	img, err := translate.FileBytes(inName(path), data, o)
	switch {
	case errors.Is(err, translate.ErrSeveral):
		return nil, fmt.Errorf("%w (with --prog)", err)
	case err != nil:
		return nil, err
	case f.typ != "" && len(img.Programs) > 0 && img.Programs[0].Type != f.typ:
		return nil, f.otherType(img.Programs[0].Name, img.Programs[0].Type)
	case f.settings.frags && img.Programs[0].Type != "tc":
		return nil, usagef("--frags is for tc programs; XDP program %s says so by its section, xdp.frags", img.Programs[0].Name)
	case f.settings.frags && !img.Programs[0].Fragments:
		return nil, usagef("--frags: target %s has no place for what a packet buffer has no room for", img.Target.Name)
	}
	noteSettings(f.cmd.ErrOrStderr(), r.Program, r.Settings)
	noteUnseen(f.cmd.ErrOrStderr(), r.Program, r.Unseen)
	noteFailing(f.cmd.ErrOrStderr(), r.Program, r.Failing)
	noteUnprinted(f.cmd.ErrOrStderr(), r.Program, r.Unprinted)
	return img, nil
}

// noteSettings says which settings decide branches by what the object has for
// them: as a rule its loader sets them.
func noteSettings(w io.Writer, program string, settings []string) {
	if len(settings) > 0 {
		fmt.Fprintf(w, "note: program %s: settings left at the object's value decide branches: %s; --set NAME=VALUE gives them another\n", program, strings.Join(settings, ", "))
	}
}

// noteUnseen says which fields of the context are stored to in vain.
func noteUnseen(w io.Writer, program string, fields []string) {
	if len(fields) > 0 {
		fmt.Fprintf(w, "note: program %s: nobody on a card reads what it stores to the context: %s\n", program, strings.Join(fields, ", "))
	}
}

// noteFailing says which calls of helpers fail whenever they are made.
func noteFailing(w io.Writer, program string, calls []string) {
	for _, call := range calls {
		fmt.Fprintf(w, "note: program %s: %s\n", program, call)
	}
}

// otherType is the error for --type with a program whose section names another.
func (f *buildFlags) otherType(program, typ string) error {
	return usagef("--type %s: the section of program %s says that it is %s", f.typ, program, typ)
}

// completePasses completes names of passes.
func completePasses(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, p := range translate.Passes() {
		names = append(names, p.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// listPasses prints the pass table.
func listPasses(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "PASS\tCAN BE LEFT OUT\tWHAT IT DOES")
	for _, p := range translate.Passes() {
		can, doc := "yes", p.Doc
		if p.Required {
			can = "no"
		}
		if p.Inside != "" {
			doc += " (in " + p.Inside + ")"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", p.Name, can, doc)
	}
	return t.Flush()
}
