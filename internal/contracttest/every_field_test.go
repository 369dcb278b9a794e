package contracttest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
)

// seen is everything that a target shows in.
type seen struct {
	samples []outcome
	probes
}

func look(t testing.TB, base, tg *target.Target) *seen {
	all, err := samples()
	require.NoError(t, err)
	s := &seen{probes: probe(t, base, tg)}
	for i := range all {
		s.samples = append(s.samples, all[i].run(tg))
	}
	return s
}

// wrong returns the first answer of a sample that is not the interpreter's.
func (s *seen) wrong(t testing.TB) string {
	all, err := samples()
	require.NoError(t, err)
	for i := range all {
		if s.samples[i].wrong != "" {
			return all[i].name + ": " + s.samples[i].wrong
		}
	}
	return ""
}

// effects names what differs between two targets.
func (s *seen) effects(o *seen) (names []string) {
	note := func(name string, differs bool) {
		if differs {
			names = append(names, name)
		}
	}
	any := func(f func(a, b *outcome) bool) bool {
		for i := range s.samples {
			if f(&s.samples[i], &o.samples[i]) {
				return true
			}
		}
		return false
	}
	both := func(a, b *outcome) bool { return a.refused == "" && b.refused == "" }
	note("words", any(func(a, b *outcome) bool { return both(a, b) && a.words != b.words }))
	note("layout", any(func(a, b *outcome) bool { return both(a, b) && a.layout != b.layout }))
	note("cycles", any(func(a, b *outcome) bool { return both(a, b) && (a.cycles != b.cycles || a.batch != b.batch) }))
	note("refusals", any(func(a, b *outcome) bool { return a.refused != b.refused }))
	note("grant", s.grant != o.grant)
	note("local", s.local != o.local)
	note("pointer", s.pointer != o.pointer)
	note("delay", s.delay != o.delay)
	note("memory", s.memory != o.memory)
	note("place", s.place != o.place)
	note("limits", s.limits != o.limits)
	note("supports", s.supports != o.supports)
	note("calls", s.calls != o.calls)
	return names
}

// refusal returns the text of a sample's refusal that the other does not have.
func (s *seen) refusal(o *seen) string {
	var all []string
	for i := range s.samples {
		if r := o.samples[i].refused; r != s.samples[i].refused {
			all = append(all, r)
		}
	}
	return strings.Join(all, "\n")
}

// row says what happens when a field is changed: the file is refused with a
// text that names the field, or every sample gives the interpreter's answers
// still and the effect is seen.
type row struct {
	path   string // "*" stands for any name
	only   string // target, "" for both
	value  string
	effect string // one that must be seen; "" for a file that is refused
	text   string // of the file's refusal; with effect "refusals", of a sample's
}

// file is a target file as the test sees it: the fields of one target, the rows
// about them, and what reads a changed file.
type file struct {
	base   *target.Target
	fields []field
	rows   []row
	change func(path, value string) (*target.Target, error)
}

func builtinFile(t testing.TB, name string) *file {
	base := target.MustBuiltin(name)
	return &file{base: base, fields: fields(t, base), rows: rows, change: func(path, value string) (*target.Target, error) {
		return target.Parse("changed.yaml", changed(t, base, path, value))
	}}
}

// TestEveryField changes every field of both built-in files, one at a time.
func TestEveryField(t *testing.T) {
	unused := map[row]bool{}
	for _, r := range rows {
		unused[r] = true
	}
	for _, name := range target.Names() {
		f := builtinFile(t, name)
		before := look(t, f.base, f.base)
		require.Empty(t, before.wrong(t))
		for _, path := range f.without() {
			t.Errorf("%s: field %s has no row: nobody says what it does", name, path)
		}
		for _, fd := range f.fields {
			for _, r := range f.rowsOf(fd.path) {
				delete(unused, r)
				t.Run(name+"/"+fd.path+"="+r.value, func(t *testing.T) {
					t.Parallel()
					require.NoError(t, f.check(t, before, fd.path, &r))
				})
			}
		}
	}
	require.Empty(t, unused, "rows of fields that no file has")
}

