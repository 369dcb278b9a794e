package card

import (
	"bytes"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Direction is which way a frame goes at a port.
type Direction string

// The directions, seen from the card.
const (
	In  Direction = "in"
	Out Direction = "out"
)

// Seen is a frame at a port, for a capture.
type Seen struct {
	Port int       `json:"port"`
	Host bool      `json:"host,omitempty"` // at the port's host, not its wire
	Dir  Direction `json:"dir"`
	Time time.Time `json:"time"`
	Data []byte    `json:"data"`
	// Verdict is that of the program which saw the frame come in, "no program",
	// or "fault" for a program that was stopped with it; "" for others.
	Verdict string `json:"verdict,omitempty"`
	Lost    uint64 `json:"lost,omitempty"` // frames before it that the capture has not
}

// taps are the captures under way.
type taps struct {
	n   atomic.Int32 // of them
	mu  sync.Mutex
	all []*tap
}

// tap is one capture.
type tap struct {
	seen chan Seen
	lost uint64
}

// tapRoom is how many frames wait for who writes a capture.
const tapRoom = 4096

func (t *taps) add() *tap {
	t.mu.Lock()
	defer t.mu.Unlock()
	one := &tap{seen: make(chan Seen, tapRoom)}
	t.all = append(t.all, one)
	t.n.Add(1)
	return one
}

func (t *taps) remove(one *tap) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = slices.DeleteFunc(t.all, func(o *tap) bool { return o == one })
	t.n.Add(-1)
}

// see shows a frame to all captures; who does not keep up loses frames, and the
// card does not wait.
func (t *taps) see(port int, d Direction, host bool, frame []byte, verdict string) {
	if t.n.Load() == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s := Seen{Port: port, Host: host, Dir: d, Time: time.Now(), Data: bytes.Clone(frame), Verdict: verdict}
	for _, one := range t.all {
		s.Lost = one.lost
		select {
		case one.seen <- s:
			one.lost = 0
		default:
			one.lost++
		}
	}
}
