//go:build linux

package hostnet

// Shrink leaves as little room for the kernel's messages as there can be.
func (w *Watcher) Shrink() error { return w.news.SetReceiveBufferSize(1, false) }

// Lost is how often messages were lost.
func (w *Watcher) Lost() int { return w.overs }