// without returns the fields that no row is about.
func (f *file) without() (paths []string) {
	for _, fd := range f.fields {
		if len(f.rowsOf(fd.path)) == 0 {
			paths = append(paths, fd.path)
		}
	}
	return paths
}

// check changes a field and looks.
func (f *file) check(t testing.TB, before *seen, path string, r *row) error {
	tg, err := f.change(path, r.value)
	if r.effect == "" {
		switch {
		case err == nil:
			return fmt.Errorf("the file is not refused")
		case !strings.Contains(err.Error(), r.text) || !strings.Contains(r.text, last(path)):
			return fmt.Errorf("the refusal does not name the field: %q, in %w", r.text, err)
		}
		return nil
	}
	if err != nil {
		return err
	}
	after := look(t, f.base, tg)
	if w := after.wrong(t); w != "" {
		return fmt.Errorf("%s", w)
	}
	if got := before.effects(after); !slices.Contains(got, r.effect) {
		return fmt.Errorf("the field does not show in %s; it shows in %v", r.effect, got)
	}
	if got := before.refusal(after); !strings.Contains(got, r.text) {
		return fmt.Errorf("no sample is refused with %q: %s", r.text, got)
	}
	return nil
}

// last returns the last name of a path, without index.
func last(path string) string {
	name, _, _ := strings.Cut(path[strings.LastIndexByte(path, '.')+1:], "[")
	return name
}

// rowsOf returns the rows of a field; those with its own name go before those
// for any.
func (f *file) rowsOf(path string) (list []row) {
	for _, exact := range []bool{true, false} {
		for _, r := range f.rows {
			if (r.path == path) == exact && matches(r.path, path) && (r.only == "" || r.only == f.base.Name) {
				list = append(list, r)
			}
		}
		if len(list) > 0 {
			return list
		}
	}
	return nil
}

func matches(pattern, path string) bool {
	before, after, any := strings.Cut(pattern, "*")
	return pattern == path || any && strings.HasPrefix(path, before) && strings.HasSuffix(path, after)
}

// planted is a target with three fields that nobody reads.
type planted struct {
	target.Target
	Core struct {
		target.Core
		CacheLines int `json:"cache_lines"`
	} `json:"core"`
	Maps struct {
		target.Maps
		Prefetch string `json:"prefetch"`
	} `json:"maps"`
	Clock int `json:"clock_mhz"`
}

// plant adds the fields to a file.
func plant(t testing.TB, data []byte) []byte {
	var p planted
	require.NoError(t, json.Unmarshal(data, &p))
	p.Core.CacheLines, p.Maps.Prefetch, p.Clock = 4, "none", 800
	b, err := json.Marshal(p)
	require.NoError(t, err)
	return b
}

// TestUnreadFieldsAreFound holds that the test finds fields that nobody reads:
// without a row because they have none, with one because they show in nothing.
func TestUnreadFieldsAreFound(t *testing.T) {
	f := builtinFile(t, "skipsw")
	file := plant(t, f.base.Marshal())
	f.fields = fieldsOf(t, file)
	f.change = func(path, value string) (*target.Target, error) {
		var p planted
		if err := json.Unmarshal(changedIn(t, file, path, value), &p); err != nil {
			return nil, err
		}
		tg := p.Target
		tg.Core, tg.Maps = p.Core.Core, p.Maps.Maps
		return &tg, tg.Check()
	}
	require.Equal(t, []string{"clock_mhz", "core.cache_lines", "maps.prefetch"}, f.without())

	before := look(t, f.base, f.base)
	for _, r := range []row{
		{path: "clock_mhz", value: "1200", effect: "cycles"},
		{path: "core.cache_lines", value: "8", effect: "words"},
		{path: "maps.prefetch", value: `"next"`, effect: "layout"},
	} {
		require.ErrorContains(t, f.check(t, before, r.path, &r), "it shows in []", r.path)
	}
	read := row{path: "core.done", value: "2", effect: "words"}
	require.NoError(t, f.check(t, before, read.path, &read), "a field that is read beside them")
}
