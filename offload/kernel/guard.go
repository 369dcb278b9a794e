package kernel

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/offload"
)

// A guard is a second process that knows what a transaction is about to
// change and takes it back if the first process ends without a word. The two
// talk over pipes, one JSON record a line and one answer each; the end of the
// pipe without a final record is the death of the first process. The kernel
// closes a process's descriptors only after its last system call, so the guard
// never acts while one of them is still under way.

// Operations of records.
const (
	recordFeature = "feature" // hw-tc-offload was turned on
	recordClsact  = "clsact"  // clsact was added
	recordMkdir   = "mkdir"   // Path was made
	recordPin     = "pin"     // Temp was pinned and becomes Path in the end
	recordRename  = "rename"  // Path became Temp
	recordHold    = "hold"    // Path was made and keeps program arrays
	recordRelease = "release" // Path goes when Program is not at Hook any more
	recordTarget  = "target"  // Program at Hook is the new state
	recordCommit  = "commit"
	recordAbort   = "abort"
)

// record is one line to the guard.
type record struct {
	Op      string        `json:"op"`
	Ifindex int           `json:"ifindex,omitempty"`
	Path    string        `json:"path,omitempty"`
	Temp    string        `json:"temp,omitempty"`
	Hook    *offload.Hook `json:"hook,omitempty"`
	Program uint32        `json:"program,omitempty"`
}

// journal is the first process's end of a guard.
type journal struct {
	dev     *Device
	cmd     *exec.Cmd
	in      io.WriteCloser
	answers *bufio.Reader
}

// Journal implements offload.Journaler. Without a guard command the journal
// keeps nothing.
func (d *Device) Journal(context.Context) (offload.Journal, error) {
	j := &journal{dev: d}
	if len(d.guard) == 0 {
		return j, nil
	}
	err := d.in(func() error { // the guard inherits the network namespace
		j.cmd = exec.Command(d.guard[0], d.guard[1:]...)
		j.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		j.cmd.Stderr = os.Stderr
		if d.lock != nil { // the next transaction waits for the guard, too
			j.cmd.ExtraFiles = []*os.File{d.lock}
		}
		in, err := j.cmd.StdinPipe()
		if err != nil {
			return err
		}
		out, err := j.cmd.StdoutPipe()
		if err != nil {
			return err
		}
		j.in, j.answers = in, bufio.NewReader(out)
		return j.cmd.Start()
	})
	if err != nil {
		return nil, fmt.Errorf("start the guard: %w", err)
	}
	return j, nil
}

// send sends a record and waits until the guard has it.
func (j *journal) send(b []byte) error {
	if j.cmd == nil {
		return nil
	}
	_, err := j.in.Write(append(b, '\n'))
	if err == nil {
		var line string
		line, err = j.answers.ReadString('\n')
		if err == nil && line != "ok\n" {
			err = errors.New(strings.TrimSpace(line))
		}
	}
	if err != nil {
		return fmt.Errorf("guard of the transaction: %w", err)
	}
	return nil
}

func (j *journal) Announce(b json.RawMessage) error { return j.send(b) }

func (j *journal) Target(h offload.Hook, program uint32) error {
	return j.send(record{Op: recordTarget, Ifindex: j.dev.ifindex, Hook: &h, Program: program}.encode())
}

func (j *journal) Commit() error { return j.end(recordCommit) }
func (j *journal) Abort() error  { return j.end(recordAbort) }

func (j *journal) end(op string) error {
	if j.cmd == nil {
		return nil
	}
	err := j.send(record{Op: op}.encode())
	_ = j.in.Close()
	return errors.Join(err, j.cmd.Wait())
}

// RunGuard is the guard's main function: it reads records from in and answers
// on out until the transaction ends. When in ends before that, it takes back
// what the records tell, or finishes it if the new state had been reached.
func RunGuard(in io.Reader, out io.Writer) error {
	signal.Ignore(unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGPIPE)
	var records []record
	sc := bufio.NewScanner(in)
	for sc.Scan() {
		var r record
		if err := json.Unmarshal(sc.Bytes(), &r); err != nil {
			return fmt.Errorf("guard: bad record: %w", err)
		}
		if _, err := io.WriteString(out, "ok\n"); err != nil && r.Op != recordCommit && r.Op != recordAbort {
			break // the other end is gone
		}
		if r.Op == recordCommit || r.Op == recordAbort {
			return nil
		}
		records = append(records, r)
	}
	return recoverRecords(records)
}

// recoverRecords brings a broken transaction to its end or its beginning.
func recoverRecords(records []record) error {
	forward := false
	for _, r := range records {
		if r.Op == recordTarget {
			forward = targetReached(r)
		}
	}
	var errs []error
	for _, r := range slices.Backward(records) {
		if err := r.recover(forward); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// targetReached reports whether the program of a record is attached.
func targetReached(r record) bool {
	d, err := openIndex(r.Ifindex)
	if err != nil {
		return false
	}
	defer d.Close()
	all, err := d.Attached(context.Background())
	if err != nil {
		return false
	}
	for _, a := range all {
		if a.ID == r.Program && a.Same(*r.Hook) {
			return true
		}
	}
	return false
}

// recover finishes (forward) or takes back one record.
func (r record) recover(forward bool) error {
	switch r.Op {
	case recordPin:
		if forward {
			return ignoreMissing(os.Rename(r.Temp, r.Path))
		}
		return ignoreMissing(os.Remove(r.Temp))
	case recordMkdir:
		if !forward {
			return removeEmpty(r.Path)
		}
	case recordRename:
		if !forward && !exists(r.Path) {
			return ignoreMissing(os.Rename(r.Temp, r.Path))
		}
	case recordHold:
		if !forward {
			return removeHeld(r.Path)
		}
	case recordRelease:
		if !targetReached(r) {
			return removeHeld(r.Path)
		}
	case recordFeature, recordClsact:
		if forward {
			return nil
		}
		d, err := openIndex(r.Ifindex)
		if errors.Is(err, offload.ErrDeviceGone) {
			return nil
		}
		if err != nil {
			return err
		}
		defer d.Close()
		if r.Op == recordFeature {
			return d.unsetTCOffload()
		}
		return d.RemoveEmptyClsact()
	}
	return nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// openIndex opens an interface of the caller's network namespace by number.
func openIndex(index int) (*Device, error) {
	rt, err := dialRoute(nil)
	if err != nil {
		return nil, err
	}
	d := &Device{ifindex: index, rt: rt, name: fmt.Sprintf("interface %d", index)}
	l, err := d.now()
	if err != nil {
		d.Close()
		return nil, err
	}
	d.name = l.name
	return d, nil
}
