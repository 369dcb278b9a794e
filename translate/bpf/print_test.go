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
	}{
		"len %d":                 {[]uint64{60}, "len 60"},
		"%d %i %u":               {[]uint64{minus, minus - 1, minus}, "-1 -2 4294967295"},
		"%ld %lld %lu":           {[]uint64{minus, 1 << 63, minus}, "-1 -9223372036854775808 18446744073709551615"},
		"%d %u":                  {[]uint64{1<<32 + 7, 1<<33 + 9}, "7 9"},
		"%x %X %lx":              {[]uint64{0xabc, 0xabc, minus}, "abc ABC ffffffffffffffff"},
		"%08x|%4d|%-4d|":         {[]uint64{0xbeef, 42, 42}, "0000beef|  42|42  |"},
		"%+d % d %05d":           {[]uint64{1, 2, ^uint64(2)}, "+1  2 -0003"},
		"%+u %c%c":               {[]uint64{3, 'o', 'k'}, "3 ok"},
		"100%% of %u\n":          {[]uint64{8}, "100% of 8\n"},
		"nothing":                {nil, "nothing"},
		"%5c|%-3c|":              {[]uint64{'a', 'b'}, "    a|b  |"},
		"%d%d%d%d%d%d%d%d%d%d%d": {[]uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1}, "12345678901"},
	} {
		f, err := bpf.ParsePrint(append([]byte(format), 0), len(c.values))
		require.NoError(t, err, format)
		require.Equal(t, len(c.values), f.Values(), format)
		require.Equal(t, c.want, f.Print(c.values), format)
	}
	for format, want := range map[string]string{
		"%d %d\x00": "more values than the call", "%f\x00": "%f, which the kernel does not take", "%o\x00": "%o", "%hd\x00": "%h", "%\x00": "does not take",
		"%lc\x00": "%lc", "%.3d\x00": "%.", "%#x\x00": "%#", "%*d\x00": "%*", "%s\x00": "memory that the host does not see", "%pI4\x00": "memory",
		"\x01\x00": "byte 0x01", "\xc3\xa4\x00": "byte 0xc3", "no end": "no 0 byte", "%999999999999d\x00": "a width above 512",
	} {
		_, err := bpf.ParsePrint([]byte(format), 1)
		require.ErrorContains(t, err, want, format)
	}
}
