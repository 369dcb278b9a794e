package object_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/object"
)

// TestSet gives variables of every kind of type a value, whole and in part.
func TestSet(t *testing.T) {
	b := read(t, "odd/settings.o")
	// struct limit is 10 bytes: rate, burst, two halves of a byte, the address.
	limits := func(at int, bytes ...byte) []byte {
		all := make([]byte, 30)
		all[0] = 1
		copy(all[at:], bytes)
		return all
	}
	for _, c := range []struct {
		name, value string
		variable    string
		want        []byte
		err         string
	}{
		{name: "blocked_port", value: "0x1234", want: []byte{0x34, 0x12, 0, 0}},
		{name: "blocked_port", value: "4294967296", err: "does not fit: 32 bits"},
		{name: "blocked_port", value: "-1", err: "does not fit: 32 bits"},
		{name: "blocked_port", value: "eighty", err: `"eighty" is no number of 64 bits`},
		{name: "mode", value: "BLOCK", want: []byte{7, 0, 0, 0}},
		{name: "mode", value: "1", want: []byte{1, 0, 0, 0}},
		{name: "mode", value: "NONE", err: `"NONE" is neither a number nor of enum mode`},
		{name: "verbose", value: "true", want: []byte{1}},
		{name: "verbose", value: "2", err: "does not fit"},
		{name: "name", value: "eth0", want: []byte("eth0\x00\x00\x00\x00")},
		{name: "name", value: `"a\"b"`, want: []byte("a\"b\x00\x00\x00\x00\x00")},
		{name: "name", value: "{'a', 98}", want: []byte("ab\x00\x00\x00\x00\x00\x00")},
		{name: "name", value: "nine char", err: "text of 9 bytes for 8"},
		{name: "name[7]", value: "'x'", variable: "name", want: []byte("none\x00\x00\x00x")},
		{name: "name[8]", value: "0", err: "index 8 of an array of 8"},
		{name: "start", value: "-1", err: "does not fit: 64 bits"},
		{name: "start", value: "18446744073709551615", want: []byte{255, 255, 255, 255, 255, 255, 255, 255}},
		{name: "total", value: "9", want: []byte{9, 0, 0, 0, 0, 0, 0, 0}},
		{name: "named", value: "3", want: []byte{3, 0, 0, 0}},
		{name: "limits[1].burst", value: "-128", variable: "limits", want: limits(12, 0x80)},
		{name: "limits[1].burst", value: "-129", err: "does not fit: 8 bits, signed"},
		{name: "limits[2].high", value: "15", variable: "limits", want: limits(23, 0xf0)},
		{name: "limits[2].low", value: "16", err: "does not fit: 4 bits"},
		{name: "limits[2].peer.mac", value: "{1, 2, 3}", variable: "limits", want: limits(24, 1, 2, 3)},
		{name: "limits[0]", value: "{.rate = 258, .peer = {{9}}}", variable: "limits", want: limits(0, 2, 1, 0, 0, 9)},
		{name: "limits", value: "{{1}, {2, -1}}", want: limits(10, 2, 0, 255)},
		{name: "limits", value: "{{1}, {1}, {1}, {1}}", err: "index 3 of an array of 3"},
		{name: "limits[0].peer", value: "5", err: `"5" is no list`},
		{name: "limits[0].wrong", value: "5", err: `no member "wrong"; there are: rate, burst, low, high, peer`},
		{name: "limits[x]", value: "5", err: `"[x]" is no index`},
		{name: "limits.rate", value: "5", err: ".rate of what is no structure"},
		{name: "absent", value: "5", err: `no variable "absent" to set; the object has: blocked_port, limits, mode, name, named, start, total, verbose`},
	} {
		t.Run(c.name+"="+c.value, func(t *testing.T) {
			o, err := object.LoadBytes("x.o", b, object.Options{Set: map[string]string{c.name: c.value}})
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				require.ErrorContains(t, err, "x.o: ")
				return
			}
			require.NoError(t, err)
			if c.variable == "" {
				c.variable = c.name
			}
			require.Equal(t, c.want, variableBytes(t, o, c.variable, len(c.want)))
		})
	}
}

// variableBytes returns the bytes of a variable.
func variableBytes(t *testing.T, o *object.Object, name string, size int) []byte {
	t.Helper()
	for _, s := range o.Map(".rodata").Settings {
		if s.Name == name {
			require.True(t, s.Set)
			require.EqualValues(t, size, s.Size)
			return o.Map(".rodata").Initial[0].Value[s.Off:][:s.Size]
		}
	}
	section := map[string]string{"start": ".data", "total": ".bss", "named": ".bss.named"}[name]
	require.NotEmpty(t, section, name)
	return o.Map(section).Initial[0].Value[:size]
}

// TestMapSizes gives maps a size: the program that was refused without is taken.
func TestMapSizes(t *testing.T) {
	b := read(t, "odd/settings.o")
	_, err := load(t, "odd/settings.o").Program("count")
	require.ErrorContains(t, err, "--map-size counters=N")
	o, err := object.LoadBytes("x.o", b, object.Options{MapSizes: map[string]uint32{"counters": 7}})
	require.NoError(t, err)
	_, err = o.Program("count")
	require.NoError(t, err)
	require.EqualValues(t, 7, o.Map("counters").MaxEntries)
	_, err = object.LoadBytes("x.o", b, object.Options{MapSizes: map[string]uint32{"count": 7}})
	require.EqualError(t, err, `x.o: no map "count" to size; the object has: .bss, .bss.named, .data, .rodata, counters`)
	_, err = object.LoadBytes("x.o", b, object.Options{MapSizes: map[string]uint32{".rodata": 7}})
	require.ErrorContains(t, err, "its size is theirs")
	_, err = object.LoadBytes("x.o", read(t, "odd/no_btf.o"), object.Options{Set: map[string]string{"a": "1"}})
	require.ErrorContains(t, err, "or no type information (compile with -g)")
}
