package conform

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"github.com/skipsw/skipsw/internal/strictyaml"
	"github.com/skipsw/skipsw/translate/bpf"
)

// Vector is one program with what RFC 9669 says of it.
type Vector struct {
	Name    string
	Section string // of RFC 9669
	Insns   []bpf.Insn
	Memory  []byte
	Result  uint64 // R0 at the exit
	// Unverified: verifiers refuse it, though RFC 9669 says what it does: Run gives
	// the answer.
	Unverified bool
	// Refused: there is no answer, the program must be refused.
	Refused bool
	// Unproven: the program is safe to run with this memory, and a verifier
	// cannot know that.
	Unproven bool
	// Fault: the program runs and ends in a fault. It is unproven, too.
	Fault bool
}

type fileVector struct {
	Name    string `yaml:"name"`
	Section string `yaml:"section"`
	Memory  string `yaml:"memory"`
	Code    string `yaml:"code"`
	Result  uint64 `yaml:"result"`
	Refused bool   `yaml:"refused"`

	Unverified bool `yaml:"unverified"`

	Unproven bool `yaml:"unproven"`
	Fault    bool `yaml:"fault"`
}

// Load reads the vectors of a YAML file, or of all in a folder.
func Load(path string) ([]Vector, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	files := []string{path}
	if st.IsDir() {
		if files, err = filepath.Glob(filepath.Join(path, "*.yaml")); err != nil {
			return nil, err
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("%s holds no .yaml file", path)
		}
	}
	var out []Vector
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		vs, err := parseVectors(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f, err)
		}
		out = append(out, vs...)
	}
	return out, nil
}

func parseVectors(b []byte) ([]Vector, error) {
	var fvs []fileVector
	if err := strictyaml.Unmarshal(b, &fvs); err != nil {
		return nil, err
	}
	var out []Vector
	for _, fv := range fvs {
		v := Vector{
			Name: fv.Name, Section: fv.Section, Result: fv.Result,
			Refused: fv.Refused, Unverified: fv.Unverified, Unproven: fv.Unproven || fv.Fault, Fault: fv.Fault,
		}
		code, err := bpf.Parse(fv.Code)
		if err != nil {
			return nil, fmt.Errorf("vector %s: %w", fv.Name, err)
		}
		v.Insns = code.Insns
		if v.Memory, err = hex.DecodeString(fv.Memory); err != nil {
			return nil, fmt.Errorf("vector %s: memory: %w", fv.Name, err)
		}
		out = append(out, v)
	}
	return out, nil
}
