package docs

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
)

var update = flag.Bool("update", false, "write refusals.md anew")

// groups are the folders of the compiler's sources with the headings of their refusals.
var groups = []struct{ dir, heading string }{
	{"translate/object", "Objects: reading and linking"},
	{"translate/verify", "Proof: what a card has no place for"},
	{"translate", "Programs and targets as a whole"},
	{"translate/internal/ssa", "Instructions and memory"},
	{"translate/internal/lower", "Calls of helpers"},
	{"translate/internal/microcode", "Map types"},
	{"translate/internal/microcode/hashmap", "Map types: hash maps"},
	{"translate/internal/microcode/lpm", "Map types: tries"},
	{"translate/internal/nfp", "Code for the card"},
	{"translate/internal/nfpimage", "Places, links and limits of an image"},
}

// refusal is one sentence that sources can say; where is the file.
type refusal struct{ what, why, where string }

// sources are the parsed files of one folder.
type sources struct {
	t      *testing.T
	dir    string
	fset   *token.FileSet
	files  map[string]*ast.File
	consts map[string]string // strings of the package by name
	makers map[string][2]int // functions that are given WHAT and WHY, with the places of these
	whats  map[string]string // of those that say WHAT themselves
	skip   map[*ast.CompositeLit]bool
	seen   map[token.Pos]bool
	out    []refusal
}

func parse(t *testing.T, dir string) *sources {
	s := &sources{t: t, dir: dir, fset: token.NewFileSet(), files: map[string]*ast.File{}, consts: map[string]string{}, makers: map[string][2]int{"Unsupported": {0, 1}}, whats: map[string]string{}, skip: map[*ast.CompositeLit]bool{}, seen: map[token.Pos]bool{}}
	paths, err := filepath.Glob(filepath.Join("..", dir, "*.go"))
	require.NoError(t, err)
	for _, p := range paths {
		if strings.HasSuffix(p, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(s.fset, p, nil, 0)
		require.NoError(t, err)
		s.files[filepath.Base(p)] = f
	}
	require.NotEmpty(t, s.files, dir)
	for _, f := range s.files {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					v, ok := spec.(*ast.ValueSpec)
					for k := 0; ok && k < len(v.Values) && k < len(v.Names); k++ {
						if text := s.text(v.Values[k], nil); text != "" {
							s.consts[v.Names[k].Name] = text
						}
					}
				}
			case *ast.FuncDecl:
				if what, why := parameter(d, "what"), parameter(d, "why"); what >= 0 && why >= 0 {
					s.makers[d.Name.Name] = [2]int{what, why}
				}
			}
		}
	}
	return s
}

// closures finds functions in functions that are given WHY, and WHAT unless they say it.
func (s *sources) closures(f *ast.File) {
	ast.Inspect(f, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if !ok || len(a.Rhs) != 1 {
			return true
		}
		lit, ok := a.Rhs[0].(*ast.FuncLit)
		if !ok {
			return true
		}
		d := &ast.FuncDecl{Type: lit.Type, Body: lit.Body}
		what, why := parameter(d, "what"), parameter(d, "why")
		if why < 0 {
			return true
		}
		ast.Inspect(lit, func(n ast.Node) bool {
			if c, ok := n.(*ast.CompositeLit); ok && c.Type != nil && name(c.Type) == "Unsupported" {
				s.makers[name(a.Lhs[0])] = [2]int{what, why}
				if what < 0 {
					s.whats[name(a.Lhs[0])] = s.text(value(c, "What"), nil)
				}
				s.names(c.Type)
				s.skip[c] = true
			}
			return true
		})
		return true
	})
}

// value returns the value of a key of a literal, or nil.
func value(c *ast.CompositeLit, key string) ast.Expr {
	for _, e := range c.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok && name(kv.Key) == key {
			return kv.Value
		}
	}
	return nil
}

// parameter returns the place of a function's string parameter of a name, or -1.
func parameter(d *ast.FuncDecl, name string) int {
	at := 0
	for _, f := range d.Type.Params.List {
		for _, n := range f.Names {
			if n.Name == name {
				return at
			}
			at++
		}
	}
	return -1
}

