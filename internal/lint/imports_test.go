package lint_test

import (
	"encoding/json"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/skipsw/skipsw"

// rule bounds what packages may import of this module. Paths are within it; a
// path stands for the package and for those below it, one that ends in "!" for
// the package alone.
type rule struct {
	from string
	// only lists all that is allowed; never what is forbidden, but for what is
	// in but. A rule has one of the two.
	only, never, but []string
	why              string
}

var none = []string{}

// rules are the module's import rules; docs/architecture.md tells the reasons.
var rules = []rule{
	// What everybody must agree on stands in leaves.
	{from: "translate/bpf", only: none, why: "the vocabulary of eBPF is neutral"},
	{from: "nfpisa!", only: none, why: "the instruction set knows no user"},
	{from: "nfpisa/target", only: []string{"nfpisa!", "nfpisa/maplayout", "translate/bpf", "internal/strictyaml", "internal/unsupported"}, why: "the contract is data"},
	{from: "nfpisa/maplayout", only: []string{"internal/unsupported"}, why: "a map's layout is arithmetic"},
	{from: "nfpisa/image", only: []string{"nfpisa!", "nfpisa/target", "internal/infile", "internal/outfile"}, why: "the container carries words and their target"},
	{from: "regalloc", only: none, why: "registers are allocated behind interfaces, for any machine"},

	// The compiler and the simulator meet in words only.
	{from: "translate", never: []string{"sim", "offload", "cmd", "internal/ebpf", "internal/oracle"}, why: "the compiler is judged by what does not share its code"},
	{from: "sim", never: []string{"translate", "regalloc", "offload", "cmd"}, but: []string{"translate/bpf"}, why: "the simulator takes words, not their making"},
	{from: "nfpisa", never: []string{"translate", "sim", "offload", "cmd", "regalloc"}, but: []string{"translate/bpf"}, why: "the instruction set and the contract stand below"},

	// Inside the compiler.
	{from: "translate/object", only: []string{"translate/bpf", "translate/internal/platform", "internal/btfvalue", "internal/infile", "internal/unsupported"}, why: "reading objects is no judgement of programs; what maps there can be is in the platform's table"},
	{from: "translate/verify", never: []string{"nfpisa", "regalloc", "translate/internal"}, but: []string{"translate/internal/number", "translate/internal/platform"}, why: "safety depends on no target"},
	{from: "translate/internal/opt", never: []string{"nfpisa", "regalloc", "translate/internal/nfp", "translate/internal/microcode"}, why: "a pass serves any back end"},
	{from: "translate/internal/pass", only: none, why: "the table of passes knows no pass"},
	{from: "translate/internal/platform", only: []string{"translate/bpf"}, why: "the rules of helpers, maps and contexts are tables"},
	{from: "translate/internal/number", only: []string{"translate/bpf"}, why: "arithmetic on ranges is of no program"},

	// Inside the simulator.
	{from: "sim/mem", only: []string{"nfpisa/target", "internal/plain"}, why: "memory units serve whoever issues commands"},
	{from: "sim/core", never: []string{"sim!", "sim/engine", "sim/firmware", "sim/hostmap", "sim/pcie", "sim/trace"}, why: "a core knows neither firmware nor what surrounds it"},

	// The manager, the verbs, and nothing above them.
	{from: "offload", never: []string{"nfpisa!", "regalloc", "cmd"}, but: none, why: "devices take images; encodings are not theirs"},
	{from: "cmd/offload/cli", never: []string{"offload/kernel", "offload/simdev"}, why: "the verbs open devices by their registry"},
	{from: "internal", never: []string{"cmd"}, why: "nothing imports commands"},

	// What others are compared with.
	{from: "internal/ebpf", only: []string{"translate/bpf", "translate/object"}, why: "the reference shares nothing with the compiler"},
	{from: "internal/oracle/gen", only: []string{"translate/bpf", "translate/object", "internal/btfvalue"}, why: "programs are made without asking the verifier"},

	// Small helpers.
	{from: "internal/lint!", only: none, why: "an analyser knows names, not code"},
	{from: "internal/infile", only: none},
	{from: "internal/outfile", only: none},
	{from: "internal/plain", only: none},
	{from: "internal/strictyaml", only: none},
	{from: "internal/sys", only: []string{"translate/bpf"}, why: "one layer for system calls"},
	{from: "internal/unsupported", only: none},
	{from: "translate/bug", only: none},
}

// within reports whether a path is covered by a pattern of a rule.
func within(path, pattern string) bool {
	if alone, ok := strings.CutSuffix(pattern, "!"); ok {
		return path == alone
	}
	return path == pattern || strings.HasPrefix(path, pattern+"/")
}

func withinAny(path string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return within(path, p) })
}

// breaks reports whether a rule forbids an import.
func (r rule) breaks(from, path string) bool {
	// What is below a package is its own.
	if !within(from, r.from) || within(path, strings.TrimSuffix(r.from, "!")) {
		return false
	}
	if r.only != nil {
		return !withinAny(path, r.only)
	}
	return withinAny(path, r.never) && !withinAny(path, r.but)
}

// imports lists the imports inside the module of all packages below a folder,
// tests left out: they may look at anything.
func imports(t *testing.T, dir string) map[string][]string {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports", "./...")
	cmd.Dir = dir
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		require.NoError(t, err, string(exit.Stderr))
	}
	require.NoError(t, err)
	all := map[string][]string{}
	for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
		var p struct {
			ImportPath string
			Imports    []string
		}
		require.NoError(t, d.Decode(&p))
		from := strings.TrimPrefix(p.ImportPath, module+"/")
		all[from] = nil
		for _, i := range p.Imports {
			if path, ours := strings.CutPrefix(i, module+"/"); ours {
				all[from] = append(all[from], path)
			}
		}
	}
	return all
}

// broken lists the imports that rules forbid.
func broken(all map[string][]string) (out []string) {
	for from, paths := range all {
		for _, path := range paths {
			for _, r := range rules {
				if r.breaks(from, path) {
					out = append(out, from+" imports "+path)
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// TestImports: no package imports what it must not, and each rule is about a
// package that there is.
func TestImports(t *testing.T) {
	all := imports(t, "../..")
	require.Empty(t, broken(all))
	for _, r := range rules {
		found := false
		for from := range all {
			found = found || within(from, r.from)
		}
		require.True(t, found, "a rule about %s, which is no package", r.from)
		require.True(t, (r.only == nil) != (r.never == nil), r.from)
	}
}

// TestImportsFound: a module that breaks the rules is found out, import by
// import.
func TestImportsFound(t *testing.T) {
	require.Equal(t, []string{
		"cmd/offload/cli imports offload/kernel",
		"nfpisa/target imports translate",
		"offload/check imports cmd/offload/cli",
		"offload/check imports nfpisa",
		"sim/core imports translate/verify",
		"translate imports sim",
		"translate/bpf imports internal/sys",
		"translate/internal/opt imports nfpisa/target",
	}, broken(imports(t, "testdata/breaks")))
}

// TestCommandWithoutTesting: what only tests need does not come into the
// command, whose flags and start it would change.
func TestCommandWithoutTesting(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "./cmd/offload")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	require.NoError(t, err)
	all := strings.Fields(string(out))
	require.Contains(t, all, module+"/internal/vm")
	require.NotContains(t, all, "testing")
}
