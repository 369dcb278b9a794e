package mapfile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"
	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/mapfile"
)

var (
	u32  = &btf.Int{Name: "__u32", Size: 4}
	u16  = &btf.Int{Name: "__u16", Size: 2}
	char = &btf.Int{Name: "char", Size: 1, Encoding: btf.Char}
	addr = &btf.Typedef{Name: "__be32", Type: u32}
	verb = &btf.Enum{Name: "verb", Size: 2, Values: []btf.EnumValue{{Name: "PASS"}, {Name: "BLOCK", Value: 7}}}
	rule = &btf.Struct{Name: "rule", Size: 8, Members: []btf.Member{
		{Name: "rate", Type: u32},
		{Name: "verb", Type: verb, Offset: 32},
		{Name: "tag", Type: &btf.Array{Type: char, Index: u32, Nelems: 2}, Offset: 48},
	}}
)

// shapes are those of the tests' maps.
var shapes = map[string]mapfile.Shape{
	"rules": {KeySize: 4, ValueSize: 8, Key: addr, Value: rule},
	"bare":  {KeySize: 4, ValueSize: 8},
	"cpus":  {KeySize: 4, ValueSize: 4, CPUs: 2, Key: u32, Value: u32},
	"queue": {ValueSize: 2, Value: u16},
	"jmp":   {KeySize: 4, ValueSize: 4, Key: u32, Value: &btf.Enum{Name: mapfile.ProgramType, Size: 4, Values: []btf.EnumValue{{Name: "first", Value: 1}, {Name: "second", Value: 2}}}},
}

func readAll(text, name string) (string, error) {
	var out strings.Builder
	err := mapfile.Read(strings.NewReader(text), name, func(name string) (mapfile.Shape, error) {
		s, ok := shapes[name]
		if !ok {
			return s, fmt.Errorf("no map %s", name)
		}
		return s, nil
	}, func(name string, e mapfile.Entry) error {
		_, err := fmt.Fprintf(&out, "%s %x %x;", name, e.Key, e.Value)
		return err
	})
	return out.String(), err
}

