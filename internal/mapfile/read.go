package mapfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/cilium/ebpf/btf"

	"github.com/skipsw/skipsw/translate/bpf"
)

// Shape is what entries of a map have to be.
type Shape struct {
	// KeySize and ValueSize are in bytes.
	KeySize, ValueSize int
	// Key and Value are the C types, nil where not known.
	Key, Value btf.Type
	// CPUs is how many values an entry has, one behind the other, each rounded up to 8
	// bytes; 0 for a map that is not per CPU, or of which one CPU is seen.
	CPUs int
}

// part is the bytes of a CPU's value in an entry that has several.
func (s *Shape) part() int {
	if s.CPUs == 0 {
		return s.ValueSize
	}
	return bpf.CPUValueBytes(s.ValueSize)
}

// Entry is one entry.
type Entry struct{ Key, Value []byte }

// EntryError is what is wrong with an entry of a map, counted from 1.
type EntryError struct {
	Map   string
	Entry int
	Err   error
}

// Error names map and entry.
func (e *EntryError) Error() string {
	return fmt.Sprintf("map %s, entry %d: %v", e.Map, e.Entry, e.Err)
}

// Unwrap returns what is wrong.
func (e *EntryError) Unwrap() error { return e.Err }

// row is an entry as it stands in a file.
type row struct {
	Key    json.RawMessage `json:"key"`
	Value  json.RawMessage `json:"value"`
	Values []struct {
		CPU   int             `json:"cpu"`
		Value json.RawMessage `json:"value"`
	} `json:"values"`
	// Program and ValueText name the program in a slot of a program array.
	Program   string `json:"program"`
	ValueText string `json:"value_text"`
}

// Read reads entries in the order of the file and gives each to put. name is the
// map that is wanted, "" for all of a file with names; shape returns what a map's entries are, or
// why it takes none. Errors name the map and the entry, counted from 1.
func Read(r io.Reader, name string, shape func(name string) (Shape, error), put func(name string, e Entry) error) error {
	d := &decoder{json: json.NewDecoder(r), shape: shape, put: put}
	first, err := d.json.Token()
	if err != nil {
		return fmt.Errorf("no JSON: %w", plainEOF(err))
	}
	switch first {
	case json.Delim('['):
		if name == "" {
			return errors.New("the file does not name the map that its entries are for")
		}
		err = d.entries(name)
	case json.Delim('{'):
		err = d.maps(name)
	default:
		return fmt.Errorf("%v is neither a list of entries nor maps by name", first)
	}
	if err != nil {
		return err
	}
	if _, err := d.json.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something stands behind the end of the JSON")
	}
	return nil
}

// plainEOF says that a file ends too early.
func plainEOF(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the file ends too early")
	}
	return err
}

type decoder struct {
	json  *json.Decoder
	shape func(name string) (Shape, error)
	put   func(name string, e Entry) error
}

