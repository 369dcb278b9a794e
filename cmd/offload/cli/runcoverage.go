package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/coverage"
	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/internal/oracle/hosttables"
	"github.com/skipsw/skipsw/internal/packetrun"
	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/network"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// coverageFlags say where the coverage of a run goes.
type coverageFlags struct {
	file string

	counter *coverage.Counter
	options ebpf.Options
	path    string // of the object
	name    string // of the program
	// differs counts the packets that the interpreter answered otherwise than the
	// card, first is the first of them, in the capture that captures counts.
	differs, first, captures int
}

func (f *coverageFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.file, "coverage", "", "write which C lines, conditions and functions the packets reach to `FILE` in the format of lcov, or as JSON if its name ends in .json; - is standard output")
}

// prepare makes what counts for all captures.
func (f *coverageFlags) prepare(b *buildFlags, img *image.Image, path string, tables *network.Tables) error {
	if f.file == "" {
		return nil
	}
	if image.Is(b.data) {
		return usagef("--coverage: %s is an image, whose words have no conditions of C: give the object", inName(path))
	}
	obj, err := object.LoadBytes(inName(path), b.data, b.objectOptions)
	if err != nil {
		return err
	}
	prog, err := obj.Program(img.Programs[0].Name)
	if err != nil {
		return err
	}
	if len(prog.Lines) == 0 {
		return fmt.Errorf("%s: program %s has no C lines (BTF line information): compile it with clang -g", inName(path), prog.Name)
	}
	f.path, f.name = path, prog.Name
	f.options.Network = hosttables.Network(tables)
	f.counter, err = coverage.New(prog)
	return err
}

// each returns what counts the packets of a capture; its maps begin as those of the
// image do. nil without the flag.
func (f *coverageFlags) each(img *image.Image, filled bool, in sim.Input) (each, error) {
	if f.counter == nil {
		return nil, nil
	}
	vm, err := f.counter.VM(f.options)
	if err != nil {
		return nil, err
	}
	if filled {
		if err := fillLike(vm, img); err != nil {
			return nil, err
		}
	}
	f.captures++
	skb := ebpf.SkbFields{Mark: in.Skb.Mark, Priority: in.Skb.Priority, QueueMapping: in.Skb.QueueMapping}
	return func(o *packetrun.Outcome, _ *image.Line) error {
		r, err := vm.Run(ebpf.Input{Packet: o.In.Data, Now: o.Began, RxQueue: in.RxQueue, IngressIfindex: in.IngressIfindex, Skb: skb, Seed: uint64(o.Number)})
		if err != nil {
			return fmt.Errorf("--coverage: packet %d in the interpreter: %w", o.Number, err)
		}
		if o.Result.Fault == nil && o.Result.Verdict != uint32(r.R0) {
			if f.differs++; f.first == 0 {
				f.first = o.Number
			}
		}
		return nil
	}, nil
}

// fillLike gives maps of an interpreter the entries that --map-init has given to those
// of an image.
func fillLike(vm *ebpf.VM, img *image.Image) error {
	for k := range img.Maps {
		m := &img.Maps[k]
		to := vm.Map(m.Name)
		if to == nil || maplayout.OfHost(m.Name) || len(m.Initial) == 0 {
			continue
		}
		switch typ, _ := bpf.MapTypeByName(m.Type); typ {
		case bpf.MapTypeArrayOfMaps, bpf.MapTypeHashOfMaps: // no file describes them
			continue
		case bpf.MapTypeProgArray:
			if len(m.Initial) > len(to.Spec().Programs) {
				return unsupported.New("--coverage with --map-init of map "+m.Name, "programs are known by their object: --slot fills a program array")
			}
			continue
		case bpf.MapTypeQueue, bpf.MapTypeStack, bpf.MapTypeBloomFilter:
			return unsupported.New("--coverage with --map-init of map "+m.Name, "maps without keys begin empty in the interpreter, which counts")
		}
		for _, e := range m.Initial {
			if err := to.Update(e.Key, e.Value); err != nil {
				return fmt.Errorf("--coverage: %w", err)
			}
		}
	}
	return nil
}

// totals returns the sums, nil without the flag.
func (f *coverageFlags) totals() *coverage.Totals {
	if f.counter == nil {
		return nil
	}
	t := f.counter.Report().Totals()
	return &t
}

// finish writes the file, prints the sums to w, and to says what they do not tell.
func (f *coverageFlags) finish(s *streams, w, says io.Writer) error {
	if f.counter == nil {
		return nil
	}
	r := f.counter.Report()
	t := r.Totals()
	if f.differs > 0 {
		fmt.Fprintf(says, "note: the interpreter, which counts the coverage, gave %d packets another verdict than the card (first: packet %d), as chance and time have it\n", f.differs, f.first)
	}
	fmt.Fprintf(w, "coverage      lines %d of %d  branches %d of %d  functions %d of %d\n",
		t.LinesReached, t.Lines, t.BranchesReached, t.Branches, t.FunctionsReached, t.Functions)
	never, oneWay := r.Missed()
	if never != "" {
		fmt.Fprintf(w, "  never reached  %s\n", never)
	}
	if oneWay != "" {
		fmt.Fprintf(w, "  one way only   %s\n", oneWay)
	}
	return s.write(f.file, "coverage", func(w io.Writer) error {
		if strings.HasSuffix(f.file, ".json") {
			e := json.NewEncoder(w)
			e.SetEscapeHTML(false)
			e.SetIndent("", "  ")
			return e.Encode(coverageFile{Program: f.name, Totals: t, Files: r.Files})
		}
		return r.WriteLCOV(w, f.name, f.source)
	})
}

// coverageFile is the JSON form of a run's coverage.
type coverageFile struct {
	Program string          `json:"program"`
	Totals  coverage.Totals `json:"totals"`
	Files   []coverage.File `json:"files"`
}

// source returns where the source of a file is: as BTF has it, or, if that is a
// relative path of which there is no file here, beside the object.
func (f *coverageFlags) source(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	for _, at := range []string{name, filepath.Join(filepath.Dir(f.path), name), filepath.Join(filepath.Dir(f.path), filepath.Base(name))} {
		if _, err := os.Stat(at); err == nil {
			if abs, err := filepath.Abs(at); err == nil {
				return abs
			}
		}
	}
	return name
}
