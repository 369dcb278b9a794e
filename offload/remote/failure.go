package remote

import (
	"errors"
	"io"
	"io/fs"
	"syscall"

	"github.com/skipsw/skipsw/offload"
)

// failure is an error on its way to the client, with what callers test for.
type failure struct {
	Text   string         `json:"text"`
	Kinds  []string       `json:"kinds,omitempty"`
	Errno  uintptr        `json:"errno,omitempty"`
	Advice offload.Advice `json:"advice,omitempty"`
	Detail string         `json:"detail,omitempty"`
}

// kinds are the errors that callers test for, by their name in the protocol.
var kinds = map[string]error{
	"device gone":   offload.ErrDeviceGone,
	"not supported": offload.ErrNotSupported,
	"busy":          offload.ErrBusy,
	"no permission": offload.ErrPermission,
	"not exist":     fs.ErrNotExist,
	"exist":         fs.ErrExist,
	"end":           io.EOF,
}

// failureOf describes an error; nil for none.
func failureOf(err error) *failure {
	if err == nil {
		return nil
	}
	f := &failure{Text: err.Error(), Advice: offload.AdviceOf(err)}
	for name, kind := range kinds {
		if errors.Is(err, kind) {
			f.Kinds = append(f.Kinds, name)
		}
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		f.Errno = uintptr(errno)
	}
	var d interface{ Detail() string }
	if errors.As(err, &d) {
		f.Detail = d.Detail()
	}
	return f
}

// err is the error that the client returns.
func (f *failure) err() error {
	if f == nil {
		return nil
	}
	e := &remoteError{text: f.Text, detail: f.Detail}
	for _, name := range f.Kinds {
		if name == "end" && len(f.Kinds) == 1 && f.Text == io.EOF.Error() {
			return io.EOF
		}
		if kind := kinds[name]; kind != nil {
			e.is = append(e.is, kind)
		}
	}
	if f.Errno != 0 {
		e.is = append(e.is, syscall.Errno(f.Errno))
	}
	if f.Advice != offload.NoAdvice && f.Advice <= offload.LastAdvice {
		return offload.Advise(e, f.Advice)
	}
	return e
}

// remoteError is an error of the server's device.
type remoteError struct {
	text, detail string
	is           []error
}

// Error returns the device's words.
func (e *remoteError) Error() string { return e.text }

// Detail returns the log.
func (e *remoteError) Detail() string { return e.detail }

// Unwrap returns what callers test for.
func (e *remoteError) Unwrap() []error { return e.is }
