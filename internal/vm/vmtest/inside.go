// Package vmtest runs tests in guests: a test function calls Inside and goes on
// in a kernel of its own. Commands run guests by package vm alone.
package vmtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/skipsw/skipsw/internal/vm"
)

var (
	find         = sync.OnceValues(func() (*vm.Kernel, error) { return vm.Find(context.Background()) })
	findUserMode = sync.OnceValues(func() (*vm.Kernel, error) { return vm.FindUserMode(context.Background(), "") })
)

// testBinary returns the program that the guests of tests run:
// this one, or one without the race detector.
var testBinary = sync.OnceValues(func() (string, error) {
	exe, err := os.Executable()
	if err != nil || !raceEnabled {
		return exe, err
	}
	plain := exe + "-guest"
	if out, err := exec.Command("go", "test", "-c", "-o", plain, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the guest's test binary: %w: %s", err, lastLines(string(out)))
	}
	return plain, nil
})

// Inside runs the calling test in a fresh guest of its own and reports whether
// the caller is the copy inside that guest:
//
//	func TestAttach(t *testing.T) {
//		if !vmtest.Inside(t) {
//			return // the guest has run the test, and t has its result
//		}
//		... // runs as root, with a kernel of its own
//	}
//
// On the host it fails t when the test failed in the guest, and with what to
// do when there is no test kernel and none can be built. env is added to the
// test's environment.
func Inside(t *testing.T, env ...string) bool {
	t.Helper()
	return InsideShared(t, nil, env...)
}

// InsideShared is Inside with further folders of the host that the guest may
// write to.
func InsideShared(t *testing.T, share []string, env ...string) bool {
	t.Helper()
	return InsideGuest(t, func(g *vm.Guest) { g.Share = append(g.Share, share...) }, env...)
}

// InsideGuest is Inside with a guest that change has changed.
func InsideGuest(t *testing.T, change func(g *vm.Guest), env ...string) bool {
	t.Helper()
	if vm.InGuest() {
		return true
	}
	exe, err := testBinary()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	g := &vm.Guest{
		Args:   []string{exe, "-test.run=" + pattern(t.Name()), "-test.v=test2json", "-test.count=1", "-test.paniconexit0"},
		Env:    append(os.Environ(), env...),
		Share:  []string{filepath.Dir(exe)},
		Stdout: &out,
		Stderr: &out,
	}
	if dir := os.Getenv("GOCOVERDIR"); dir != "" {
		g.Share = append(g.Share, dir)
	}
	change(g)
	which := find
	if g.Card != "" {
		which = findUserMode
	}
	k, err := which()
	if err != nil {
		t.Fatal(err)
	}
	err = k.Run(t.Context(), g)
	text := strings.ReplaceAll(out.String(), "\x16", "")
	var exit *vm.ExitError
	switch {
	case errors.As(err, &exit):
		t.Errorf("in the guest (%v):\n%s", err, text)
		if exit.Console != "" && strings.Contains(text, "panic") {
			t.Log(lastLines(exit.Console))
		}
	case err != nil:
		t.Errorf("%v\n%s", err, text)
	case !strings.Contains(text, "--- PASS: "+t.Name()):
		t.Errorf("the guest did not run %s:\n%s", t.Name(), text)
	case testing.Verbose():
		t.Log("\n" + text)
	}
	return false
}

// pattern returns a -test.run pattern that selects one test or subtest.
func pattern(name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	return strings.Join(parts, "/")
}

// lastLines returns the end of what a kernel or a build said.
func lastLines(s string) string {
	const keep = 25
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-keep):], "\n")
}
