package object_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

const samples = "../../testdata/bpf"

func load(t testing.TB, name string) *object.Object {
	t.Helper()
	o, err := object.Load(filepath.Join(samples, name), object.Options{})
	require.NoError(t, err)
	return o
}

func TestLoadArrayMapProgram(t *testing.T) {
	o := load(t, "count_by_proto.o")
	require.Len(t, o.Programs, 1)
	p, err := o.Program("")
	require.NoError(t, err)
	require.Equal(t, "count_by_proto", p.Name)
	require.Equal(t, "xdp", p.Section)
	require.Equal(t, object.XDP, p.Type)
	require.Equal(t, "Apache-2.0", p.License)
	require.Equal(t, []object.Func{{Name: "count_by_proto", Global: true}}, p.Funcs)
	require.Len(t, p.Maps, 1)
	require.Same(t, o.Map("counters"), p.Maps[0])
	counters := *p.Maps[0]
	require.Equal(t, "counter", counters.ValueType.TypeName())
	require.NotNil(t, counters.KeyType)
	counters.KeyType, counters.ValueType = nil, nil
	require.Equal(t, object.Map{Name: "counters", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 16, MaxEntries: 256}, counters)

	var loads int
	for i, in := range p.Insns {
		if in.Wide() {
			loads++
			require.Equal(t, uint8(bpf.PseudoMapFD), in.Src)
			require.Equal(t, int32(0), in.Imm)
			require.Equal(t, "count_by_proto.c", p.LineAt(i).File)
			require.Contains(t, p.LineAt(i).Text, "bpf_map_lookup_elem(&counters, &key)")
		}
	}
	require.Equal(t, 1, loads)
	for i := 1; i < len(p.Lines); i++ {
		require.Less(t, p.Lines[i-1].Slot, p.Lines[i].Slot)
	}
}
