package cli

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress is a bar with rate and time left on a terminal. A nil one shows
// nothing.
type progress struct {
	bar  *progressbar.ProgressBar
	stop chan struct{}
	done chan struct{}
}

// refresh is the time between two looks at what is watched.
const refresh = 200 * time.Millisecond

// newProgress returns a bar of so many things, or nil if w is no terminal or
// quiet is set.
func newProgress(w io.Writer, what string, total int64, quiet bool) *progress {
	f, ok := raw(w).(*os.File)
	if quiet || !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return drawProgress(f, what, total)
}

// drawProgress returns a bar that is drawn in any case; total 0 is unknown.
func drawProgress(w io.Writer, what string, total int64) *progress {
	if total == 0 {
		total = -1
	}
	return &progress{bar: progressbar.NewOptions64(total, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetPredictTime(true),
		progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(refresh))}
}

// set says how far the work is.
func (p *progress) set(n int64) {
	if p != nil {
		_ = p.bar.Set64(n)
	}
}

// watch looks at how far the work is, and how many things are done, until the end.
func (p *progress) watch(what string, at, done func() int64) {
	if p == nil {
		return
	}
	p.stop, p.done = make(chan struct{}), make(chan struct{})
	began := time.Now()
	go func() {
		defer close(p.done)
		tick := time.NewTicker(refresh)
		defer tick.Stop()
		for {
			select {
			case <-p.stop:
				return
			case <-tick.C:
			}
			n := done()
			p.bar.Describe(fmt.Sprintf("%d %s, %.0f/s", n, what, float64(n)/time.Since(began).Seconds()))
			p.set(at())
		}
	}()
}

// end takes the bar away.
func (p *progress) end() {
	if p == nil {
		return
	}
	if p.stop != nil {
		close(p.stop)
		<-p.done
	}
	_ = p.bar.Clear()
}
