// Package infile reads what a user names, to a limit that is said: an endless
// device or a file that is none of the kind costs an error, not all memory.
//
// It never knows what is read. Read, All and Open are the entry points.
package infile

import (
	"fmt"
	"io"
	"os"
)

// The most that is read of each kind of input, in bytes.
const (
	Object  = 64 << 20 // an eBPF object or an image; no NIC has memory for what it describes
	Capture = 1 << 30  // a capture file whose packets are all held in memory
	Stream  = 1 << 40  // one that is read packet by packet
	// Result is what a verb printed as JSON.
	Result = 256 << 20
	// Expectation is what a run should give, a line a packet.
	Expectation = 1 << 30
	Contents    = 1 << 30  // contents of maps, which are read entry by entry
	Source      = 16 << 20 // assembly, or case files of the oracle
	Network     = 64 << 20 // routes, neighbours and links in JSON
	Words       = 16 << 20 // bare words; the largest control store has 128 KiB
	Standard    = 16 << 20 // standard input
)

// Read reads a whole file of at most so many bytes. what names its kind in the
// error: "an object".
func Read(path, what string, most int64) ([]byte, error) {
	f, err := Open(path, what, most)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// All reads a stream to its end; name names it in errors.
func All(r io.Reader, name, what string, most int64) ([]byte, error) {
	return io.ReadAll(&limited{r: r, left: most, err: tooLarge(name, what, most)})
}

// Open opens a file for reading. Reading beyond the limit is an error; a regular
// file that is larger is refused at once.
func Open(path, what string, most int64) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() && info.Size() > most {
		err = tooLarge(path, what, most)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &file{File: f, limited: limited{r: f, left: most, err: tooLarge(path, what, most)}}, nil
}

func tooLarge(name, what string, most int64) error {
	return fmt.Errorf("%s: larger than %d bytes, the most that is read of %s", name, most, what)
}

// file is an open file with a limit.
type file struct {
	*os.File
	limited limited
}

// Read implements io.Reader.
func (f *file) Read(b []byte) (int, error) { return f.limited.Read(b) }

// WriteTo hides the file's own, which knows no limit.
func (f *file) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, &f.limited)
}

// limited is io.LimitedReader with an error in the place of the end.
type limited struct {
	r    io.Reader
	left int64
	err  error
}

// Read implements io.Reader.
func (l *limited) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	if l.left == 0 {
		var one [1]byte
		n, err := l.r.Read(one[:])
		if n > 0 {
			return 0, l.err
		}
		return 0, err
	}
	if int64(len(b)) > l.left {
		b = b[:l.left]
	}
	n, err := l.r.Read(b)
	l.left -= int64(n)
	return n, err
}
