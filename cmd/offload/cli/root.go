package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/translate/bug"
)

// The exit codes.
const (
	exitDone  = 0
	exitInput = 1 // the input is at fault
	exitUsage = 2 // wrong usage
	exitBug   = 3 // the compiler is at fault
)

// usageError is an error of the command line, not of the input.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// statusError is the exit status of a command that was run, which has said itself
// what was wrong.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// detailer is an error that has more to say with -v than its one line.
type detailer interface{ Detail() string }

// Main runs the command line of a configuration and returns the exit code.
// Results go to standard output; a failure is one line on standard error, and
// with -v its detail after it.
func Main(c Config) int {
	mainInGuest()
	if c.Args == nil {
		c.Args = os.Args[1:]
	}
	if c.Stdin == nil {
		c.Stdin = os.Stdin
	}
	if c.Stdout == nil {
		c.Stdout = os.Stdout
	}
	if c.Stderr == nil {
		c.Stderr = os.Stderr
	}
	defer watchMemory(c.Name, c.Stderr, os.Exit)()
	a, err := newApp(&c)
	if err != nil {
		fmt.Fprintf(c.Stderr, "%s: this program is put together wrongly: %v\n", c.Name, err)
		return exitInput
	}
	var verbose bool
	root := newRoot(a, &verbose)
	root.SetArgs(shield(root, c.Args))
	root.SetIn(c.Stdin)
	out := &checkedWriter{w: c.Stdout}
	a.streams = streams{in: c.Stdin, out: out}
	text, errs := &visible{w: out, colours: coloured(c.Stdout)}, &visible{w: c.Stderr, colours: coloured(c.Stderr)}
	root.SetOut(text)
	root.SetErr(errs)
	verb, err := execute(root)
	text.end()
	if err == nil && out.err != nil {
		err = fmt.Errorf("write the output: %w", out.err)
	}
	a.typed = verb.Flags().Lookup("type") != nil
	defer errs.end()
	return a.report(err, verbose, errs)
}

// execute runs the verb. A panic is an internal error.
func execute(root *cobra.Command) (verb *cobra.Command, err error) {
	verb = root
	defer bug.Catch("the command", &err)
	return root.ExecuteC()
}

// report says what went wrong, if anything did, and returns the exit code.
func (a *app) report(err error, verbose bool, stderr io.Writer) int {
	if err == nil {
		return exitDone
	}
	var status statusError
	if errors.As(err, &status) {
		return int(status)
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	if words := a.advice(err); words != "" {
		line += "; " + words
	}
	if isBug(err) && !verbose {
		line += "; -v prints the stack"
	}
	paint(stderr, red, "%s:", a.name)
	fmt.Fprintf(stderr, " %s\n", line)
	var d detailer
	if verbose && errors.As(err, &d) {
		fmt.Fprintln(stderr, strings.TrimRight(d.Detail(), "\n"))
	}
	var u usageError
	if errors.As(err, &u) {
		return exitUsage
	}
	if isBug(err) {
		return exitBug
	}
	return exitInput
}

// isBug reports whether an error is a fault of the compiler.
func isBug(err error) bool {
	var b *bug.Error
	return errors.As(err, &b)
}

// newRoot returns the command tree.
func newRoot(a *app, verbose *bool) *cobra.Command {
	root := newVerbs(a, verbose)
	a.complete(root)
	teach(root)
	return root
}

// newVerbs returns the command tree without the habits of other tools.
func newVerbs(a *app, verbose *bool) *cobra.Command {
	var showNotices bool
	root := &cobra.Command{
		Use:           a.name,
		Short:         "Compile, simulate and attach eBPF programs for NFP network cards",
		Version:       versions(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if showNotices {
				_, err := io.WriteString(cmd.OutOrStdout(), notices)
				return err
			}
			return cmd.Help()
		},
	}
	root.Flags().BoolVar(&showNotices, "notices", false, "print the licences of what is linked into the program")
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.PersistentFlags().BoolVarP(verbose, "verbose", "v", false, "print the detail of errors")
	root.Flags().Bool("version", false, "print the versions of the program, of images and of target files")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(newAttachCmd(a), newReplaceCmd(a), newDetachCmd(a), newShowCmd(a), newDevCmd(a), newMapCmd(a), newProgCmd(a), newCheckCmd(a), newFeaturesCmd(a), newStatsCmd(a), newEventsCmd(a), newProfileCmd(a), newGuardCmd(a))
	root.AddCommand(newCompileCmd(a), newExplainCmd(a), newDebugCmd(a), newDisasmCmd(a), newRunCmd(a), newBenchCmd(a), newDiffCmd(), newMergeCmd(a), newConformanceCmd(a))
	root.AddCommand(newAsmCmd(a), newCardCmd(a))
	root.SetHelpCommand(newHelpCmd(root))
	return root
}

// newHelpCmd is cobra's help verb, but for a topic that is not there, which is
// wrong usage.
func newHelpCmd(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Show the help of a command",
		RunE: func(_ *cobra.Command, args []string) error {
			verb, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return usagef("unknown command %q; `%s --help` lists the commands", strings.Join(args, " "), root.Name())
			}
			verb.InitDefaultHelpFlag()
			return verb.Help()
		},
	}
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if cmd.HasSubCommands() {
		return usagef("unknown command %q; `%s --help` lists the commands", strings.Join(append(strings.Fields(cmd.CommandPath())[1:], args[0]), " "), cmd.CommandPath())
	}
	return usagef("%s takes no arguments", cmd.CommandPath())
}

// exactArgs returns an argument check that names what is missing.
func exactArgs(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != len(names) {
			return usagef("%s needs %s; `%s --help` shows the usage", cmd.CommandPath(), strings.Join(names, " "), cmd.CommandPath())
		}
		return nil
	}
}
