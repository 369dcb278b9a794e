package target_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
)

func TestBuiltinTargetsLoad(t *testing.T) {
	require.Equal(t, []string{"agilio", "skipsw"}, target.Names())
	for _, name := range target.Names() {
		tg, err := target.Builtin(name)
		require.NoError(t, err)
		require.Equal(t, name, tg.Name)
	}
}

func TestLoadFromDisk(t *testing.T) {
	data, err := os.ReadFile("agilio.yaml")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "own.yaml")
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(data), "name: agilio", "name: own", 1)), 0o600))
	tg, err := target.Load(path)
	require.NoError(t, err)
	require.Equal(t, "own", tg.Name)
}

func TestBadTargets(t *testing.T) {
	good, err := os.ReadFile("agilio.yaml")
	require.NoError(t, err)
	for _, c := range []struct{ name, from, to, want string }{
		{"unknown field", "abi: 2", "abi: 2\nspeed: 3", `unknown field "speed"`},
		{"wrong type", "abi: 2", "abi: two", "abi: two"},
		{"code start", "code_start: 3072", "code_start: 20000", "core.code_start is 20000"},
		{"contexts", "contexts: 4", "contexts: 8", "4 contexts only"},
		{"exit kind", "kind: code", "kind: odd", "exit.kind is \"odd\""},
		{"exit table", "xdp: [0x82, 0x22, 0x11, 0x44]", "xdp: [0x82]", "must have 4 codes"},
		{"map kind", "kind: firmware", "kind: none", "maps.kind is \"none\""},
		{"direct base", "kind: firmware", "kind: direct", "maps.size is 0"},
		{"head", "off_max: 248", "off_max: 1000", "adjust_head"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := target.Parse("x.yaml", []byte(strings.Replace(string(good), c.from, c.to, 1)))
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "x.yaml")
		})
	}
	_, err = target.Builtin("nfp")
	require.ErrorContains(t, err, "agilio, skipsw")
	_, err = target.Load("./nothing.yaml")
	require.ErrorContains(t, err, "nothing.yaml")
}

func FuzzParse(f *testing.F) {
	for _, n := range target.Names() {
		data, err := os.ReadFile(n + ".yaml")
		require.NoError(f, err)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if tg, err := target.Parse("fuzz", data); err == nil {
			require.NotEmpty(t, tg.Name)
		}
	})
}

func ExampleBuiltin() {
	t, err := target.Builtin("agilio")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(t.Name, t.Core.CodeStart, t.Core.CodeWords)
	// Output: agilio 3072 2560
}
