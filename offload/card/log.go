package card

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// logLines is how many lines a card remembers.
const logLines = 1000

// Log is what a card has to tell: the last lines, and all of them to a writer.
type Log struct {
	mu    sync.Mutex
	w     io.Writer
	lines []string
	next  int // where the oldest line is, once there are logLines
}

// NewLog makes a log; w may be nil.
func NewLog(w io.Writer) *Log { return &Log{w: w} }

// Printf adds a line with the time.
func (l *Log) Printf(format string, args ...any) {
	line := time.Now().Format("2006-01-02 15:04:05.000 ") + fmt.Sprintf(format, args...)
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) < logLines {
		l.lines = append(l.lines, line)
	} else {
		l.lines[l.next] = line
		l.next = (l.next + 1) % logLines
	}
	if l.w != nil {
		_, _ = fmt.Fprintln(l.w, line)
	}
}

// Lines returns the last lines, the oldest first.
func (l *Log) Lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append(append([]string{}, l.lines[l.next:]...), l.lines[:l.next]...)
}
