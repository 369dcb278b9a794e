package strictyaml

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// Limits of a whole file: how deep lists and maps may be nested, and the bytes of
// a line, on which the time for one grows with their square.
const (
	maxDepth = 16
	maxLine  = 8192
)

// UnmarshalWhole decodes data into to, a pointer to a struct with json tags, as
// Unmarshal does. A field of a struct that the file does not have is an error too, unless
// its tag says omitempty; all of them come at once. Nesting is bounded, and
// there are no anchors, whose expansion is not.
func UnmarshalWhole(data []byte, to any) error {
	if err := bounded(data); err != nil {
		return err
	}
	if err := Unmarshal(data, to); err != nil {
		return err
	}
	var tree map[string]any
	if err := Unmarshal(data, &tree); err != nil {
		return err
	}
	var errs Errors
	missing(reflect.TypeOf(to).Elem(), tree, "", &errs)
	return errs.Err()
}

// Errors are all that is wrong with a file.
type Errors []error

// Err returns the errors as one, nil if there are none.
func (e Errors) Err() error {
	if len(e) == 0 {
		return nil
	}
	return e
}

// Error returns all of them in one line.
func (e Errors) Error() string {
	var text []string
	for _, err := range e {
		text = append(text, err.Error())
	}
	return strings.Join(text, "; ")
}

// Unwrap returns them.
func (e Errors) Unwrap() []error { return e }

// Has reports whether a file, a map, has a key at its top level.
func Has(data []byte, key string) (bool, error) {
	if err := bounded(data); err != nil {
		return false, err
	}
	var tree map[string]any
	err := Unmarshal(data, &tree)
	_, ok := tree[key]
	return ok, err
}

// bounded refuses files whose decoding takes more than their size lets expect.
func bounded(data []byte) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("damaged YAML: %v", v)
		}
	}()
	n := 0
	for l := range bytes.Lines(data) {
		if n++; len(l) > maxLine {
			return fmt.Errorf("line %d: longer than %d bytes", n, maxLine)
		}
	}
	flow, dashes, line := 0, 0, 0
	for _, t := range lexer.Tokenize(string(data)) {
		if t.Position.Line != line {
			line, dashes = t.Position.Line, 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType:
			dashes++
		case token.AnchorType, token.AliasType, token.MergeKeyType:
			return fmt.Errorf("line %d: anchors and aliases are not supported", line)
		}
		if flow > maxDepth || dashes > maxDepth || t.Position.IndentLevel > maxDepth {
			return fmt.Errorf("line %d: nested deeper than %d levels", line, maxDepth)
		}
	}
	return nil
}

// missing notes the fields of a struct type that a tree lacks.
func missing(t reflect.Type, tree any, path string, errs *Errors) {
	switch t.Kind() {
	case reflect.Pointer:
		missing(t.Elem(), tree, path, errs)
	case reflect.Slice:
		if list, ok := tree.([]any); ok {
			for k, e := range list {
				missing(t.Elem(), e, fmt.Sprintf("%s[%d]", path, k), errs)
			}
		}
	case reflect.Map:
		m, _ := tree.(map[string]any)
		keys := make([]string, 0, len(m))
		for k := range m {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			missing(t.Elem(), m[k], path+"."+k, errs)
		}
	case reflect.Struct:
		m, ok := tree.(map[string]any)
		if !ok && tree != nil {
			return // it has a text form
		}
		for k := range t.NumField() {
			f := t.Field(k)
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			v, there := m[name]
			at := strings.TrimPrefix(path+"."+name, ".")
			switch {
			case there && v != nil:
				missing(f.Type, v, at, errs)
			case options != "omitempty":
				*errs = append(*errs, fmt.Errorf("%s is missing", at))
			}
		}
	}
}