func TestRead(t *testing.T) {
	for _, tt := range []struct{ name, of, text, want string }{
		{"map dump", "bare", `[{"key": "0a000001", "value": "0100000000000002", "key_text": "x", "value_text": "y"}]`, "bare 0a000001 0100000000000002;"},
		{"bpftool, bytes", "bare", `[{"key":["0x0a","0x00","0x00","0x01"],"value":["0x01","0x00","0x00","0x00","0x00","0x00","0x00","0xff"]}]`, "bare 0a000001 01000000000000ff;"},
		{"bpftool, bytes beside types", "rules", `[{"key":["0x0a","0x00","0x00","0x01"],"value":["0x05","0x00","0x00","0x00","0x07","0x00","0x61","0x62"],"formatted":{"key":1,"value":{"rate":9}}}]`, "rules 0a000001 0500000007006162;"},
		{"bpftool, a value a CPU", "cpus", `[{"key":["0x01","0x00","0x00","0x00"],"values":[{"cpu":0,"value":["0x01","0x00","0x00","0x00","0x00","0x00","0x00","0x00"]},{"cpu":1,"value":["0x02","0x00","0x00","0x00"]}]}]`, "cpus 01000000 01000000000000000200000000000000;"},
		{"one value for all CPUs", "cpus", `[{"key": 1, "value": 7}]`, "cpus 01000000 07000000000000000700000000000000;"},
		{"the bytes of all CPUs", "cpus", `[{"key": "01000000", "value": "01000000000000000200000000000000"}]`, "cpus 01000000 01000000000000000200000000000000;"},
		{"typed, a value a CPU", "cpus", `[{"key": 1, "values": [{"cpu": 0, "value": 5}, {"cpu": 1, "value": 6}]}]`, "cpus 01000000 05000000000000000600000000000000;"},
		{"typed", "rules", `[{"key": "10.0.0.1", "value": {"rate": 5, "verb": "BLOCK", "tag": "ab"}}]`, "rules 0a000001 0500000007006162;"},
		{"typed, by numbers", "rules", `[{"key": 167772161, "value": {"rate": 5, "verb": 7, "tag": [97, 98]}}]`, "rules 0a000001 0500000007006162;"},
		{"typed, in the order of members", "rules", `[{"key": "10.0.0.1", "value": [5, "BLOCK", "ab"]}]`, "rules 0a000001 0500000007006162;"},
		{"numbers without types", "bare", `[{"key": 1, "value": -1}]`, "bare 01000000 ffffffffffffffff;"},
		{"without keys", "queue", `[{"value": 1}, {"key": "", "value": "0200"}]`, "queue  0100;queue  0200;"},
		{"programs by name", "jmp", `[{"key": 0, "value": "05000000", "value_text": "second"}, {"key": 1, "value": "09000000", "program": "first"}, {"key": 2, "value": "first"}]`, "jmp 00000000 02000000;jmp 01000000 01000000;jmp 02000000 01000000;"},
		{"maps by name", "", `{"bare": [{"key": 1, "value": 2}], "note": {"a": [1]}, "n": 3, "queue": [{"value": 1}]}`, "bare 01000000 0200000000000000;queue  0100;"},
		{"what a run prints", "", `{"packets": 3, "verdicts": {"XDP_PASS": 3}, "maps": {"bare": [{"key": "01000000", "value": "0200000000000000"}]}}`, "bare 01000000 0200000000000000;"},
		{"one of several", "queue", `{"nosuch": [{}], "queue": [{"value": 1}]}`, "queue  0100;"},
		{"no entries", "bare", `[]`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := readAll(tt.text, tt.of)
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
}

func TestReadErrors(t *testing.T) {
	for _, tt := range []struct{ name, of, text, want string }{
		{"empty", "bare", ``, "no JSON: the file ends too early"},
		{"a number", "bare", `7`, "7 is neither a list of entries nor maps by name"},
		{"cut off", "bare", `[{"key": 1, "value": 2}`, "map bare: the file ends too early"},
		{"cut off in an entry", "bare", `[{"key": 1, "value": 2}, {"key": 1`, "map bare, entry 2: the file ends too early"},
		{"rest", "bare", `[] []`, "something stands behind the end of the JSON"},
		{"no map named", "", `[]`, "the file does not name the map that its entries are for"},
		{"no such map", "", `{"nosuch": []}`, "no map nosuch"},
		{"none of the map", "bare", `{"queue": []}`, "has no entries of map bare"},
		{"no maps", "", `{"a": 1}`, "has no entries of any map: they are lists, by the maps' names"},
		{"no key", "bare", `[{"value": 1}]`, "map bare, entry 1: has no key"},
		{"no value", "bare", `[{"key": 1, "value": 1}, {"key": 1}]`, "map bare, entry 2: has no value"},
		{"null", "bare", `[{"key": null, "value": 1}]`, "map bare, entry 1: key: null is no value"},
		{"bytes missing", "bare", `[{"key": ["0x01"], "value": 1}]`, "map bare, entry 1: key: 1 bytes, want 4"},
		{"digits missing", "bare", `[{"key": 1, "value": "0102"}]`, "map bare, entry 1: value: 2 bytes, want 8"},
		{"too large", "bare", `[{"key": 4294967296, "value": 1}]`, "map bare, entry 1: key: 4294967296 does not fit into 4 bytes"},
		{"no types", "bare", `[{"key": {"a": 1}, "value": 1}]`, "map bare, entry 1: key: the map's C types are not known, so that it takes bytes: text of two hexadecimal digits for each"},
		{"no member", "rules", `[{"key": "10.0.0.1", "value": {"speed": 1}}]`, `map rules, entry 1: value: no member "speed"; there are: rate, verb, tag`},
		{"bad name", "rules", `[{"key": "10.0.0.1", "value": {"a = 1, .b": 1}}]`, `map rules, entry 1: value: "a = 1, .b" is no name of a member`},
		{"bpftool's error", "bare", `[{"key": 1, "value": {"error": "Operation not supported"}}]`, `map bare, entry 1: value: could not be read when it was written down: "Operation not supported"`},
		{"CPUs", "cpus", `[{"key": 1, "values": [{"cpu": 0, "value": 1}]}]`, "map cpus, entry 1: value: values of 1 CPUs, and an entry of this map has 2"},
		{"CPUs on a card", "bare", `[{"key": 1, "values": [{"cpu": 0, "value": 1}, {"cpu": 1, "value": 1}]}]`, "map bare, entry 1: value: values of 2 CPUs, and an entry of this map has 1"},
		{"no program", "jmp", `[{"key": 1, "value": "third"}]`, `map jmp, entry 1: value: "third" is neither a number nor of enum program`},
		{"deep", "rules", `[{"key": 1, "value": ` + strings.Repeat("[", 50) + strings.Repeat("]", 50) + `}]`, "map rules, entry 1: value: lists nest deeper than 32"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := readAll(tt.text, tt.of)
			require.EqualError(t, err, tt.want)
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`[{"key": "10.0.0.1", "value": {"rate": 5, "verb": "BLOCK", "tag": "ab"}}]`, "rules")
	f.Add(`{"maps": {"bare": [{"key": ["0x01"], "values": [{"cpu": 0, "value": []}]}]}}`, "")
	f.Add(`[{"key": 1, "value": "first", "program": ""}]`, "jmp")
	f.Fuzz(func(t *testing.T, text, name string) {
		err := mapfile.Read(strings.NewReader(text), name, func(name string) (mapfile.Shape, error) {
			s, ok := shapes[name]
			if !ok {
				return s, fmt.Errorf("no map %s", name)
			}
			return s, nil
		}, func(name string, e mapfile.Entry) error {
			s := shapes[name]
			require.Len(t, e.Key, s.KeySize)
			require.Len(t, e.Value, s.ValueSize)
			return nil
		})
		if err != nil {
			require.NotEmpty(t, err.Error())
		}
	})
}
