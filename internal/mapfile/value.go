package mapfile

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cilium/ebpf/btf"

	"github.com/skipsw/skipsw/internal/btfvalue"
)

// read reads a key or value of size bytes.
func read(t btf.Type, raw json.RawMessage, size int) ([]byte, error) {
	raw = bytes.TrimSpace(raw)
	var s string
	if raw[0] == '"' && json.Unmarshal(raw, &s) == nil {
		switch b, err := hex.DecodeString(s); {
		case err == nil && len(b) == size:
			return b, nil
		case err == nil && !isText(t, s):
			return nil, fmt.Errorf("%d bytes, want %d", len(b), size)
		}
	}
	if b, ok, err := byteList(raw, size); ok {
		return b, err
	}
	text, err := notation(raw, 0)
	if err != nil {
		return nil, err
	}
	if (raw[0] == '{' || raw[0] == '[') && t == nil {
		return nil, errors.New("the map's C types are not known, so that it takes bytes: text of two hexadecimal digits for each")
	}
	if s, ok := strings.CutPrefix(text, `"`); ok && raw[0] == '"' && !strings.ContainsAny(s[:len(s)-1], `"\`) {
		text = s[:len(s)-1] // addresses and names stand without quotation marks
	}
	return btfvalue.Parse(t, text, size)
}

// isText reports whether a text of hexadecimal digits alone may be no bytes: a name
// of an enumeration, or characters.
func isText(t btf.Type, s string) bool {
	if t == nil {
		return false
	}
	switch u := btf.UnderlyingType(t).(type) {
	case *btf.Enum:
		return slices.ContainsFunc(u.Values, func(v btf.EnumValue) bool { return v.Name == s })
	case *btf.Array:
		e, ok := btf.UnderlyingType(u.Type).(*btf.Int)
		return ok && e.Size == 1
	}
	return false
}

// byteList reads bytes as bpftool writes them: ["0x0a", "0x00"].
func byteList(raw json.RawMessage, size int) (b []byte, ok bool, err error) {
	if raw[0] != '[' {
		return nil, false, nil
	}
	var list []string
	if json.Unmarshal(raw, &list) != nil || len(list) == 0 {
		return nil, false, nil
	}
	for _, one := range list {
		digits, hexadecimal := strings.CutPrefix(one, "0x")
		n, err := strconv.ParseUint(digits, 16, 8)
		if !hexadecimal || err != nil {
			return nil, false, nil
		}
		b = append(b, byte(n))
	}
	if len(b) != size {
		return nil, true, fmt.Errorf("%d bytes, want %d", len(b), size)
	}
	return b, true, nil
}

// notation turns a value in JSON into the notation of btfvalue.
func notation(raw json.RawMessage, depth int) (string, error) {
	if depth > btfvalue.MaxNesting {
		return "", fmt.Errorf("lists nest deeper than %d", btfvalue.MaxNesting)
	}
	raw = bytes.TrimSpace(raw)
	switch raw[0] {
	case '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return "", err
		}
		if depth > 0 && !strings.ContainsAny(s, " ,{}\"'\\=") && s != "" {
			return s, nil
		}
		return strconv.Quote(s), nil
	case '[':
		var all []json.RawMessage
		if err := json.Unmarshal(raw, &all); err != nil {
			return "", err
		}
		parts := make([]string, len(all))
		for i, one := range all {
			var err error
			if parts[i], err = notation(one, depth+1); err != nil {
				return "", err
			}
		}
		return "{" + strings.Join(parts, ", ") + "}", nil
	case '{':
		return members(raw, depth)
	case 'n':
		return "", errors.New("null is no value")
	}
	return string(raw), nil
}

// members turns an object into a list of named members.
func members(raw json.RawMessage, depth int) (string, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if _, err := d.Token(); err != nil {
		return "", err
	}
	var parts []string
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return "", err
		}
		var one json.RawMessage
		if err := d.Decode(&one); err != nil {
			return "", err
		}
		if name == "error" && raw != nil && len(one) > 0 && one[0] == '"' && depth == 0 {
			return "", fmt.Errorf("could not be read when it was written down: %s", one)
		}
		if strings.ContainsAny(name.(string), " ,{}\"'\\=") {
			return "", fmt.Errorf("%q is no name of a member", name)
		}
		text, err := notation(one, depth+1)
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		parts = append(parts, fmt.Sprintf(".%s = %s", name, text))
	}
	return "{" + strings.Join(parts, ", ") + "}", nil
}