// maps reads maps by name, behind the brace. only, if not "", is the one that is
// wanted. What a run prints has its maps below "maps", beside other things.
func (d *decoder) maps(only string) error {
	found := false
	for d.json.More() {
		token, err := d.json.Token()
		if err != nil {
			return plainEOF(err)
		}
		name := token.(string) // the name of a member is one
		first, err := d.json.Token()
		switch {
		case err != nil:
			return fmt.Errorf("map %s: %w", name, plainEOF(err))
		case first == json.Delim('[') && (only == "" || only == name):
			if err := d.entries(name); err != nil {
				return err
			}
			found = true
		case first == json.Delim('{') && name == "maps":
			if err := d.maps(only); err != nil {
				return err
			}
			found = true
		case first == json.Delim('[') || first == json.Delim('{'):
			if err := d.skip(); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	if _, err := d.json.Token(); err != nil {
		return plainEOF(err)
	}
	if !found && only != "" {
		return fmt.Errorf("has no entries of map %s", only)
	}
	if !found {
		return errors.New("has no entries of any map: they are lists, by the maps' names")
	}
	return nil
}

// skip reads to the end of a list or object that has been opened.
func (d *decoder) skip() error {
	for depth := 1; depth > 0; {
		token, err := d.json.Token()
		if err != nil {
			return plainEOF(err)
		}
		switch token {
		case json.Delim('['), json.Delim('{'):
			depth++
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
	}
	return nil
}

// entries reads the entries of a map, behind the bracket.
func (d *decoder) entries(name string) error {
	s, err := d.shape(name)
	if err != nil {
		return err
	}
	for n := 1; d.json.More(); n++ {
		var one row
		err := d.json.Decode(&one)
		var e Entry
		if err == nil {
			e, err = s.entry(&one)
		}
		if err == nil {
			err = d.put(name, e)
		}
		var known *EntryError
		if errors.As(err, &known) {
			return known
		}
		if err != nil {
			return &EntryError{name, n, plainEOF(err)}
		}
	}
	if _, err = d.json.Token(); err != nil {
		return fmt.Errorf("map %s: %w", name, plainEOF(err))
	}
	return nil
}

// entry reads an entry.
func (s *Shape) entry(one *row) (e Entry, err error) {
	switch {
	case one.Key == nil && s.KeySize > 0:
		return e, errors.New("has no key")
	case s.KeySize > 0:
		if e.Key, err = read(s.Key, one.Key, s.KeySize); err != nil {
			return e, fmt.Errorf("key: %w", err)
		}
	}
	switch program := one.program(s.Value); {
	case program != nil:
		e.Value, err = read(s.Value, program, s.ValueSize)
	case one.Values != nil:
		e.Value, err = s.values(one)
	case one.Value == nil:
		return e, errors.New("has no value")
	case s.CPUs > 0:
		e.Value, err = s.forAll(one.Value)
	default:
		e.Value, err = read(s.Value, one.Value, s.ValueSize)
	}
	if err != nil {
		return e, fmt.Errorf("value: %w", err)
	}
	return e, nil
}

// ProgramType is the name of the enumeration that values of program arrays are of:
// they are numbers of an image's programs, and other images have other numbers.
const ProgramType = "program"

// program returns the name of the program in a slot as JSON, nil for others.
func (r *row) program(t btf.Type) json.RawMessage {
	e, ok := t.(*btf.Enum)
	if !ok || e.Name != ProgramType {
		return nil
	}
	name := r.Program
	if name == "" {
		name = r.ValueText
	}
	if name == "" {
		return nil
	}
	b, err := json.Marshal(name)
	if err != nil {
		return nil
	}
	return b
}

// values reads the values of a per-CPU map, in the order of the CPUs.
func (s *Shape) values(one *row) ([]byte, error) {
	if want := max(s.CPUs, 1); len(one.Values) != want {
		return nil, fmt.Errorf("values of %d CPUs, and an entry of this map has %d", len(one.Values), want)
	}
	var out []byte
	for i, v := range one.Values {
		if v.CPU != i {
			return nil, fmt.Errorf("the value of CPU %d stands in the place of that of CPU %d", v.CPU, i)
		}
		size := s.ValueSize
		if n := len(listOf(v.Value)); n == s.part() {
			size = n // bpftool has it rounded up
		}
		b, err := read(s.Value, v.Value, size)
		if err != nil {
			return nil, fmt.Errorf("CPU %d: %w", v.CPU, err)
		}
		out = append(append(out, b...), make([]byte, s.part()-len(b))...)
	}
	return out, nil
}

// forAll reads the value of a per-CPU map that all CPUs get, or the bytes of all their values.
func (s *Shape) forAll(raw json.RawMessage) ([]byte, error) {
	one, err := read(s.Value, raw, s.ValueSize)
	if err != nil {
		if all, wrong := read(nil, raw, s.CPUs*s.part()); wrong == nil {
			return all, nil
		}
		return nil, err
	}
	one = append(one, make([]byte, s.part()-len(one))...)
	return bytes.Repeat(one, s.CPUs), nil
}

// listOf returns the elements of a list, nil for what is none.
func listOf(raw json.RawMessage) (all []json.RawMessage) {
	if len(raw) == 0 || bytes.TrimSpace(raw)[0] != '[' || json.Unmarshal(raw, &all) != nil {
		return nil
	}
	return all
}
