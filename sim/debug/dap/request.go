package dap

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	godap "github.com/google/go-dap"

	"github.com/skipsw/skipsw/sim/debug"
)

// thread is the number of the one thread: a packet runs in one context.
const thread = 1

var errNoSession = errors.New("nothing is debugged yet: launch comes first")

// request serves a request.
func (c *client) request(q godap.RequestMessage) {
	switch q := q.(type) {
	case *godap.InitializeRequest:
		c.initialize(q)
		return
	case *godap.LaunchRequest:
		c.launch(q)
		return
	case *godap.DisconnectRequest:
		c.send(&godap.DisconnectResponse{Response: answer(q)})
		c.gone = true
		return
	case *godap.TerminateRequest:
		c.send(&godap.TerminateResponse{Response: answer(q)})
		c.send(&godap.TerminatedEvent{Event: c.event("terminated")})
		return
	case *godap.ThreadsRequest:
		c.send(&godap.ThreadsResponse{Response: answer(q), Body: godap.ThreadsResponseBody{Threads: []godap.Thread{{Id: thread, Name: "core 0, context 0"}}}})
		return
	}
	if c.s == nil {
		c.failed(q, errNoSession)
		return
	}
	switch q := q.(type) {
	case *godap.SetBreakpointsRequest:
		c.setBreakpoints(q)
	case *godap.SetFunctionBreakpointsRequest:
		c.setFunctionBreakpoints(q)
	case *godap.SetInstructionBreakpointsRequest:
		c.setInstructionBreakpoints(q)
	case *godap.SetExceptionBreakpointsRequest:
		c.setExceptionBreakpoints(q)
	case *godap.ConfigurationDoneRequest:
		c.send(&godap.ConfigurationDoneResponse{Response: answer(q)})
		c.start()
	case *godap.StackTraceRequest:
		c.stackTrace(q)
	case *godap.ScopesRequest:
		c.scopes(q)
	case *godap.VariablesRequest:
		c.variables(q)
	case *godap.EvaluateRequest:
		c.evaluate(q)
	case *godap.DisassembleRequest:
		c.disassemble(q)
	case *godap.ContinueRequest:
		c.send(&godap.ContinueResponse{Response: answer(q), Body: godap.ContinueResponseBody{AllThreadsContinued: true}})
		c.move(c.s.Continue)
	case *godap.ReverseContinueRequest:
		c.send(&godap.ReverseContinueResponse{Response: answer(q)})
		c.move(c.s.Reverse)
	case *godap.NextRequest:
		c.send(&godap.NextResponse{Response: answer(q)})
		c.move(func() error { return c.s.Step(unit(q.Arguments.Granularity, debug.Line)) })
	case *godap.StepInRequest:
		c.send(&godap.StepInResponse{Response: answer(q)})
		c.move(func() error { return c.s.Step(unit(q.Arguments.Granularity, debug.Insn)) })
	case *godap.StepOutRequest:
		c.send(&godap.StepOutResponse{Response: answer(q)})
		c.move(func() error { return c.s.Step(debug.Packet) })
	case *godap.StepBackRequest:
		c.send(&godap.StepBackResponse{Response: answer(q)})
		c.move(func() error { return c.s.Back(unit(q.Arguments.Granularity, debug.Line)) })
	default:
		c.failed(q, fmt.Errorf("not supported: request %s, because the simulator has nothing to do for it", q.GetRequest().Command))
	}
}

// unit is how far a step of a granularity goes.
func unit(g godap.SteppingGranularity, other debug.Unit) debug.Unit {
	switch g {
	case "line", "statement":
		return debug.Line
	case "instruction":
		return debug.Word
	}
	return other
}

