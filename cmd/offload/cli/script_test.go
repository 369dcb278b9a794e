package cli

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"offload": func() { os.Exit(Main(Default())) },
	})
}

func TestScripts(t *testing.T) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("BPF", filepath.Join(root, "testdata", "bpf"))
			e.Setenv("PCAP", filepath.Join(root, "testdata", "pcap"))
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"truncate": truncate,
			"exitcode": exitCode,
			"oneline":  oneLine,
			"jsonhas":  jsonHas,
			"unhex":    unhex,

			"eventually": eventually,
		},
	})
}

// truncate SRC DST N copies the first N bytes of SRC.
func truncate(ts *testscript.TestScript, _ bool, args []string) {
	data := ts.ReadFile(args[0])
	n, err := strconv.Atoi(args[2])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(data[:n]), 0o644))
}

// eventually PATTERN COMMAND ARG... runs a command until its standard output
// matches.
func eventually(ts *testscript.TestScript, _ bool, args []string) {
	re := regexp.MustCompile("(?m)" + args[0])
	deadline := time.Now().Add(time.Minute)
	for {
		err := ts.Exec(args[1], args[2:]...)
		if re.MatchString(ts.ReadFile("stdout")) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%v does not print %s: %v", args[1:], args[0], err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// unhex DST DIGITS writes the bytes of a hexadecimal string.
func unhex(ts *testscript.TestScript, _ bool, args []string) {
	data, err := hex.DecodeString(args[1])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o644))
}

// exitcode N COMMAND runs the command line in this process and checks its
// exit code; its output is in the files stdout and stderr of the work folder.
func exitCode(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	var out, errOut strings.Builder
	abs := make([]string, 0, len(args))
	for _, a := range args[2:] {
		if _, err := os.Stat(ts.MkAbs(a)); err == nil && a != "" && !strings.HasPrefix(a, "-") {
			a = ts.MkAbs(a)
		}
		abs = append(abs, a)
	}
	c := Default()
	c.Args, c.Stdin, c.Stdout, c.Stderr = abs, strings.NewReader(""), &out, &errOut
	got := Main(c)
	ts.Check(os.WriteFile(ts.MkAbs("out"), []byte(out.String()), 0o644))
	ts.Check(os.WriteFile(ts.MkAbs("err"), []byte(errOut.String()), 0o644))
	if got != want {
		ts.Fatalf("exit code %d, want %d; stderr: %s", got, want, errOut.String())
	}
}

// oneline FILE checks that the file holds one non-empty line.
func oneLine(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	if n := strings.Count(text, "\n"); n != 1 || strings.TrimSpace(text) == "" {
		ts.Fatalf("%s has %d lines:\n%s", args[0], n, text)
	}
}

// jsonhas FILE PATH [VALUE] checks a dotted path in a JSON file.
func jsonHas(ts *testscript.TestScript, neg bool, args []string) {
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &v))
	for _, k := range strings.Split(args[1], ".") {
		switch c := v.(type) {
		case map[string]any:
			v = c[k]
		case []any:
			i, err := strconv.Atoi(k)
			ts.Check(err)
			if i >= len(c) {
				v = nil
				break
			}
			v = c[i]
		default:
			v = nil
		}
	}
	if neg {
		if v != nil {
			ts.Fatalf("%s has %s = %v", args[0], args[1], v)
		}
		return
	}
	got, err := json.Marshal(v)
	ts.Check(err)
	if v == nil || len(args) > 2 && strings.Trim(string(got), `"`) != args[2] {
		ts.Fatalf("%s: %s = %s, want %s", args[0], args[1], got, args[2:])
	}
}
