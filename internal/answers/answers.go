// Package answers holds what the kernel's nfp driver says to programs that are
// loaded for a card: the programs, by name, and the recorded answers in
// testdata/driver. The guest test of package testbed/e2e records and compares
// them; package offload/check foretells them.
//
// It never loads anything and knows no rule. Entry points: Programs, Read.
package answers

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Stage is where a program was refused.
type Stage string

// The stages, in the order in which a program goes through them.
const (
	Map    Stage = "map"    // one of its maps was not made on the card
	Load   Stage = "load"   // verifier, driver or its JIT
	Attach Stage = "attach" // to the port, at the default MTU
)

// Answer is what became of a program.
type Answer struct {
	Name  string
	Tag   string // the program's, see Program.Tag
	Stage Stage  // "" is taken
	Errno string // as the kernel names it: "EINVAL"
	Says  string // the last words of kernel or driver, "" for none
	Words int    // of machine code, if it was taken
}

// Taken reports whether the program was loaded and attached.
func (a Answer) Taken() bool { return a.Stage == "" }

// Kind is the kind of a refusal: what the driver or the kernel says, without the
// numbers in it.
func (a Answer) Kind() string {
	kind := strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return -1
		}
		return r
	}, a.Says)
	return fmt.Sprintf("%s %s %s", a.Stage, a.Errno, kind)
}

// String is the answer as a line of the file.
func (a Answer) String() string {
	if a.Taken() {
		return fmt.Sprintf("%s taken %s: %d words", a.Tag, a.Name, a.Words)
	}
	return strings.TrimSuffix(fmt.Sprintf("%s refused %s %s %s: %s", a.Tag, a.Name, a.Stage, a.Errno, a.Says), ": ")
}

// parse reads such a line.
func parse(line string) (a Answer, err error) {
	tag, rest, _ := strings.Cut(line, " ")
	a.Tag = tag
	verdict, rest, _ := strings.Cut(rest, " ")
	switch verdict {
	case "taken":
		name, words, _ := strings.Cut(rest, ": ")
		a.Name = name
		if _, err := fmt.Sscanf(words, "%d words", &a.Words); err == nil {
			return a, nil
		}
	case "refused":
		head, says, _ := strings.Cut(rest, ": ")
		if f := strings.Fields(head); len(f) == 3 {
			a.Name, a.Stage, a.Errno, a.Says = f[0], Stage(f[1]), f[2], says
			return a, nil
		}
	}
	return a, fmt.Errorf("no answer: %q", line)
}

// folder holds the package's data, from the module's root.
const folder = "testdata/driver"

// file is the recorded answers, see Write.
func file(root string) string { return filepath.Join(root, folder, "answers.txt") }

// Read returns the recorded answers, by name, and the kernel that gave them. An
// answer is about the program whose tag it has: objects change, and new ones come.
func Read(root string) (kernel string, all map[string]Answer, err error) {
	f, err := os.Open(file(root))
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	all = map[string]Answer{}
	for s := bufio.NewScanner(f); ; {
		if !s.Scan() {
			return kernel, all, s.Err()
		}
		if k, ok := strings.CutPrefix(s.Text(), "# kernel "); ok {
			kernel = k
			continue
		}
		a, err := parse(s.Text())
		if err != nil {
			return "", nil, err
		}
		all[a.Name] = a
	}
}

// Write records answers.
func Write(root, kernel string, all []Answer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# kernel %s\n", kernel)
	for _, a := range all {
		fmt.Fprintln(&b, a)
	}
	return os.WriteFile(file(root), []byte(b.String()), 0o644)
}
