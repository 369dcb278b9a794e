package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/infile"
	"github.com/skipsw/skipsw/internal/packetrun"
	"github.com/skipsw/skipsw/nfpisa/image"
)

// expectFlags compare a run with what is expected of it.
type expectFlags struct {
	file, junit, record string

	comparison *packetrun.Comparison
	recorder   packetrun.Recorder
}

func (f *expectFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.file, "expect", "", "compare verdicts, output packets and map entries with those in the JSON `FILE`, which --record writes; what it does not mention may be anything")
	cmd.Flags().StringVar(&f.junit, "junit", "", "write what --expect found as JUnit XML to `FILE`; - is standard output")
	cmd.Flags().StringVar(&f.record, "record", "", "write verdicts, output packets and map entries of this run to the JSON `FILE`, for --expect; - is standard output")
}

// maps reports whether the contents of maps are asked for.
func (f *expectFlags) maps() bool { return f.file != "" || f.record != "" }

func (f *expectFlags) check() error {
	switch {
	case f.junit != "" && f.file == "":
		return usagef("--junit is for --expect")
	case f.record != "" && f.file != "":
		return usagef("--record writes what --expect reads: one of them")
	}
	return nil
}

// read reads the expectation.
func (f *expectFlags) read(s *streams) error {
	if f.file == "" {
		return nil
	}
	data, err := s.read(f.file, "an expectation", infile.Expectation)
	if err != nil {
		return err
	}
	want, err := packetrun.ReadExpectation(data)
	if err != nil {
		return fmt.Errorf("%s: %w", inName(f.file), err)
	}
	f.comparison = packetrun.NewComparison(want)
	return nil
}

// each returns what looks at packets.
func (f *expectFlags) each() each {
	switch {
	case f.comparison != nil:
		return func(o *packetrun.Outcome, _ *image.Line) error {
			f.comparison.Each(o)
			return nil
		}
	case f.record != "":
		return func(o *packetrun.Outcome, _ *image.Line) error {
			f.recorder.Each(o)
			return nil
		}
	}
	return nil
}

// mostDifferences is how many are printed.
const mostDifferences = 20

// finish writes the files and prints the differences. It is an error if there are
// some.
func (f *expectFlags) finish(a *app, w io.Writer, name string, sum *packetrun.Summary) error {
	if f.record != "" && !sum.Partial {
		e := f.recorder.Expectation(sum)
		if err := a.streams.write(f.record, "an expectation", func(w io.Writer) error { return writeJSON(w, e) }); err != nil {
			return err
		}
	}
	if f.comparison == nil {
		return nil
	}
	cases := f.comparison.Cases(sum)
	if f.junit != "" {
		write := func(w io.Writer) error { return packetrun.WriteJUnit(w, name, cases) }
		if err := a.streams.write(f.junit, "JUnit XML", write); err != nil {
			return err
		}
	}
	failed, printed := 0, 0
	for _, c := range cases {
		if len(c.Differences) == 0 {
			continue
		}
		failed++
		for _, d := range c.Differences {
			if printed++; printed <= mostDifferences {
				fmt.Fprintf(w, "%s: %s\n", c.Name, d)
			}
		}
	}
	if printed > mostDifferences {
		fmt.Fprintf(w, "and %d more differences\n", printed-mostDifferences)
	}
	if failed > 0 {
		return fmt.Errorf("%s: %d of %d expectations are not met", name, failed, len(cases))
	}
	return nil
}
