package cli

import (
	"bytes"
	"cmp"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/infile"
	"github.com/skipsw/skipsw/offload/check"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/verify"
)

// treeReport is what became of the objects of a folder.
type treeReport struct {
	Folder  string       `json:"folder"`
	Target  string       `json:"target"`
	Shard   int          `json:"shard"`
	Shards  int          `json:"shards"`
	Objects []treeObject `json:"objects"`
	// Programs are those of the objects that could be read: Accepted and Refused of
	// them. Unreadable counts objects.
	Programs   int          `json:"programs"`
	Accepted   int          `json:"accepted"`
	Refused    int          `json:"refused"`
	Unreadable int          `json:"unreadable"`
	Reasons    []treeReason `json:"reasons"`
	// Interrupted says that not all objects were compiled.
	Interrupted bool `json:"interrupted,omitempty"`
}

// treeObject is one object of a folder.
type treeObject struct {
	Object   string        `json:"object"` // path in the folder
	Error    string        `json:"error,omitempty"`
	Accepted int           `json:"accepted"`
	Refused  []treeRefusal `json:"refused,omitempty"`
}

// treeRefusal is a program that was refused, with its first reason.
type treeRefusal struct {
	Program string `json:"program"`
	Error   string `json:"error"`
}

// treeReason is a reason of refusals, without names and numbers of one program.
type treeReason struct {
	Reason   string `json:"reason"`
	Programs int    `json:"programs"` // that have it, or objects that cannot be read
	Alone    int    `json:"alone"`    // of them, with no other reason
	Example  string `json:"example"`  // OBJECT or OBJECT:PROGRAM
}

// tree compiles the objects of a folder, one at a time.
func (f *compileFlags) tree(cmd *cobra.Command, folder string) error {
	for _, flag := range []string{"output", "dump", "report", "remarks", "prog", "set", "map-size", "slot"} {
		if cmd.Flags().Changed(flag) {
			return usagef("--%s is for one object, and %s is a folder", flag, folder)
		}
	}
	o, err := f.build.options()
	if err != nil {
		return err
	}
	s, err := parseShard(f.shard)
	if err != nil {
		return err
	}
	paths, err := objects(folder)
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		return fmt.Errorf("%s: holds no eBPF objects", folder)
	}
	var own []string
	for k, path := range paths {
		if s.has(k) {
			own = append(own, path)
		}
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt does not wait
	t := treeTally{
		report:  treeReport{Folder: folder, Target: f.build.target, Shard: s.i, Shards: s.n, Objects: []treeObject{}, Reasons: []treeReason{}},
		reasons: map[string]*treeReason{},
	}
	bar := newProgress(cmd.ErrOrStderr(), "objects", int64(len(own)), false)
	for _, path := range own {
		if ctx.Err() != nil {
			t.report.Interrupted = true
			break
		}
		if err := t.object(folder, path, o); err != nil {
			return err
		}
		bar.set(int64(len(t.report.Objects)))
	}
	bar.end()
	r := t.finish()
	if f.asJSON {
		err = writeJSON(cmd.OutOrStdout(), r)
	} else {
		err = printTree(cmd.OutOrStdout(), r)
	}
	switch {
	case err != nil:
		return err
	case t.bug != nil:
		return t.bug
	case r.Interrupted:
		return fmt.Errorf("%s: interrupted after %d of %d objects", folder, len(r.Objects), len(own))
	case r.Refused+r.Unreadable > 0:
		return fmt.Errorf("%s: %d of %d programs refused, %d of %d objects unreadable", folder, r.Refused, r.Programs, r.Unreadable, len(r.Objects))
	}
	return nil
}

// objects returns the eBPF objects of a folder and those in it, in the order of
// their paths. Links are not followed.
func objects(folder string) ([]string, error) {
	var found []string
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		is, err := isObject(path)
		if is {
			found = append(found, path)
		}
		return err
	})
	return found, err
}

// isObject reports whether a file begins as a relocatable eBPF object does.
func isObject(path string) (bool, error) {
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	head := make([]byte, elfMachine+2)
	if _, err := io.ReadFull(file, head); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return false, nil
		}
		return false, fmt.Errorf("%s: %w", path, err)
	}
	if !bytes.HasPrefix(head, []byte(elf.ELFMAG)) {
		return false, nil
	}
	machine := elf.Machine(head[elfMachine]) | elf.Machine(head[elfMachine+1])<<8
	if elf.Data(head[elf.EI_DATA]) == elf.ELFDATA2MSB {
		machine = machine>>8 | machine<<8
	}
	return machine == elf.EM_BPF || machine == elf.EM_NONE, nil
}

