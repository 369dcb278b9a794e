package maplayout

// PrintsMap is the ring buffer that a program's prints go to, which no object
// declares. Data of a print is the address of the format's text in the memory of a
// map, its low word, or 0 when the text stands in the record; the length of the
// text; the number of values; then the values, 64 bits each, and the text, filled up
// to words. A value that shows memory is the number of its bytes, and these follow in
// their order, each filled up to words.
const PrintsMap = ".prints"

// PrintsRoom is its room in bytes.
const PrintsRoom = 1 << 16

// Offsets in the data of a print.
const (
	PrintAddress Offset = 0
	PrintLength  Offset = 4
	PrintValues  Offset = 8
	PrintFirst   Offset = 16 // of the values
)
