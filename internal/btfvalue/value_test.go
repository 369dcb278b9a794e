package btfvalue

import (
	"testing"

	"github.com/cilium/ebpf/btf"
	"github.com/stretchr/testify/require"
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

// Types as linux/types.h and linux/in6.h have them.
var (
	u8   = &btf.Int{Name: "unsigned char", Size: 1}
	u16  = &btf.Int{Name: "unsigned short", Size: 2}
	u32  = &btf.Int{Name: "unsigned int", Size: 4}
	s32  = &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}
	char = &btf.Int{Name: "char", Size: 1, Encoding: btf.Signed}
	be16 = &btf.Typedef{Name: "__be16", Type: &btf.Typedef{Name: "__u16", Type: u16}}
	be32 = &btf.Typedef{Name: "__be32", Type: &btf.Typedef{Name: "__u32", Type: u32}}
	in6  = &btf.Struct{Name: "in6_addr", Size: 16, Members: []btf.Member{{Name: "in6_u", Type: &btf.Union{Size: 16, Members: []btf.Member{
		{Name: "u6_addr8", Type: &btf.Array{Type: u8, Nelems: 16}}, {Name: "u6_addr32", Type: &btf.Array{Type: be32, Nelems: 4}},
	}}}}}
	mac  = &btf.Array{Type: u8, Nelems: 6}
	text = &btf.Array{Type: char, Nelems: 4}
	peer = &btf.Struct{Name: "peer", Size: 8, Members: []btf.Member{{Name: "addr", Type: be32}, {Name: "port", Type: be16, Offset: 32}}}
)

// TestParse reads values as their types want them, and prints them back.
func TestParse(t *testing.T) {
	addr6 := []byte{0x20, 1, 0xd, 0xb8, 15: 1}
	for _, tt := range []struct {
		in   string
		typ  btf.Type
		want []byte
		back string // as Format prints it, if not as in
		err  string
	}{
		{in: "-3", typ: s32, want: []byte{0xfd, 255, 255, 255}},
		{in: "-3", typ: u32, err: "does not fit: 32 bits"},
		{in: "53", typ: be16, want: []byte{0, 53}},
		{in: "65536", typ: be16, err: "does not fit: 16 bits"},
		{in: "10.0.0.1", typ: be32, want: []byte{10, 0, 0, 1}},
		{in: "167772161", typ: be32, want: []byte{10, 0, 0, 1}, back: "10.0.0.1"},
		{in: "10.0.0.1", typ: u32, want: []byte{10, 0, 0, 1}, back: "16777226"},
		{in: "1 0 0 0", typ: u32, want: []byte{1, 0, 0, 0}, back: "1"},
		{in: "hex:0035", typ: be16, want: []byte{0, 0x35}, back: "53"},
		{in: "2001:db8::1", typ: in6, want: addr6},
		{in: "2001:db8::1", typ: &btf.Array{Type: u8, Nelems: 16}, want: addr6, back: "[32 1 13 184 0 0 0 0 0 0 0 0 0 0 0 1]"},
		{in: "10.0.0.1", typ: in6, err: "is 4 bytes, want 16"},
		{in: "02:00:00:00:00:0a", typ: mac, want: []byte{2, 0, 0, 0, 0, 10}, back: "[2 0 0 0 0 10]"},
		{in: "nothing", typ: mac, err: "is not a number, nor bytes"},
		{in: "eth", typ: text, want: []byte("eth\x00"), back: `"eth"`},
		{in: "1,2,3,4", typ: text, want: []byte{1, 2, 3, 4}, back: "[1 2 3 4]"},
		{in: `"1"`, typ: text, want: []byte("1\x00\x00\x00")},
		{in: "{.addr = 192.0.2.1, .port = 80}", typ: peer, want: []byte{192, 0, 2, 1, 0, 80, 0, 0}, back: "{.addr=192.0.2.1 .port=80}"},
		{in: "{.nothing = 1}", typ: peer, err: `no member "nothing"`},
		{in: "5", typ: peer, want: []byte{5, 0, 0, 0, 0, 0, 0, 0}, back: "{.addr=5.0.0.0 .port=0}"},
		{in: "7", typ: nil, want: []byte{7, 0}, back: "07 00"},
	} {
		t.Run(tt.in, func(t *testing.T) {
			size := len(tt.want)
			if tt.err != "" {
				size, _ = btf.Sizeof(tt.typ)
			}
			got, err := Parse(tt.typ, tt.in, size)
			if tt.err != "" {
				require.ErrorContains(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
			if tt.back == "" {
				tt.back = tt.in
			}
			require.Equal(t, tt.back, Format(tt.typ, got))
		})
	}
}

func FuzzParse(f *testing.F) {
	types := []btf.Type{nil, s32, be16, be32, in6, mac, text, peer}
	for k, s := range []string{"1", "-1", "0x35", "10.0.0.1", "::1", "2:0:0:0:0:1", "a\"", "{.addr = {1}, 2}"} {
		f.Add(s, uint8(k))
	}
	f.Fuzz(func(t *testing.T, s string, k uint8) {
		typ := types[int(k)%len(types)]
		size := 5
		if typ != nil {
			size, _ = btf.Sizeof(typ)
		}
		if b, err := Parse(typ, s, size); err == nil {
			require.Len(t, b, size)
			require.NotEmpty(t, Format(typ, b))
		}
	})
}
