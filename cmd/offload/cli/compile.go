package cli

import (
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/explain"
	"github.com/skipsw/skipsw/internal/infile"
	"github.com/skipsw/skipsw/offload/check"
	"github.com/skipsw/skipsw/translate"
)

type compiledProgram struct {
	Name    string `json:"name"`
	Section string `json:"section"`
	Type    string `json:"type"`
	Insns   int    `json:"insns"`
	Words   int    `json:"words"`
	Error   string `json:"error,omitempty"`
	// Reasons are all reasons of a program that was refused.
	Reasons []check.Finding   `json:"reasons,omitempty"`
	Report  *translate.Report `json:"report,omitempty"`
	// Remarks say what passes could not do.
	Remarks []translate.Remark `json:"remarks,omitempty"`
	outcome string             // of a program that has no words
}

type compileReport struct {
	Object   string            `json:"object"`
	Target   string            `json:"target"`
	Programs []compiledProgram `json:"programs"`
}

type compileFlags struct {
	build  buildFlags
	out    string
	dump   []string
	asJSON bool
	report bool
	remark bool
	shard  string
}

func newCompileCmd(a *app) *cobra.Command {
	var f compileFlags
	cmd := &cobra.Command{
		Use:   "compile [flags] OBJ-or-FOLDER",
		Short: "Compile the programs of an eBPF object to NFP code",
		Long: `Compile the programs of an eBPF object to NFP code.

Of a folder all eBPF objects in it and below are compiled, one at a time, and it is
said how many programs are accepted and how many are refused for which reason; the
exit code is 0 only if none is refused. With --shard i/n only the objects i-1 modulo
n are compiled, in the order of their paths.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if f.build.passes == "help" {
				return nil
			}
			return exactArgs("OBJ-or-FOLDER")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.build.passes == "help" {
				return listPasses(cmd.OutOrStdout())
			}
			if info, err := os.Stat(args[0]); err == nil && info.IsDir() {
				return f.tree(cmd, args[0])
			}
			if cmd.Flags().Changed("shard") {
				return usagef("--shard is for a folder, and %s is none", inName(args[0]))
			}
			return compile(cmd, args[0], f)
		},
	}
	f.build.add(a, cmd)
	cmd.Flags().StringVarP(&f.out, "output", "o", "", "write the image of the program to `OUT`; - is standard output")
	cmd.Flags().StringSliceVar(&f.dump, "dump", nil, "print the program after these `PASS`es, each time that one changed it")
	cmd.Flags().BoolVar(&f.report, "report", false, "say where maps are, which routines were linked, what registers and passes took")
	cmd.Flags().BoolVar(&f.remark, "remarks", false, "say by C line what passes could not do, and why; offload explain says what they did, too")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "print the report as JSON")
	cmd.Flags().StringVar(&f.shard, "shard", "1/1", "of a folder: the part of its objects to compile, as `i/n`")
	_ = cmd.RegisterFlagCompletionFunc("dump", completePasses)
	return cmd
}

// dumping returns what prints the program after the passes that were named.
func (f *compileFlags) dumping(w io.Writer) (func(string, fmt.Stringer), error) {
	if len(f.dump) == 0 {
		return nil, nil
	}
	if f.asJSON {
		return nil, usagef("--dump prints text: leave out --json")
	}
	times := map[string]int{}
	for _, name := range f.dump {
		p, err := translate.FindPass(name)
		if err != nil {
			return nil, usagef("--dump: %w", err)
		}
		if p.Inside != "" {
			return nil, usagef("--dump: %s is a switch inside pass %s; dump that", p.Name, p.Inside)
		}
		times[name] = 0
	}
	return func(name string, form fmt.Stringer) {
		n, ok := times[name]
		if !ok {
			return
		}
		times[name] = n + 1
		fmt.Fprintf(w, "# after %s, %d\n%s\n", name, n+1, form)
	}, nil
}

func compile(cmd *cobra.Command, path string, f compileFlags) error {
	w := report(cmd, f.out)
	o, err := f.build.options()
	if err != nil {
		return err
	}
	if o.Dump, err = f.dumping(w); err != nil {
		return err
	}
	o.Remarks = f.remark
	data, err := f.build.app.streams.read(path, "an object", infile.Object)
	if err != nil {
		return err
	}
	path = inName(path)
	results, err := translate.ObjectBytes(path, data, o)
	if err != nil {
		return err
	}
	if f.out != "" && len(results) != 1 {
		return usagef("%s has %d programs and -o takes one: choose it with --prog", path, len(results))
	}
	for k := range results {
		if p := results[k].Program; f.build.typ != "" && p.Type.String() != f.build.typ {
			return f.build.otherType(p.Name, p.Type.String())
		}
	}
	all := compileReport{Object: path, Target: f.build.target, Programs: []compiledProgram{}}
	var failed error
	refused, reasons := 0, 0
	for k := range results {
		r := &results[k]
		p := compiledProgram{
			Name: r.Program.Name, Section: r.Program.Section,
			Type: r.Program.Type.String(), Insns: len(r.Program.Insns),
		}
		switch {
		case r.Err != nil:
			p.Error, p.outcome = r.Err.Error(), "refused"
			// A fault of the compiler is told before those of the input.
			internal := isBug(r.Err)
			if internal {
				p.outcome = "internal error"
			}
			if failed == nil || internal && !isBug(failed) {
				failed = r.Err
			}
			if !internal {
				if p.Reasons, err = check.Program(r.Program, check.Options{Target: o.Target}); err != nil {
					return err
				}
			}
			refused, reasons = refused+1, reasons+len(p.Reasons)
		default:
			noteSettings(cmd.ErrOrStderr(), r.Report.Program, r.Report.Settings)
			noteUnseen(cmd.ErrOrStderr(), r.Report.Program, r.Report.Unseen)
			noteFailing(cmd.ErrOrStderr(), r.Report.Program, r.Report.Failing)
			noteUnprinted(cmd.ErrOrStderr(), r.Report.Program, r.Report.Unprinted)
			p.Words = r.Report.Words
			if f.report {
				p.Report = &r.Report
			}
			if f.remark {
				p.Remarks = missed(r.Report.Remarks)
			}
			r.Report.Remarks, r.Report.Code = nil, nil
		}
		all.Programs = append(all.Programs, p)
	}
	if failed == nil && f.out != "" {
		if err := f.build.app.streams.write(f.out, "an image", results[0].Image.Write); err != nil {
			return err
		}
	}
	if err := printReport(w, all, f.asJSON); err != nil {
		return err
	}
	if reasons < 2 || isBug(failed) {
		return failed
	}
	if !f.asJSON {
		for _, p := range all.Programs {
			if p.Reasons != nil {
				printFindings(w, checkedProgram{Program: p.Name, Findings: p.Reasons})
			}
		}
	}
	return fmt.Errorf("%s: %d of %d programs refused, for %d reasons", path, refused, len(results), reasons)
}

func printReport(out io.Writer, report compileReport, asJSON bool) error {
	if asJSON {
		return writeJSON(out, report)
	}
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "PROGRAM\tSECTION\tTYPE\tINSNS\tWORDS\tWORDS/INSN")
	for _, p := range report.Programs {
		if p.Error != "" {
			fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t\n", p.Name, p.Section, p.Type, p.Insns, p.outcome)
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%.2f\n", p.Name, p.Section, p.Type, p.Insns, p.Words,
			float64(p.Words)/float64(p.Insns))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, p := range report.Programs {
		if len(p.Remarks) > 0 {
			fmt.Fprintf(out, "\n%s: what passes could not do\n", p.Name)
			if err := explain.Remarks(out, p.Remarks); err != nil {
				return err
			}
		}
		if p.Report != nil {
			if err := printDetail(out, p.Report); err != nil {
				return err
			}
		}
	}
	return nil
}

// missed returns the remarks about what could not be done.
func missed(all []translate.Remark) (out []translate.Remark) {
	for _, m := range all {
		if !m.Done {
			out = append(out, m)
		}
	}
	return out
}

// printDetail prints what became of one program.
func printDetail(out io.Writer, r *translate.Report) error {
	fmt.Fprintf(out, "\n%s: %d words, %d of them its own; stack %d bytes\n", r.Program, r.Words, r.Own, r.Stack)
	a := r.Alloc
	fmt.Fprintf(out, "registers: %d moves, %d constants made anew, %d values spilled and %d fetched in %d slots\n", a.Moves, a.Remats, a.Stores, a.Loads, a.Slots)
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	for _, p := range r.Linked {
		fmt.Fprintf(w, "program %s\t%d words\n", p.Name, p.Words)
	}
	for _, m := range r.Maps {
		fmt.Fprintf(w, "map %s\t%s\t%#x\t%d bytes\t%s\n", m.Name, m.Type, m.Base, m.Size, m.Why)
	}
	for _, l := range r.Routines {
		fmt.Fprintf(w, "routine %s\t%d words\n", l.Name, l.Words)
	}
	fmt.Fprintln(w, "PASS\tRUNS\tCHANGES\tTIME")
	for _, p := range r.Passes {
		fmt.Fprintf(w, "%s\t%d\t%d\t%s\n", p.Name, p.Runs, p.Changes, p.Time)
	}
	return w.Flush()
}

func printJSON(cmd *cobra.Command, v any) error { return writeJSON(cmd.OutOrStdout(), v) }