var verbs = regexp.MustCompile(`%[-+# 0-9.]*[a-zA-Z]`)

// text is what an expression says, with … for what only a run tells; "" for what is no text.
func (s *sources) text(e ast.Expr, fn *ast.FuncDecl) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			v, err := strconv.Unquote(e.Value)
			require.NoError(s.t, err)
			return v
		}
	case *ast.ParenExpr:
		return s.text(e.X, fn)
	case *ast.BinaryExpr:
		if e.Op != token.ADD {
			return ""
		}
		x, y := s.text(e.X, fn), s.text(e.Y, fn)
		if x == "" && y == "" {
			return ""
		}
		return orDots(x) + orDots(y)
	case *ast.CallExpr:
		if name(e.Fun) == "Sprintf" {
			return verbs.ReplaceAllString(s.text(e.Args[0], fn), "…")
		}
	case *ast.Ident:
		if v, ok := s.consts[e.Name]; ok {
			return v
		}
		return strings.Join(s.assigned(e.Name, fn), " / ")
	}
	return ""
}

func orDots(s string) string {
	if s == "" {
		return "…"
	}
	return s
}

// assigned are the texts that a function assigns to a variable.
func (s *sources) assigned(variable string, fn *ast.FuncDecl) (out []string) {
	if fn == nil {
		return nil
	}
	ast.Inspect(fn, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if !ok || len(a.Lhs) != len(a.Rhs) {
			return true
		}
		for k, l := range a.Lhs {
			if id, ok := l.(*ast.Ident); ok && id.Name == variable {
				if text := s.text(a.Rhs[k], nil); text != "" && !slices.Contains(out, text) {
					out = append(out, text)
				}
			}
		}
		return true
	})
	return out
}

// name is the last name of a call's function.
func name(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

func (s *sources) add(what, why string, at token.Pos) {
	what, why = orDots(strings.TrimSpace(what)), strings.TrimSpace(why)
	s.out = append(s.out, refusal{what, why, filepath.Base(s.fset.Position(at).Filename)})
}

// sentence adds a refusal that is one sentence: "WHAT, because WHY".
func (s *sources) sentence(text string, at token.Pos) {
	text = strings.TrimPrefix(verbs.ReplaceAllString(strings.TrimPrefix(text, "%w: "), "…"), "not supported: ")
	what, why, _ := strings.Cut(text, ", because ")
	s.add(what, why, at)
}

// names marks the names of refusals within a node as seen.
func (s *sources) names(n ast.Node) {
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			s.seen[id.Pos()] = true
		}
		return true
	})
}

// scan finds every refusal of the folder.
func (s *sources) scan() {
	functions := s.makers
	for _, f := range s.files {
		s.makers, s.whats = maps.Clone(functions), map[string]string{}
		s.closures(f)
		for _, d := range f.Decls {
			fn, _ := d.(*ast.FuncDecl)
			ast.Inspect(d, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CallExpr:
					s.call(n, fn)
				case *ast.CompositeLit:
					s.literal(n, fn)
				case *ast.KeyValueExpr:
					s.row(n)
				}
				return true
			})
		}
	}
}

func (s *sources) call(c *ast.CallExpr, fn *ast.FuncDecl) {
	called := name(c.Fun)
	sel, _ := c.Fun.(*ast.SelectorExpr)
	_, maker := s.makers[called]
	switch {
	case called == "New" && sel != nil && name(sel.X) == "unsupported" && len(c.Args) == 2:
		s.add(s.text(c.Args[0], fn), s.text(c.Args[1], fn), c.Pos())
		s.names(c.Fun)
	case called == "unsupportedf":
		s.sentence(s.text(c.Args[0], fn), c.Pos())
		s.names(c.Fun)
	case called == "refuse" && len(c.Args) > 1 && name(c.Args[0]) == "Unsupported":
		if text := s.text(c.Args[1], fn); text != "" {
			s.sentence(text, c.Pos())
		}
		s.names(c.Args[0])
	case called == "Errorf" && slices.ContainsFunc(c.Args, s.isErr):
		s.sentence(s.text(c.Args[0], fn), c.Pos())
		for _, a := range c.Args {
			if s.isErr(a) {
				s.names(a)
			}
		}
	case maker:
		at := s.makers[called]
		switch {
		case len(c.Args) <= max(at[0], at[1]):
		case at[0] < 0:
			s.add(s.whats[called], s.text(c.Args[at[1]], fn), c.Pos())
		default:
			s.add(s.text(c.Args[at[0]], fn), s.text(c.Args[at[1]], fn), c.Pos())
		}
		s.names(c.Fun)
	}
}

