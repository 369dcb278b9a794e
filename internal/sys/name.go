package sys

// nameLen is BPF_OBJ_NAME_LEN, the room for a name with its final zero.
const nameLen = 16

// ObjName returns a name as the kernel keeps it: 15 bytes, and only letters,
// digits, dots and underscores.
func ObjName(name string) string {
	b := []byte(name)
	if len(b) > nameLen-1 {
		b = b[:nameLen-1]
	}
	for i, c := range b {
		if c != '.' && !wordByte(c) {
			b[i] = '_'
		}
	}
	return string(b)
}

// Kept reports whether the kernel keeps a name as it is. One of 15 bytes may be
// the beginning of a longer one, so it is not.
func Kept(name string) bool { return len(name) < nameLen-1 && ObjName(name) == name }

// CName returns a name as a C identifier, which is all that BTF takes.
func CName(name string) string {
	b := []byte(name)
	for i, c := range b {
		if !wordByte(c) || i == 0 && '0' <= c && c <= '9' {
			b[i] = '_'
		}
	}
	if len(b) == 0 {
		return "_"
	}
	return string(b)
}

// wordByte reports whether a byte may stand in a C identifier.
func wordByte(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
