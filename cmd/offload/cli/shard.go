package cli

import (
	"strconv"
	"strings"
)

// shard is part i of n of something long.
type shard struct{ i, n int }

// parseShard reads "i/n".
func parseShard(s string) (shard, error) {
	part, parts, _ := strings.Cut(s, "/")
	i, err := strconv.Atoi(part)
	if err == nil {
		var n int
		if n, err = strconv.Atoi(parts); err == nil && i >= 1 && i <= n {
			return shard{i, n}, nil
		}
	}
	return shard{}, usagef("--shard %q is not i/n with 1 <= i <= n", s)
}

// has reports whether thing k, from 0 on, is of the shard.
func (s shard) has(k int) bool { return k%s.n == s.i-1 }