func (c *client) initialize(q *godap.InitializeRequest) {
	c.send(&godap.InitializeResponse{Response: answer(q), Body: godap.Capabilities{
		SupportsConfigurationDoneRequest: true, SupportsFunctionBreakpoints: true, SupportsInstructionBreakpoints: true, SupportsStepBack: true,
		SupportsSteppingGranularity: true, SupportsDisassembleRequest: true, SupportsTerminateRequest: true, SupportsEvaluateForHovers: false,
		ExceptionBreakpointFilters: []godap.ExceptionBreakpointsFilter{
			{Filter: "fault", Label: "Faults", Description: "packets that end with a fault; they always stop", Default: true},
			{Filter: "drop", Label: "Drops", Description: "packets that the program drops"},
			{Filter: "aborted", Label: "Aborts", Description: "packets that end with XDP_ABORTED"},
		},
	}})
}

func (c *client) launch(q *godap.LaunchRequest) {
	if c.s != nil {
		c.failed(q, errors.New("a program is debugged already"))
		return
	}
	var own struct {
		StopOnEntry bool `json:"stopOnEntry"`
		NoDebug     bool `json:"noDebug"`
	}
	err := json.Unmarshal(q.Arguments, &own)
	if err == nil {
		c.s, err = c.server.Launch(q.Arguments)
	}
	if err != nil {
		c.failed(q, err)
		return
	}
	c.entry = own.StopOnEntry
	c.send(&godap.LaunchResponse{Response: answer(q)})
	if own.NoDebug {
		// Nothing stops, then.
		c.send(&godap.TerminatedEvent{Event: c.event("terminated")})
		return
	}
	c.send(&godap.InitializedEvent{Event: c.event("initialized")})
}

// start goes on when the breakpoints are set.
func (c *client) start() {
	if c.started {
		return
	}
	c.started = true
	if c.entry {
		c.stopped()
		return
	}
	c.move(c.s.Continue)
}

// move runs, and says where the run has stopped, or that it is at its end.
func (c *client) move(run func() error) {
	c.refs = nil
	err := run()
	switch {
	case errors.Is(err, debug.ErrEnd) && c.s.Reason == "end":
		c.send(&godap.TerminatedEvent{Event: c.event("terminated")})
		return
	case err != nil:
		c.say(err.Error())
	}
	c.stopped()
}

// say prints a line in the client's console.
func (c *client) say(text string) {
	c.send(&godap.OutputEvent{Event: c.event("output"), Body: godap.OutputEventBody{Category: "console", Output: debug.Clean(text) + "\n"}})
}

// stopped says why and where the run stands.
func (c *client) stopped() {
	m := &godap.StoppedEvent{Event: c.event("stopped")}
	m.Body = godap.StoppedEventBody{Reason: c.s.Reason, ThreadId: thread, AllThreadsStopped: true}
	if m.Body.Reason == "fault" {
		m.Body.Reason = "exception"
	}
	for _, b := range c.s.Hit {
		m.Body.HitBreakpointIds = append(m.Body.HitBreakpointIds, b.ID)
	}
	m.Body.Description = fmt.Sprintf("packet %d of %d, cycle %d", c.s.At().Packet+1, c.s.Packets(), c.s.Cycle())
	if r := c.s.Result(); r != nil {
		for _, v := range scope(c.s, "result") {
			if v.Name == "verdict" || v.Name == "fault" {
				m.Body.Text = v.Name + " " + v.Value
			}
		}
	}
	c.send(m)
}

func scope(s *debug.Session, name string) []debug.Var {
	for _, sc := range s.Scopes() {
		if sc.Name == name {
			return sc.Vars()
		}
	}
	return nil
}

func (c *client) setBreakpoints(q *godap.SetBreakpointsRequest) {
	path := q.Arguments.Source.Path
	if path == "" {
		path = q.Arguments.Source.Name
	}
	if path == "" {
		c.failed(q, errors.New("setBreakpoints: the request names no source file"))
		return
	}
	var list []*debug.Break
	m := &godap.SetBreakpointsResponse{Response: answer(q)}
	m.Body.Breakpoints = []godap.Breakpoint{}
	for _, at := range q.Arguments.Breakpoints {
		b, err := debug.LineBreak(c.s.Image(), path, at.Line)
		if err != nil {
			m.Body.Breakpoints = append(m.Body.Breakpoints, unset(err))
			continue
		}
		list = append(list, b)
		m.Body.Breakpoints = append(m.Body.Breakpoints, godap.Breakpoint{Verified: true, Line: b.Line, Source: source(b.File)})
	}
	// The request has all of a file.
	c.s.Remove(func(b *debug.Break) bool {
		return b.Kind == debug.BreakLine && (b.File == path || strings.HasSuffix(path, "/"+b.File) || strings.HasSuffix(b.File, "/"+path) || filepath.Base(b.File) == path)
	})
	k := 0
	for n := range m.Body.Breakpoints {
		if m.Body.Breakpoints[n].Verified {
			m.Body.Breakpoints[n].Id = c.s.Add(list[k]).ID
			k++
		}
	}
	c.send(m)
}

