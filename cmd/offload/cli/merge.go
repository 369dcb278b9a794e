package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/infile"
)

func newMergeCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "merge FILE...",
		Short: "Join the JSON results of all shards of a run",
		Long: `Join the JSON that bench --sweep, run, compile of a folder, and diff print with --json --shard i/n to what
one run without --shard would have printed. Each shard must be there once; an
interrupted one makes the whole partial.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("offload merge needs the FILEs of all shards")
			}
			var parts []part
			for _, name := range args {
				data, err := a.streams.read(name, "a result", infile.Result)
				if err != nil {
					return err
				}
				parts = append(parts, part{inName(name), data})
			}
			out, err := merge(parts)
			if err != nil {
				return err
			}
			return printJSON(cmd, out)
		},
	}
}

// part is the file of a shard.
type part struct {
	name string
	data []byte
}

// decode reads a file into a value whose fields are all that it has.
func (p part) decode(to any) error {
	dec := json.NewDecoder(bytes.NewReader(p.data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(to); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	return nil
}

// merge joins shards of one kind.
func merge(parts []part) (any, error) {
	kind := ""
	for _, p := range parts {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(p.data, &fields); err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		k := ""
		switch {
		case fields["points"] != nil:
			k = "bench --sweep"
		case fields["captures"] != nil:
			k = "run"
		case fields["objects"] != nil:
			k = "compile"
		case fields["programs"] != nil && fields["shards"] != nil:
			k = "diff"
		default:
			return nil, fmt.Errorf("%s: is no result of a shard: want the JSON of bench --sweep, run or compile with --shard, or diff", p.name)
		}
		if kind != "" && k != kind {
			return nil, fmt.Errorf("%s: is of %s, and %s of %s", p.name, k, parts[0].name, kind)
		}
		kind = k
	}
	switch kind {
	case "run":
		return mergeRuns(parts)
	case "diff":
		return mergeDiffs(parts)
	case "compile":
		return mergeTrees(parts)
	}
	return mergeBenches(parts)
}

// shards collects which shards there are.
type shards struct {
	n, total int
	have     map[int]string
}

// add notes a shard; total is of all shards.
func (s *shards) add(name string, i, n, total int) error {
	if s.have == nil {
		s.n, s.total, s.have = n, total, map[int]string{}
	}
	switch {
	case n < 1 || i < 1 || i > n:
		return fmt.Errorf("%s: is of shard %d of %d", name, i, n)
	case n != s.n || total != s.total:
		return fmt.Errorf("%s: is of a run of %d in %d shards, others of one of %d in %d", name, total, n, s.total, s.n)
	case s.have[i] != "":
		return fmt.Errorf("%s: shard %d is there already, in %s", name, i, s.have[i])
	}
	s.have[i] = name
	return nil
}

// complete is an error if a shard is missing.
func (s *shards) complete() error {
	for i := 1; i <= s.n; i++ {
		if s.have[i] == "" {
			return fmt.Errorf("shard %d/%d is missing", i, s.n)
		}
	}
	return nil
}

// places requires things in their order, each once; partial runs have gaps.
func places(index []int, total int, partial bool) error {
	last := -1
	for _, i := range index {
		if i <= last || i >= total {
			return errors.New("the shards are not of one run: some of their results stand in one place")
		}
		last = i
	}
	if !partial && len(index) != total {
		return fmt.Errorf("%d of %d results are there", len(index), total)
	}
	return nil
}

func mergeBenches(parts []part) (*benchReport, error) {
	out := &benchReport{Shard: 1, Shards: 1, Points: []benchResult{}}
	var all shards
	for _, p := range parts {
		var r benchReport
		if err := p.decode(&r); err != nil {
			return nil, err
		}
		if err := all.add(p.name, r.Shard, r.Shards, r.Total); err != nil {
			return nil, err
		}
		out.Total, out.Partial = r.Total, out.Partial || r.Partial
		out.Points = append(out.Points, r.Points...)
	}
	slices.SortStableFunc(out.Points, func(a, b benchResult) int { return cmp.Compare(a.Index, b.Index) })
	var index []int
	for _, p := range out.Points {
		index = append(index, p.Index)
	}
	return out, errors.Join(all.complete(), places(index, out.Total, out.Partial))
}

func mergeRuns(parts []part) (*runReport, error) {
	out := &runReport{Shard: 1, Shards: 1, Captures: []captureRun{}}
	var all shards
	for _, p := range parts {
		var r runReport
		if err := p.decode(&r); err != nil {
			return nil, err
		}
		if err := all.add(p.name, r.Shard, r.Shards, r.Total); err != nil {
			return nil, err
		}
		out.Total, out.Partial = r.Total, out.Partial || r.Partial
		out.Captures = append(out.Captures, r.Captures...)
	}
	slices.SortStableFunc(out.Captures, func(a, b captureRun) int { return cmp.Compare(a.Index, b.Index) })
	var index []int
	for _, c := range out.Captures {
		index = append(index, c.Index)
	}
	return out, errors.Join(all.complete(), places(index, out.Total, out.Partial))
}

// mergeTrees joins what compile found in a folder.
func mergeTrees(parts []part) (*treeReport, error) {
	out := &treeReport{Shard: 1, Shards: 1, Objects: []treeObject{}, Reasons: []treeReason{}}
	var all shards
	of := map[int]*treeReport{} // by shard
	total := 0
	for _, p := range parts {
		r := &treeReport{}
		if err := p.decode(r); err != nil {
			return nil, err
		}
		if err := all.add(p.name, r.Shard, r.Shards, 0); err != nil {
			return nil, err
		}
		if out.Folder == "" {
			out.Folder, out.Target = r.Folder, r.Target
		}
		if r.Folder != out.Folder || r.Target != out.Target {
			return nil, fmt.Errorf("%s: is of folder %s and target %s, others of %s and %s", p.name, r.Folder, r.Target, out.Folder, out.Target)
		}
		of[r.Shard] = r
		total += len(r.Objects)
		out.Programs += r.Programs
		out.Accepted += r.Accepted
		out.Refused += r.Refused
		out.Unreadable += r.Unreadable
		out.Interrupted = out.Interrupted || r.Interrupted
	}
	if err := all.complete(); err != nil {
		return nil, err
	}
	at := map[string]int{} // where an object stands
	for k := 0; len(out.Objects) < total; k++ {
		if list := of[k%all.n+1].Objects; k/all.n < len(list) {
			o := list[k/all.n]
			at[o.Object] = k
			out.Objects = append(out.Objects, o)
		}
	}
	t := treeTally{report: *out, reasons: map[string]*treeReason{}}
	for i := range all.n {
		for _, r := range of[i+1].Reasons {
			t.add(r, at)
		}
	}
	*out = t.finish()
	return out, nil
}

// add adds a reason of another report; its example is that of the first object.
func (t *treeTally) add(r treeReason, at map[string]int) {
	have := t.reasons[r.Reason]
	if have == nil {
		t.reasons[r.Reason] = &r
		return
	}
	have.Programs += r.Programs
	have.Alone += r.Alone
	if placeOf(r.Example, at) < placeOf(have.Example, at) {
		have.Example = r.Example
	}
}

// placeOf returns where the object of an example, OBJECT or OBJECT:PROGRAM, stands.
func placeOf(example string, at map[string]int) int {
	object := example
	for {
		if k, ok := at[object]; ok {
			return k
		}
		colon := strings.LastIndexByte(object, ':')
		if colon < 0 {
			return math.MaxInt
		}
		object = object[:colon]
	}
}
