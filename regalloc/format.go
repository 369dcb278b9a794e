package regalloc

import "fmt"

// String returns the file's name.
func (f File) String() string {
	names := [...]string{"none", "a", "b", "in", "out", "slot", "ab", "remat"}
	if int(f) < len(names) {
		return names[f]
	}
	return fmt.Sprintf("File(%d)", uint8(f))
}

// String returns the place as file and number: a3, ab0, slot12.
func (l Loc) String() string {
	if l.File == None || l.File == Remat {
		return l.File.String()
	}
	return fmt.Sprintf("%v%d", l.File, l.Num)
}

// String returns the move as "dst = src (value)".
func (m Move) String() string { return fmt.Sprintf("%v = %v (v%d)", m.Dst, m.Src, m.V) }
