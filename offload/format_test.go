package offload

import (
	"encoding/json"
	"testing"

	"github.com/cilium/ebpf/btf"
	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/object"
)

func TestFormat(t *testing.T) {
	u8, u16, i32 := &btf.Int{Size: 1}, &btf.Int{Size: 2}, &btf.Int{Size: 4, Encoding: btf.Signed}
	color := &btf.Enum{Name: "color", Size: 4, Values: []btf.EnumValue{{Name: "RED", Value: 0}, {Name: "BLUE", Value: 7}}}
	pair := &btf.Struct{Size: 8, Members: []btf.Member{{Name: "a", Type: i32}, {Name: "b", Type: &btf.Array{Type: u8, Index: u8, Nelems: 4}, Offset: 32}}}
	bits := &btf.Struct{Size: 2, Members: []btf.Member{{Name: "low", Type: u16, BitfieldSize: 3}, {Name: "high", Type: u16, Offset: 3, BitfieldSize: 13}}}
	tests := []struct {
		name  string
		typ   btf.Type
		bytes []byte
		want  string
	}{
		{"no type", nil, []byte{1, 0xab}, "01 ab"},
		{"unsigned", u16, []byte{0xff, 1}, "511"},
		{"signed", i32, []byte{0xfe, 0xff, 0xff, 0xff}, "-2"},
		{"bool", &btf.Int{Size: 1, Encoding: btf.Bool}, []byte{1}, "true"},
		{"sixteen bytes", &btf.Int{Size: 16}, make([]byte, 16), "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"},
		{"enum", color, []byte{7, 0, 0, 0}, "BLUE"},
		{"enum without name", color, []byte{9, 0, 0, 0}, "9"},
		{"typedef", &btf.Typedef{Name: "t", Type: u8}, []byte{3}, "3"},
		{"pointer", &btf.Pointer{Target: u8}, []byte{1, 2, 0, 0, 0, 0, 0, 0}, "0x201"},
		{"struct", pair, []byte{1, 0, 0, 0, 9, 8, 7, 6}, "{.a=1 .b=[9 8 7 6]}"},
		{"bit fields", bits, []byte{0x0d, 0x00}, "{.low=5 .high=1}"},
		{"union", &btf.Union{Size: 4, Members: []btf.Member{{Name: "n", Type: i32}, {Name: "c", Type: u8}}}, []byte{5, 0, 0, 0}, "{.n=5 .c=5}"},
		{"too short", pair, []byte{1}, "01"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { require.Equal(t, tt.want, Format(tt.typ, tt.bytes)) })
	}
}

func TestParseBytes(t *testing.T) {
	tests := []struct {
		in   string
		size int
		want []byte
		err  string
	}{
		{in: "1", size: 4, want: []byte{1, 0, 0, 0}},
		{in: "0x0102", size: 2, want: []byte{2, 1}},
		{in: "-1", size: 12, want: []byte{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}},
		{in: "-128", size: 1, want: []byte{128}},
		{in: "10.0.0.1", size: 4, want: []byte{10, 0, 0, 1}},
		{in: "1,0x10", size: 2, want: []byte{1, 16}},
		{in: "hex:0a:0b", size: 2, want: []byte{10, 11}},
		{in: "256", size: 1, err: "does not fit into 1 bytes"},
		{in: "-129", size: 1, err: "does not fit into 1 bytes"},
		{in: "-1", size: 0, err: "does not fit into 0 bytes"},
		{in: "0", size: 0, err: "does not fit into 0 bytes"},
		{in: "1.2.3", size: 4, err: "is 3 bytes, want 4"},
		{in: "1.2.3.400", size: 4, err: "is not a number from 0 to 255"},
		{in: "hex:0a", size: 4, err: "is 1 bytes, want 4"},
		{in: "hex:xy", size: 1, err: "invalid byte"},
		{in: "many", size: 4, err: "is not a number, nor bytes"},
		{in: "", size: 4, err: "is not a number, nor bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			b, err := ParseBytes(tt.in, tt.size)
			if tt.err != "" {
				require.ErrorContains(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.want, b)
		})
	}
}

func FuzzParseBytes(f *testing.F) {
	f.Add("10.0.0.1", 4)
	f.Add("hex:00", 1)
	f.Add("-5", 3)
	f.Add("-1", 0)
	f.Fuzz(func(t *testing.T, s string, size int) {
		if size < 0 || size > 1<<12 {
			return
		}
		if b, err := ParseBytes(s, size); err == nil {
			require.Len(t, b, size)
		}
	})
}

func TestHook(t *testing.T) {
	require.Equal(t, "xdp drv", Hook{Type: object.XDP, Mode: Driver}.String())
	require.Equal(t, "tc egress pref 7 handle 0x1 chain 2", Hook{Type: object.TC, Egress: true, Pref: 7, Handle: 1, Chain: 2}.String())
	require.True(t, Hook{Type: object.TC}.Same(Hook{Type: object.TC, Pref: 1, Handle: 1}))
	require.False(t, Hook{Type: object.TC}.Same(Hook{Type: object.TC, Pref: 2, Handle: 1}))
	require.False(t, Hook{Type: object.XDP}.Same(Hook{Type: object.XDP, Mode: Generic}))
	for m := Hardware; m <= Either; m++ {
		back, err := ParseMode(m.String())
		require.NoError(t, err)
		require.Equal(t, m, back)
	}
	_, err := ParseMode("turbo")
	require.ErrorContains(t, err, `unknown mode "turbo"`)
	require.Error(t, Hook{}.Valid())
}

func TestNames(t *testing.T) {
	require.Equal(t, "a_long_name_of_", KernelName("a_long_name_of_a_map"))
	require.Equal(t, "with_dash.x", KernelName("with-dash.x"))
}

func TestJSON(t *testing.T) {
	b, err := json.Marshal(Attachment{Hook: Hook{Type: object.TC, Pref: 1, Handle: 1, Protocol: EthPAll}, ID: 5, InHW: true})
	require.NoError(t, err)
	require.JSONEq(t, `{"type":"tc","mode":"hw","id":5,"in_hw":true,"parent":"ingress","pref":1,"handle":"0x1","protocol":"all","maps":[]}`, string(b))
}
