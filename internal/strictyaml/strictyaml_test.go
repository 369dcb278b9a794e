package strictyaml_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/strictyaml"
)

type file struct {
	Name string   `yaml:"name"`
	List []string `yaml:"list"`
}

func TestUnmarshal(t *testing.T) {
	var f file
	require.NoError(t, strictyaml.Unmarshal([]byte("name: x\nlist: [a, b]\n"), &f))
	require.Equal(t, file{"x", []string{"a", "b"}}, f)
	require.ErrorContains(t, strictyaml.Unmarshal([]byte("nome: x\n"), &f), "nome")
	require.ErrorContains(t, strictyaml.Unmarshal([]byte("name: [\n"), &f), "[")
}

func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte("name: x\nlist: [a, b]\n"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		var to file
		_ = strictyaml.Unmarshal(b, &to)
	})
}