// unset is a breakpoint that could not be set.
func unset(err error) godap.Breakpoint {
	return godap.Breakpoint{Message: debug.Clean(err.Error())}
}

// setFunctionBreakpoints takes what is no line: insn 12, map NAME, verdict NAME.
func (c *client) setFunctionBreakpoints(q *godap.SetFunctionBreakpointsRequest) {
	c.s.Remove(func(b *debug.Break) bool {
		return b.Kind == debug.BreakInsn || b.Kind == debug.BreakMap || b.Kind == debug.BreakVerdict && !c.filtered(b)
	})
	m := &godap.SetFunctionBreakpointsResponse{Response: answer(q)}
	m.Body.Breakpoints = []godap.Breakpoint{}
	for _, f := range q.Arguments.Breakpoints {
		b, err := debug.ParseBreak(c.s.Image(), f.Name)
		if err == nil && (b.Kind == debug.BreakLine || b.Kind == debug.BreakWord) {
			err = errors.New("lines and words have breakpoints of their own")
		}
		if err != nil {
			m.Body.Breakpoints = append(m.Body.Breakpoints, unset(err))
			continue
		}
		m.Body.Breakpoints = append(m.Body.Breakpoints, godap.Breakpoint{Verified: true, Id: c.s.Add(b).ID})
	}
	c.send(m)
}

// filtered reports whether an exception filter has set a breakpoint.
func (c *client) filtered(b *debug.Break) bool { return c.filters[b.Name] }

// filterVerdicts are the verdicts of the filters, those of both program types.
var filterVerdicts = map[string][]string{"drop": {"XDP_DROP", "TC_ACT_SHOT"}, "aborted": {"XDP_ABORTED"}}

func (c *client) setExceptionBreakpoints(q *godap.SetExceptionBreakpointsRequest) {
	c.s.Remove(func(b *debug.Break) bool { return b.Kind == debug.BreakVerdict && c.filtered(b) })
	clear(c.filters)
	for _, f := range q.Arguments.Filters {
		for _, verdict := range filterVerdicts[f] {
			if b, err := debug.ParseBreak(c.s.Image(), "verdict "+verdict); err == nil {
				c.s.Add(b)
				c.filters[verdict] = true
			}
		}
	}
	c.send(&godap.SetExceptionBreakpointsResponse{Response: answer(q)})
}

func (c *client) setInstructionBreakpoints(q *godap.SetInstructionBreakpointsRequest) {
	c.s.Remove(func(b *debug.Break) bool { return b.Kind == debug.BreakWord })
	m := &godap.SetInstructionBreakpointsResponse{Response: answer(q)}
	m.Body.Breakpoints = []godap.Breakpoint{}
	for _, at := range q.Arguments.Breakpoints {
		n, err := strconv.ParseInt(at.InstructionReference, 0, 32)
		var b *debug.Break
		if err == nil {
			b, err = debug.ParseBreak(c.s.Image(), fmt.Sprintf("word %d", int(n)+at.Offset))
		}
		if err != nil {
			m.Body.Breakpoints = append(m.Body.Breakpoints, unset(err))
			continue
		}
		m.Body.Breakpoints = append(m.Body.Breakpoints, godap.Breakpoint{Verified: true, Id: c.s.Add(b).ID, InstructionReference: reference(b.Word)})
	}
	c.send(m)
}

// reference is a word's control-store address as the protocol has addresses.
func reference(address int) string { return fmt.Sprintf("%#x", address) }
