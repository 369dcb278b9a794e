package ebpf

// Keys of a longest-prefix-match trie begin with the prefix length in bits, a
// 32-bit number; the rest is the prefix, most significant bit first.

// canonical names a prefix: its length and its bits, the others cleared. ok is
// false if the prefix is longer than the key.
func (m *Map) canonical(key []byte) (id string, ok bool) {
	n := le.Uint32(key)
	if n > 8*(m.spec.KeySize-4) {
		return "", false
	}
	return prefix(key, n), true
}

func prefix(key []byte, n uint32) string {
	out := le.AppendUint32(make([]byte, 0, len(key)), n)
	for i, b := range key[4:] {
		switch left := int(n) - 8*i; {
		case left <= 0:
			b = 0
		case left < 8:
			b &= 0xff << (8 - left)
		}
		out = append(out, b)
	}
	return string(out)
}

// findPrefix returns the entry of the longest prefix of key, or -1.
func (m *Map) findPrefix(key []byte) int {
	n := le.Uint32(key)
	if n > 8*(m.spec.KeySize-4) {
		return -1
	}
	for ; ; n-- {
		if i, ok := m.keys[prefix(key, n)]; ok {
			return i
		}
		if n == 0 {
			return -1
		}
	}
}
