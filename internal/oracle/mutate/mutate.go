// Command mutate plants faults in the encoder, the compiler, the register
// allocator and the simulator, one at a time, and tells whether the short
// differential run, or the test that the fault names, finds each.
//
// The faults are data (mutants.yaml); the changed files reach the compiler
// through go's -overlay, so that no source is touched.
package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/skipsw/skipsw/internal/strictyaml"
)

//go:embed mutants.yaml
var mutantsYAML []byte

// mutant is one planted fault.
type mutant struct {
	Name string `yaml:"name"`
	Part string `yaml:"part"`
	Edge bool   `yaml:"edge"`
	File string `yaml:"file"`
	From string `yaml:"from"`
	To   string `yaml:"to"`
	Gap  string `yaml:"gap"`
	// Test is a folder and a test in it that finds the fault, where generated programs
	// do not come there; "" for the short run.
	Test string `yaml:"test"`
}

// finder returns the folder and the name of the test that is to find the fault.
func (m *mutant) finder() (folder, test string) {
	if m.Test == "" {
		return "./internal/oracle/judge", "TestShortRun"
	}
	folder, test, _ = strings.Cut(m.Test, " ")
	return folder, test
}

func mutants() ([]mutant, error) {
	var out []mutant
	if err := strictyaml.Unmarshal(mutantsYAML, &out); err != nil {
		return nil, err
	}
	return out, nil
}

// apply returns the file with the fault, or an error if the place is gone.
func (m *mutant) apply(root string) ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(root, m.File))
	if err != nil {
		return nil, err
	}
	if n := strings.Count(string(b), m.From); n != 1 {
		return nil, fmt.Errorf("%s: %q stands %d times in %s; mutants.yaml must name one place", m.Name, m.From, n, m.File)
	}
	return []byte(strings.Replace(string(b), m.From, m.To, 1)), nil
}

// outcome is what came of a mutant.
type outcome string

const (
	caught   outcome = "caught"
	survived outcome = "SURVIVED"
	broken   outcome = "does not compile"
	stale    outcome = "place is gone"
)

var (
	firstFailure = regexp.MustCompile(`short_test\.go:\d+: (seed .*)`)
	failedTest   = regexp.MustCompile(`--- FAIL: (\S+)`)
)

// run plants the fault and runs the test that is to find it. how is the first mismatch,
// or the test that failed.
func (m *mutant) run(root, dir string, programs int) (o outcome, how string) {
	src, err := m.apply(root)
	if err != nil {
		return stale, err.Error()
	}
	changed := filepath.Join(dir, m.Name+".go")
	overlay := filepath.Join(dir, m.Name+".json")
	replace := map[string]map[string]string{"Replace": {filepath.Join(root, m.File): changed}}
	b, err := json.Marshal(replace)
	if err == nil {
		err = errors.Join(os.WriteFile(changed, src, 0o644), os.WriteFile(overlay, b, 0o644))
	}
	if err != nil {
		return broken, err.Error()
	}
	folder, test := m.finder()
	cmd := exec.Command("go", "test", "-count=1", "-timeout=10m", "-overlay="+overlay, "-run=^"+test+"$", folder)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), fmt.Sprintf("SKIPSW_N=%d", programs), "SKIPSW_FAILURES=1")
	out, err := cmd.CombinedOutput()
	switch {
	case err == nil:
		return survived, ""
	case bytes.Contains(out, []byte("[build failed]")) || bytes.Contains(out, []byte("[setup failed]")):
		return broken, string(out)
	}
	if g := firstFailure.FindSubmatch(out); g != nil {
		return caught, string(g[1])
	}
	if g := failedTest.FindSubmatch(out); g != nil {
		return caught, string(g[1])
	}
	return caught, strings.TrimSpace(string(out))
}

func main() {
	only := flag.String("only", "", "run the mutants whose name or part is `NAME`")
	programs := flag.Int("n", 8000, "programs of the short run")
	list := flag.Bool("list", false, "list the mutants")
	flag.Parse()
	if err := realMain(os.Stdout, *only, *programs, *list); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func realMain(w io.Writer, only string, programs int, list bool) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	all, err := mutants()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	missed, done, gaps := 0, 0, 0
	for i := range all {
		m := &all[i]
		if only != "" && only != m.Name && only != m.Part {
			continue
		}
		if list {
			fmt.Fprintf(w, "%-10s %-28s %s\n", m.Part, m.Name, m.File)
			continue
		}
		start := time.Now()
		o, how := m.run(root, dir, programs)
		how, _, _ = strings.Cut(how, "\n")
		fmt.Fprintf(w, "%-9s %-10s %-28s %4.0fs %.160s\n", o, m.Part, m.Name, time.Since(start).Seconds(), how)
		switch done++; {
		case o == caught:
		case o == survived && m.Gap != "":
			fmt.Fprintf(w, "          known gap: %s\n", m.Gap)
			gaps++
		default:
			missed++
		}
	}
	if list {
		return nil
	}
	fmt.Fprintf(w, "%d of %d planted faults found by the short run of %d programs, %d are known gaps\n", done-missed-gaps, done, programs, gaps)
	if missed > 0 {
		return fmt.Errorf("%d planted faults were not found", missed)
	}
	return nil
}

// moduleRoot is the folder of go.mod.
func moduleRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	mod := strings.TrimSpace(string(out))
	if filepath.Base(mod) != "go.mod" {
		return "", errors.New("run it inside the module")
	}
	return filepath.Dir(mod), nil
}
