package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/build"
)

type compiledProgram struct {
	Name    string `json:"name"`
	Section string `json:"section"`
	Type    string `json:"type"`
	Insns   int    `json:"insns"`
	Words   int    `json:"words"`
	Error   string `json:"error,omitempty"`
	outcome string // of a program that has no words
}

type compileReport struct {
	Object   string            `json:"object"`
	Target   string            `json:"target"`
	Programs []compiledProgram `json:"programs"`
}

func newCompileCmd() *cobra.Command {
	var o build.Options
	var out string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "compile [flags] OBJ",
		Short: "Compile the programs of an eBPF object to NFP code",
		Args:  exactArgs("OBJ"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return compile(cmd, args[0], o, out, asJSON)
		},
	}
	addBuildFlags(cmd, &o)
	cmd.Flags().StringVarP(&out, "output", "o", "", "write the image of the program to `OUT`")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	return cmd
}

// addBuildFlags adds the flags that choose a program and a target.
func addBuildFlags(cmd *cobra.Command, o *build.Options) {
	cmd.Flags().StringVar(&o.Program, "prog", "", "`NAME` of the program")
	cmd.Flags().StringVar(&o.Type, "type", "", "program type, `xdp|tc`, where the section's name says none")
	cmd.Flags().StringVar(&o.Target, "target", "skipsw", "target: skipsw, agilio or the path of a target `file`")
}

func compile(cmd *cobra.Command, path string, o build.Options, out string, asJSON bool) error {
	results, err := build.Compile(path, o)
	if err != nil {
		return err
	}
	if out != "" && len(results) != 1 {
		return usagef("%s has %d programs and -o takes one: choose it with --prog", path, len(results))
	}
	report := compileReport{Object: path, Target: o.Target, Programs: []compiledProgram{}}
	var failed error
	for _, r := range results {
		p := compiledProgram{
			Name: r.Program.Name, Section: r.Program.Section,
			Type: r.Program.Type.String(), Insns: len(r.Program.Insns),
		}
		if r.Err != nil {
			p.Error, p.outcome = r.Err.Error(), "refused"
			// A fault of the compiler is told before those of the input.
			internal := isBug(r.Err)
			if internal {
				p.outcome = "internal error"
			}
			if failed == nil || internal && !isBug(failed) {
				failed = r.Err
			}
		} else {
			p.Words = len(r.Image.Words)
		}
		report.Programs = append(report.Programs, p)
	}
	if failed == nil && out != "" {
		if err := build.WriteFile(out, results[0].Image); err != nil {
			return err
		}
	}
	if err := printReport(cmd, report, asJSON); err != nil {
		return err
	}
	return failed
}

func printReport(cmd *cobra.Command, report compileReport, asJSON bool) error {
	if asJSON {
		return printJSON(cmd, report)
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "PROGRAM\tSECTION\tTYPE\tINSNS\tWORDS\tWORDS/INSN")
	for _, p := range report.Programs {
		if p.Error != "" {
			fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t\n", p.Name, p.Section, p.Type, p.Insns, p.outcome)
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%.2f\n", p.Name, p.Section, p.Type, p.Insns, p.Words,
			float64(p.Words)/float64(p.Insns))
	}
	return w.Flush()
}

func printJSON(cmd *cobra.Command, v any) error {
	e := json.NewEncoder(cmd.OutOrStdout())
	e.SetIndent("", "  ")
	return e.Encode(v)
}