// isErr reports the error that all refusals wrap.
func (s *sources) isErr(e ast.Expr) bool {
	sel, ok := e.(*ast.SelectorExpr)
	return ok && name(sel.X) == "unsupported" && sel.Sel.Name == "Err" || name(e) == "ErrNotSupported"
}

// literal takes &Unsupported{What: ..., Why: ...}.
func (s *sources) literal(c *ast.CompositeLit, fn *ast.FuncDecl) {
	if c.Type == nil || name(c.Type) != "Unsupported" || s.skip[c] {
		return
	}
	what, why := s.text(value(c, "What"), fn), s.text(value(c, "Why"), fn)
	s.names(c.Type)
	if fn != nil && parameter(fn, "what") >= 0 && what == "" {
		return // its callers say what
	}
	s.add(what, why, c.Pos())
}

// byReason lists the helpers of rows {ID: bpf.HelperX, Refused: why}.
func (s *sources) byReason() map[string][]string {
	out := map[string][]string{}
	for _, f := range s.files {
		ast.Inspect(f, func(n ast.Node) bool {
			if c, ok := n.(*ast.CompositeLit); ok {
				if id, why := value(c, "ID"), value(c, "Refused"); id != nil && why != nil {
					reason := strings.TrimPrefix(s.text(why, nil), "because ")
					require.NotEmpty(s.t, reason, name(id))
					out[reason] = append(out[reason], "`"+helperName(name(id))+"`")
				}
			}
			return true
		})
	}
	return out
}

// row takes reasons of tables: Cannot: map[bpf.HelperID]string{bpf.HelperX: why}.
func (s *sources) row(kv *ast.KeyValueExpr) {
	list, ok := kv.Value.(*ast.CompositeLit)
	if !ok || name(kv.Key) != "Cannot" && name(kv.Key) != "Refused" {
		return
	}
	for _, e := range list.Elts {
		if entry, ok := e.(*ast.KeyValueExpr); ok {
			s.add(helperName(name(entry.Key))+" on maps of a type that says so", s.text(entry.Value, nil), kv.Pos())
		}
	}
}

// helperName is the kernel's name of a constant of package bpf: HelperSkRelease is bpf_sk_release.
func helperName(constant string) string {
	want := strings.ToLower(strings.TrimPrefix(constant, "Helper"))
	for id := bpf.HelperMapLookupElem; id.Known(); id++ {
		if n := strings.TrimPrefix(id.String(), "bpf_"); strings.ReplaceAll(n, "_", "") == want {
			return "bpf_" + n
		}
	}
	return constant
}

