package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path"
	"reflect"
	"regexp"
	"strings"
	"testing"

	schema "github.com/invopop/jsonschema"
	validate "github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/explain"
	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/packetrun"
	"github.com/skipsw/skipsw/offload"
)

// outputs are the values that verbs print with --json.
var outputs = map[string]any{
	"bench":               benchResult{},
	"bench of a sweep":    benchReport{},
	"card list":           []shownCard{},
	"card status":         shownCard{},
	"check":               []checkedProgram{},
	"compile":             compileReport{},
	"compile of a folder": treeReport{},
	"dev list":            []listedDevice{},
	"diff":                oracle.Summary{},
	"explain":             explain.Report{},
	"features":            []offload.Capabilities{},
	"map dump":            []jsonEntry{},
	"map list":            []offload.MapInfo{},
	"map lookup":          []jsonEntry{},
	"map next":            nextKey{},
	"prog list":           []listedProgram{},
	"run":                 runResult{},
	"run of captures":     runReport{},
	"run, a line":         packetrun.Packet{},
	"run, coverage":       coverageFile{},
	"show":                []shownDevice{},
	"stats":               map[string]map[string]uint64{},
}

// schemaFile is where the schema stands.
const schemaFile = "../../../docs/schema.json"

// outputSchema is the schema of all outputs: $defs has one of each verb under
// its name.
func outputSchema(t *testing.T) []byte {
	name := func(typ reflect.Type) string {
		if typ.PkgPath() == "" {
			return typ.Name()
		}
		return path.Base(typ.PkgPath()) + "." + typ.Name()
	}
	r := schema.Reflector{Anonymous: true, Namer: name, Mapper: func(typ reflect.Type) *schema.Schema {
		if typ == reflect.TypeFor[offload.Attachment]() {
			return &schema.Schema{Ref: "#/$defs/offload.AttachmentJSON"}
		}
		return nil
	}}
	all := map[string]any{}
	add := func(s *schema.Schema, name string) {
		for def, body := range s.Definitions {
			all[def] = body
		}
		s.Definitions, s.Version, s.ID = nil, "", ""
		all[name] = s
	}
	for verb, v := range outputs {
		add(r.Reflect(v), verb)
	}
	add(r.Reflect(offload.AttachmentJSON{}), "show")
	add(r.Reflect(outputs["show"]), "show")
	b, err := json.MarshalIndent(map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"title":   "What the verbs of offload print with --json; $defs has each under its name",
		"version": jsonVersion,
		"$defs":   all,
	}, "", "  ")
	require.NoError(t, err)
	return append(b, '\n')
}

// TestSchema compares the committed schema with the types that verbs print, whose
// names are all in snake_case.
func TestSchema(t *testing.T) {
	want := outputSchema(t)
	if *update {
		require.NoError(t, os.WriteFile(schemaFile, want, 0o666))
	}
	got, err := os.ReadFile(schemaFile)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "the JSON output has changed: make docs, and a higher jsonVersion if something is gone or means something else")
	var all struct {
		Defs map[string]struct{ Properties map[string]any } `json:"$defs"`
	}
	require.NoError(t, json.Unmarshal(want, &all))
	snake := regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	for def, s := range all.Defs {
		for name := range s.Properties {
			if !snake.MatchString(name) {
				t.Errorf("%s.%s is not in snake case", def, name)
			}
		}
	}
	// Every verb that has --json is in the table.
	c := Default()
	a, err := newApp(&c)
	require.NoError(t, err)
	var verbose bool
	eachVerb(newRoot(a, &verbose), func(verb *cobra.Command) {
		if f := verb.Flags().Lookup("json"); f != nil && !strings.Contains(f.Usage, "one JSON object a line") {
			require.Contains(t, outputs, strings.Join(strings.Fields(verb.CommandPath())[1:], " "))
		}
	})
}

// TestOutputsFollowSchema runs verbs and validates what they print.
func TestOutputsFollowSchema(t *testing.T) {
	file, err := os.ReadFile(schemaFile)
	require.NoError(t, err)
	doc, err := validate.UnmarshalJSON(bytes.NewReader(file))
	require.NoError(t, err)
	compiler := validate.NewCompiler()
	require.NoError(t, compiler.AddResource("schema.json", doc))
	const obj, pcap = "../../../testdata/bpf/count_by_proto.o", "../../../testdata/pcap/count_by_proto.pcap"
	const folder = "../../../testdata/bpf/refused"
	for _, line := range []string{
		"bench --packets 2000 " + obj,
		"check " + obj,
		"check --target skipsw ../../../testdata/bpf/refused/null_value.o",
		"compile --report " + obj,
		"compile ../../../testdata/bpf/refused/null_value.o",
		"compile " + folder,
		"dev list",
		"diff --n 3 --no-kernel --near-miss 0",
		"features sim:card0",
		"map list sim:card0",
		"prog list sim:card0",
		"run --maps --pcap " + pcap + " " + obj,
		"show sim:card0",
		"stats sim:card0",
	} {
		t.Run(line, func(t *testing.T) {
			var out, says strings.Builder
			c := Default()
			c.Args, c.Stdin, c.Stdout, c.Stderr = append(strings.Fields(line), "--json"), strings.NewReader(""), &out, &says
			code := Main(c)
			require.Contains(t, []int{exitDone, exitInput}, code, says.String())
			require.NotEmpty(t, out.String(), says.String())
			words := strings.Fields(line)
			verb := words[0]
			if words[len(words)-1] == folder {
				verb = "compile of a folder"
			} else if _, ok := outputs[verb]; !ok {
				verb = strings.Join(words[:2], " ")
			}
			s, err := compiler.Compile("schema.json#/$defs/" + strings.ReplaceAll(verb, " ", "%20"))
			require.NoError(t, err)
			v, err := validate.UnmarshalJSON(strings.NewReader(out.String()))
			require.NoError(t, err)
			require.NoError(t, s.Validate(v))
		})
	}
}
