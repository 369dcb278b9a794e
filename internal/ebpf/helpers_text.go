package ebpf

import (
	"math"

	"github.com/skipsw/skipsw/translate/bpf"
)

// strtol and strtoul read a number: spaces, a sign, digits; the base is 8, 10
// or 16, or 0 to let the text say. They return how many bytes they took.

func strtol(vm *VM, pc int, a [5]uint64) (uint64, error) {
	out, err := vm.writable(pc, a[3], 8)
	if err != nil {
		return 0, err
	}
	v, negative, n, err := vm.number(pc, a)
	switch {
	case err != nil:
		return 0, err
	case n < 0:
		return uint64(int64(n)), nil
	case negative && v > 1<<63, !negative && v > math.MaxInt64:
		return bpf.ERANGE.Result(), nil
	case negative:
		v = -v
	}
	writeInt(out, v)
	return uint64(n), nil
}

func strtoul(vm *VM, pc int, a [5]uint64) (uint64, error) {
	out, err := vm.writable(pc, a[3], 8)
	if err != nil {
		return 0, err
	}
	v, negative, n, err := vm.number(pc, a)
	switch {
	case err != nil:
		return 0, err
	case n < 0:
		return uint64(int64(n)), nil
	case negative:
		return bpf.EINVAL.Result(), nil
	}
	writeInt(out, v)
	return uint64(n), nil
}

// number reads the text of strtol and strtoul. n is the bytes taken or a
// negative errno.
func (vm *VM) number(pc int, a [5]uint64) (v uint64, negative bool, n int, err error) {
	text, err := vm.readable(pc, a[0], int(uint32(a[1])))
	if err != nil {
		return 0, false, 0, err
	}
	base := uint64(a[2])
	if base != 0 && base != 8 && base != 10 && base != 16 || len(text) == 0 {
		return 0, false, -int(bpf.EINVAL), nil
	}
	at := 0
	for at < len(text) && isSpace(text[at]) {
		at++
	}
	if at < len(text) && text[at] == '-' {
		negative = true
		at++
	}
	// Longer texts are cut, as in the kernel.
	const longest = 64
	rest := text[at:]
	if len(rest) > longest-1 {
		rest = rest[:longest-1]
	}
	base, skip := numberBase(rest, base)
	digits := 0
	for _, c := range rest[skip:] {
		d := digit(c)
		if d >= base {
			break
		}
		if v > (math.MaxUint64-d)/base {
			return 0, false, -int(bpf.ERANGE), nil
		}
		v = v*base + d
		digits++
	}
	if digits == 0 {
		return 0, false, -int(bpf.EINVAL), nil
	}
	return v, negative, at + skip + digits, nil
}

func numberBase(s []byte, base uint64) (_ uint64, skip int) {
	hex := len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x' && digit(s[2]) < 16
	switch {
	case base == 0 && hex, base == 16 && len(s) > 1 && s[0] == '0' && s[1]|0x20 == 'x':
		return 16, 2
	case base == 0 && len(s) > 0 && s[0] == '0':
		return 8, 0
	case base == 0:
		return 10, 0
	}
	return base, 0
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' || c == 0xa0 }

func digit(c byte) uint64 {
	switch {
	case c >= '0' && c <= '9':
		return uint64(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return uint64(c|0x20-'a') + 10
	}
	return math.MaxUint64
}