// elfMachine is where e_machine stands, in bytes.
const elfMachine = 18

// treeTally counts while objects are compiled.
type treeTally struct {
	report  treeReport
	reasons map[string]*treeReason
	bug     error // the first fault of the compiler
}

// object compiles one object. The error is about the machine, not the object.
func (t *treeTally) object(folder, path string, o translate.FileOptions) error {
	name, err := filepath.Rel(folder, path)
	if err != nil {
		return err
	}
	entry := treeObject{Object: name}
	data, err := infile.Read(path, "an object", infile.Object)
	var results []translate.Compiled
	if err == nil {
		results, err = translate.ObjectBytes(name, data, o)
	}
	if err != nil {
		entry.Error = err.Error()
		t.report.Unreadable++
		t.count(name, []string{strings.TrimPrefix(entry.Error, filepath.Base(name)+": ")})
	}
	for k := range results {
		r := &results[k]
		t.report.Programs++
		if r.Err == nil {
			entry.Accepted++
			continue
		}
		entry.Refused = append(entry.Refused, treeRefusal{Program: r.Program.Name, Error: r.Err.Error()})
		if isBug(r.Err) {
			if t.bug == nil {
				t.bug = fmt.Errorf("%s: %w", name, r.Err)
			}
			t.count(name+":"+r.Program.Name, []string{"internal error"})
			continue
		}
		said, err := check.Program(r.Program, check.Options{Target: o.Target})
		if err != nil {
			return err
		}
		why := []string{reason(r.Err)}
		for _, one := range said {
			why = append(why, one.Says)
		}
		if len(said) > 0 {
			why = why[1:]
		}
		t.count(name+":"+r.Program.Name, why)
	}
	t.report.Accepted += entry.Accepted
	t.report.Refused += len(entry.Refused)
	t.report.Objects = append(t.report.Objects, entry)
	return nil
}

// reason is why one program is refused, without the place.
func reason(err error) string {
	var u *translate.Unsupported
	var v *verify.Error
	switch {
	case errors.As(err, &u):
		return u.What + ": " + u.Why
	case errors.As(err, &v):
		return v.Reason
	}
	return err.Error()
}

// What tells the reasons of one program from those of another: names in quotes, a
// map's name before its type, numbers.
var (
	treeQuoted  = regexp.MustCompile(`"(\\.|[^"\\])*"`)
	treeMap     = regexp.MustCompile(`\bmap \S+ (\(|has |lacks |cannot )`)
	treeOption  = regexp.MustCompile(`(--[a-z-]+) [^\s=]+=`)
	treeNumbers = regexp.MustCompile(`\b(0x[0-9a-f]+|\d+)\b`)
)

// count counts a program's reasons, each once.
func (t *treeTally) count(who string, why []string) {
	for k, s := range why {
		s = treeMap.ReplaceAllString(treeQuoted.ReplaceAllString(s, `"..."`), "map NAME $1")
		why[k] = treeNumbers.ReplaceAllString(treeOption.ReplaceAllString(s, "$1 NAME="), "N")
	}
	slices.Sort(why)
	why = slices.Compact(why)
	for _, s := range why {
		r := t.reasons[s]
		if r == nil {
			r = &treeReason{Reason: s, Example: who}
			t.reasons[s] = r
		}
		r.Programs++
		if len(why) == 1 {
			r.Alone++
		}
	}
}

// finish returns the report, the commonest reasons first.
func (t *treeTally) finish() treeReport {
	for _, r := range t.reasons {
		t.report.Reasons = append(t.report.Reasons, *r)
	}
	slices.SortFunc(t.report.Reasons, func(a, b treeReason) int {
		return cmp.Or(cmp.Compare(b.Programs, a.Programs), cmp.Compare(a.Reason, b.Reason))
	})
	return t.report
}

func printTree(out io.Writer, r treeReport) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "OBJECT\tACCEPTED\tREFUSED")
	for _, o := range r.Objects {
		if o.Error != "" {
			fmt.Fprintf(w, "%s\tunreadable\t\n", o.Object)
			continue
		}
		fmt.Fprintf(w, "%s\t%d\t%d\n", o.Object, o.Accepted, len(o.Refused))
	}
	if len(r.Reasons) > 0 {
		fmt.Fprintln(w, "\nPROGRAMS\tALONE\tREASON")
	}
	for _, why := range r.Reasons {
		fmt.Fprintf(w, "%d\t%d\t%s (%s)\n", why.Programs, why.Alone, why.Reason, why.Example)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\n%d objects, %d of them unreadable; %d programs, %d accepted, %d refused\n", len(r.Objects), r.Unreadable, r.Programs, r.Accepted, r.Refused)
	return err
}
