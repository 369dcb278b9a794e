package target

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/skipsw/skipsw/internal/strictyaml"
)

//go:embed *.yaml
var builtin embed.FS

// MaxFile is the greatest size of a target file, in bytes.
const MaxFile = 64 << 10

// Names returns the names of the built-in targets, sorted.
func Names() []string {
	entries, err := builtin.ReadDir(".")
	if err != nil {
		panic("BUG: embedded targets: " + err.Error())
	}
	var out []string
	for _, e := range entries {
		out = append(out, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	slices.Sort(out)
	return out
}

// Builtin returns the named built-in target.
func Builtin(name string) (*Target, error) {
	if _, err := BuiltinFile(name); err != nil {
		return nil, err
	}
	return builtins()[name].Clone(), nil
}

// builtins reads the built-in targets once, for reading takes long.
var builtins = sync.OnceValue(func() map[string]*Target {
	out := map[string]*Target{}
	for _, name := range Names() {
		data, err := BuiltinFile(name)
		if err == nil {
			out[name], err = parse(data)
		}
		if err != nil {
			panic("BUG: " + err.Error())
		}
	}
	return out
})

// MustBuiltin is Builtin for a name that is known to be there.
func MustBuiltin(name string) *Target {
	t, err := Builtin(name)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return t
}

// BuiltinFile returns the file of a built-in target, a good start for an own
// one.
func BuiltinFile(name string) ([]byte, error) {
	data, err := builtin.ReadFile(name + ".yaml")
	if err != nil || strings.ContainsAny(name, "/.") {
		return nil, fmt.Errorf("no target %q; there are %s, or a path of a target file (with a dot or slash in it)",
			name, strings.Join(Names(), ", "))
	}
	return data, nil
}

// Load returns the built-in target of that name, or reads a target file if the
// name has a slash or a dot in it.
func Load(name string) (*Target, error) {
	if !strings.ContainsAny(name, "/.") {
		return Builtin(name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("target file: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("target file: %w", err)
	}
	return Parse(name, data)
}

// Parse reads a target description. Errors name the field; all that are found
// in values come at once. Unknown fields are errors, and so are missing ones. A
// file that says no schema is one of the format before it.
func Parse(file string, data []byte) (*Target, error) {
	fail := func(err error) (*Target, error) { return nil, fmt.Errorf("target file %s: %w", file, err) }
	if len(data) > MaxFile {
		return fail(fmt.Errorf("it is larger than %d bytes", MaxFile))
	}
	has, err := strictyaml.Has(data, "schema")
	if err != nil {
		return fail(err)
	}
	read := parse
	if !has {
		read = parse1
	}
	t, err := read(data)
	if err != nil {
		return fail(err)
	}
	return t, nil
}

// parse reads a file that says its schema.
func parse(data []byte) (*Target, error) {
	t := new(Target)
	if err := strictyaml.UnmarshalWhole(data, t); err != nil {
		return nil, err
	}
	if err := t.Check(); err != nil {
		return nil, err
	}
	return t, nil
}

// Marshal returns the description as JSON, which Parse and Unmarshal read. The
// same target gives the same bytes.
func (t *Target) Marshal() []byte {
	data, err := json.Marshal(t)
	if err != nil {
		panic("BUG: target " + t.Name + ": " + err.Error())
	}
	return data
}

// Unmarshal reads what Marshal wrote. Unlike Parse it takes a field that is
// missing as zero, which Check refuses where it makes no sense.
func Unmarshal(data []byte) (*Target, error) {
	t := new(Target)
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	err := d.Decode(t)
	if err == nil {
		err = t.Check()
	}
	if err != nil {
		return nil, fmt.Errorf("target: %w", err)
	}
	return t, nil
}
