package offload

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Step is one step of a transaction.
type Step struct {
	Name string // in the imperative: "turn on hw-tc-offload of eth0"
	Do   func(context.Context) error
	// Undo takes the step back. nil is a step that leaves nothing behind when
	// the process ends.
	Undo func(context.Context) error
	// Record is what a journal needs to take the step back for a process that
	// was killed; nil for a step that the end of the process takes back.
	Record json.RawMessage
	// Target is set on the step that reaches the new state: it tells the hook
	// and the program that are then attached. Steps after it finish the work;
	// when one of them fails nothing is undone.
	Target func() (Hook, uint32)
}

// Journal keeps the records of a running transaction where they survive the
// process, and undoes them if the process dies before Commit or Abort.
type Journal interface {
	// Announce notes a record before its step is done.
	Announce(record json.RawMessage) error
	// Target notes the hook and program whose being attached means that the new
	// state has been reached.
	Target(h Hook, program uint32) error
	// Commit ends the journal with the new state reached.
	Commit() error
	// Abort ends the journal after the process has undone everything itself.
	Abort() error
}

// StepError is a transaction that failed.
type StepError struct {
	Step string // the step's name
	Err  error  // why it failed
	// Undone lists the steps that were taken back.
	Undone []string
	// Left lists what could not be taken back.
	Left []error
}

// Error tells the failure, and what remains of a failed undo.
func (e *StepError) Error() string {
	s := e.Err.Error()
	if len(e.Left) > 0 {
		s += fmt.Sprintf("; and could not be undone: %v", errors.Join(e.Left...))
	}
	return s
}

// Unwrap returns why the step failed.
func (e *StepError) Unwrap() error { return e.Err }

// Detail lists what was undone, after the detail of the failure itself.
func (e *StepError) Detail() string {
	s := ""
	var d interface{ Detail() string }
	if errors.As(e.Err, &d) {
		s = d.Detail()
	}
	s += fmt.Sprintf("failed step: %s\n", e.Step)
	for _, u := range e.Undone {
		s += fmt.Sprintf("undone: %s\n", u)
	}
	return s
}

// runSteps does the steps in order. When one fails it undoes those before it
// in reverse order, even if ctx has ended by then. watch, if not nil, is told
// each step before it is done.
func runSteps(ctx context.Context, dev Device, steps []Step, watch func(name string) error) error {
	journal, err := openJournal(ctx, dev, steps)
	if err != nil {
		return err
	}
	committed := false
	for i := range steps {
		s := &steps[i]
		err := ctx.Err()
		if err == nil && watch != nil {
			err = watch(s.Name)
		}
		if err == nil && s.Record != nil {
			err = journal.Announce(s.Record)
		}
		if err == nil && s.Target != nil && journal != nil {
			err = journal.Target(s.Target())
		}
		if err == nil {
			err = s.Do(ctx)
		}
		if err == nil {
			committed = committed || s.Target != nil
			continue
		}
		fail := &StepError{Step: s.Name, Err: err}
		if !committed {
			undo(context.WithoutCancel(ctx), steps[:i], fail)
		}
		if journal != nil {
			end := journal.Abort
			if committed {
				end = journal.Commit
			}
			if jerr := end(); jerr != nil {
				fail.Left = append(fail.Left, jerr)
			}
		}
		return fail
	}
	if journal != nil {
		return journal.Commit()
	}
	return nil
}

// openJournal begins a journal if a step leaves something behind.
func openJournal(ctx context.Context, dev Device, steps []Step) (Journal, error) {
	need := false
	for i := range steps {
		need = need || steps[i].Record != nil
	}
	if !need {
		return nil, nil
	}
	if j, ok := dev.(Journaler); ok {
		return j.Journal(ctx)
	}
	return noJournal{}, nil
}

// noJournal is the journal of a device that has none.
type noJournal struct{}

func (noJournal) Announce(json.RawMessage) error { return nil }
func (noJournal) Target(Hook, uint32) error      { return nil }
func (noJournal) Commit() error                  { return nil }
func (noJournal) Abort() error                   { return nil }

func undo(ctx context.Context, done []Step, fail *StepError) {
	for i := len(done) - 1; i >= 0; i-- {
		if done[i].Undo == nil {
			continue
		}
		// What was changed on a device that has gone went with it.
		if err := done[i].Undo(ctx); err != nil && !errors.Is(err, ErrDeviceGone) {
			fail.Left = append(fail.Left, fmt.Errorf("%s: %w", done[i].Name, err))
			continue
		}
		fail.Undone = append(fail.Undone, done[i].Name)
	}
}