// unseen are the places that speak of refusals and make none that is in the list.
func (s *sources) unseen() (out []string) {
	for file, f := range s.files {
		ast.Inspect(f, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			if ok && !s.seen[id.Pos()] && (id.Name == "unsupportedf" || id.Name == "Unsupported") {
				out = append(out, s.dir+"/"+file+": "+id.Name)
			}
			if sel, ok := n.(*ast.SelectorExpr); ok && name(sel.X) == "unsupported" && !s.seen[sel.Sel.Pos()] {
				out = append(out, s.dir+"/"+file+": unsupported."+sel.Sel.Name)
			}
			return true
		})
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// speak are the places that speak of refusals and make none: declarations, tests for one,
// and what passes on another's words.
var speak = []string{
	"translate/compile.go: Unsupported",
	"translate/internal/nfpimage/backend.go: Unsupported",
	"translate/internal/ssa/build.go: Unsupported",
	"translate/internal/ssa/unsupported.go: Unsupported",
	"translate/internal/ssa/unsupported.go: unsupported.Err",
	"translate/verify/error.go: Unsupported",
	"translate/verify/error.go: unsupported.Err",
	"translate/verify/error.go: unsupportedf",
	"translate/verify/global.go: Unsupported",
	"translate/verify/verify.go: Unsupported",
}

// lacks says of each built-in target which helpers that the compiler has code for its programs
// cannot call, and which map types it does not have.
func lacks(t *testing.T) string {
	var b strings.Builder
	b.WriteString("| target | helpers | map types |\n|---|---|---|\n")
	for _, name := range target.Names() {
		tg, err := target.Load(name)
		require.NoError(t, err)
		var helpers, types []string
		for _, h := range translate.Helpers() {
			if translate.Supports(tg, h, bpf.MapTypeUnspec) != nil {
				helpers = append(helpers, "`"+h.String()+"`")
			}
		}
		for _, m := range translate.MapTypes() {
			if !tg.HasMap(m.String()) {
				types = append(types, "`"+m.String()+"`")
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", name, none(helpers), none(types))
	}
	return b.String()
}

func none(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// TestRefusals makes docs/refusals.md of the sources and compares: every refusal that the
// compiler can give is there, and no source speaks of one that the list does not have.
func TestRefusals(t *testing.T) {
	var b strings.Builder
	b.WriteString("# What is refused\n\nEvery `not supported: WHAT, because WHY` that reading, proving or compiling a program can end in, made of the sources by `go test ./docs -run TestRefusals -update`.\n" +
		"`…` is what a program or a target fills in. An error has the C line or the instruction, too; `offload check` gives all of a program at once. What is unsafe, and not\nrefused by name, is in [verifier.md](verifier.md); what devices lack, in [offload.md](offload.md).\n")
	var unseen []string
	for _, g := range groups {
		s := parse(t, g.dir)
		s.scan()
		unseen = append(unseen, s.unseen()...)
		rows := map[string]bool{}
		for _, r := range s.out {
			if r.what != "…" { // what passes on another's words
				rows[fmt.Sprintf("| %s | %s |", cell(r.what), cell(orDots(r.why)))] = true
			}
		}
		if len(rows) > 0 {
			fmt.Fprintf(&b, "\n## %s\n\n| what | because |\n|---|---|\n%s\n", g.heading, strings.Join(slices.Sorted(maps.Keys(rows)), "\n"))
		}
	}
	for _, p := range packages(t) { // folders that have no heading speak of none
		if strings.HasPrefix(p.ImportPath, "translate") && !slices.ContainsFunc(groups, func(g struct{ dir, heading string }) bool { return g.dir == p.ImportPath }) {
			unseen = append(unseen, parse(t, p.ImportPath).unseen()...)
		}
	}
	slices.Sort(unseen)
	require.Equal(t, speak, unseen, "a source speaks of refusals in a way that the list does not see")

	reasons := parse(t, "translate/internal/platform").byReason()
	require.NotEmpty(t, reasons)
	b.WriteString("\n## Helpers that no card has\n\n| because | helpers |\n|---|---|\n")
	for _, why := range slices.Sorted(maps.Keys(reasons)) {
		fmt.Fprintf(&b, "| %s | %s |\n", why, strings.Join(reasons[why], ", "))
	}
	b.WriteString("\n## What built-in targets lack of what the compiler has\n\n" + lacks(t))
	if *update {
		require.NoError(t, os.WriteFile("refusals.md", []byte(b.String()), 0o644))
	}
	got, err := os.ReadFile("refusals.md")
	require.NoError(t, err)
	require.Equal(t, b.String(), string(got), "go test ./docs -run TestRefusals -update")
}

// cell is a text in a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
