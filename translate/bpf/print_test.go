package bpf_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/bpf"
)

// TestPrint holds texts against what C's printf makes of the same values.
func TestPrint(t *testing.T) {
	minus := ^uint64(0)
	for format, c := range map[string]struct {
		values []uint64
		want   string
		memory map[int][]byte
	}{
		"%s|%5s|%-5s|": {[]uint64{0, 0, 0}, "one|  two|three|", map[int][]byte{0: []byte("one\x00x"), 1: []byte("two"), 2: []byte("three")}},
		"%d: %pks.":    {[]uint64{7, 0}, "7: name.", map[int][]byte{1: []byte("name\x00")}},
		"%pI4 %pi4":    {[]uint64{0, 0}, "192.0.2.1 192.000.002.001", map[int][]byte{0: {192, 0, 2, 1}, 1: {192, 0, 2, 1}}},
		"%pI6 %pi6": {
			[]uint64{0, 0},
			"2001:0db8:0000:0000:0000:0000:0000:0001 20010db8000000000000000000000001",
			map[int][]byte{0: {0x20, 1, 0xd, 0xb8, 15: 1}, 1: {0x20, 1, 0xd, 0xb8, 15: 1}},
		},
		"%s and %pI4":            {[]uint64{0, 0}, " and 0.0.0.0", nil},
		"len %d":                 {[]uint64{60}, "len 60", nil},
		"%d %i %u":               {[]uint64{minus, minus - 1, minus}, "-1 -2 4294967295", nil},
		"%ld %lld %lu":           {[]uint64{minus, 1 << 63, minus}, "-1 -9223372036854775808 18446744073709551615", nil},
		"%d %u":                  {[]uint64{1<<32 + 7, 1<<33 + 9}, "7 9", nil},
		"%x %X %lx":              {[]uint64{0xabc, 0xabc, minus}, "abc ABC ffffffffffffffff", nil},
		"%08x|%4d|%-4d|":         {[]uint64{0xbeef, 42, 42}, "0000beef|  42|42  |", nil},
		"%+d % d %05d":           {[]uint64{1, 2, ^uint64(2)}, "+1  2 -0003", nil},
		"%+u %c%c":               {[]uint64{3, 'o', 'k'}, "3 ok", nil},
		"100%% of %u\n":          {[]uint64{8}, "100% of 8\n", nil},
		"nothing":                {nil, "nothing", nil},
		"%5c|%-3c|":              {[]uint64{'a', 'b'}, "    a|b  |", nil},
		"%d%d%d%d%d%d%d%d%d%d%d": {[]uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1}, "12345678901", nil},
	} {
		f, err := bpf.ParsePrint(append([]byte(format), 0), len(c.values))
		require.NoError(t, err, format)
		require.Equal(t, len(c.values), f.Values(), format)
		require.Equal(t, c.want, f.Print(c.values, c.memory), format)
	}
	for format, want := range map[string]string{
		"%d %d\x00": "more values than the call", "%f\x00": "%f, which the kernel does not take", "%o\x00": "%o", "%hd\x00": "%h", "%\x00": "does not take",
		"%lc\x00": "%lc", "%.3d\x00": "%.", "%#x\x00": "%#", "%*d\x00": "%*", "%sx\x00": "%sx", "%pM\x00": "%pM", "%pI5\x00": "%pI", "%px\x00": "addresses of the card", "%p\x00": "addresses of the card", "%pus\x00": "no processes", "%5pksx\x00": "does not take",
		"\x01\x00": "byte 0x01", "\xc3\xa4\x00": "byte 0xc3", "no end": "no 0 byte", "%999999999999d\x00": "a width above 512",
	} {
		_, err := bpf.ParsePrint([]byte(format), 1)
		require.ErrorContains(t, err, want, format)
	}
}
