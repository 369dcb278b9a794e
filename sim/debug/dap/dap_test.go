package dap_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	godap "github.com/google/go-dap"
	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/debug"
	"github.com/skipsw/skipsw/sim/debug/dap"
	"github.com/skipsw/skipsw/translate"
)

// launch debugs the sample that a request names.
func launch(raw json.RawMessage) (*debug.Session, error) {
	var l struct{ Program string }
	if err := json.Unmarshal(raw, &l); err != nil {
		return nil, err
	}
	img, err := translate.File("../../../testdata/bpf/"+l.Program+".o", translate.FileOptions{})
	if err != nil {
		return nil, err
	}
	packets, err := pcap.ReadFile(filepath.Join("../../../testdata/pcap", l.Program+".pcap"))
	if err != nil {
		return nil, err
	}
	o := debug.Options{Image: img, Spec: sim.DefaultSpec()}
	for k := range packets[:60] {
		o.Packets = append(o.Packets, packets[k].Data)
	}
	return debug.New(o)
}

// editor is a client.
type editor struct {
	t    *testing.T
	w    io.Writer
	r    *bufio.Reader
	seq  int
	done chan error
	last map[string]godap.Message // events by name
}

// connect starts a server with a client.
func connect(t *testing.T) *editor {
	t.Helper()
	here, there := net.Pipe()
	require.NoError(t, here.SetDeadline(time.Now().Add(30*time.Second)))
	e := &editor{t: t, w: here, r: bufio.NewReader(here), done: make(chan error, 1), last: map[string]godap.Message{}}
	go func() {
		err := (&dap.Server{Launch: launch}).Serve(there, there)
		_ = there.Close()
		e.done <- err
	}()
	t.Cleanup(func() { _ = here.Close() })
	return e
}

// read reads a message; events are kept by their names.
func (e *editor) read() godap.Message {
	e.t.Helper()
	m, err := godap.ReadProtocolMessage(e.r)
	require.NoError(e.t, err)
	if ev, ok := m.(godap.EventMessage); ok {
		e.last[ev.GetEvent().Event] = m
	}
	return m
}

// ask sends a request and returns its response.
func (e *editor) ask(command string, m godap.RequestMessage) godap.Message {
	e.t.Helper()
	e.seq++
	*m.GetRequest() = godap.Request{ProtocolMessage: godap.ProtocolMessage{Seq: e.seq, Type: "request"}, Command: command}
	require.NoError(e.t, godap.WriteProtocolMessage(e.w, m))
	for {
		if r, ok := e.read().(godap.ResponseMessage); ok {
			require.Equal(e.t, e.seq, r.GetResponse().RequestSeq)
			return r
		}
	}
}

// event waits for an event of a name.
func (e *editor) event(name string) godap.Message {
	e.t.Helper()
	for e.last[name] == nil {
		e.read()
	}
	m := e.last[name]
	delete(e.last, name)
	return m
}

func (e *editor) stopped() godap.StoppedEventBody {
	e.t.Helper()
	return e.event("stopped").(*godap.StoppedEvent).Body
}

// top returns the frame where the run stands.
func (e *editor) top() godap.StackFrame {
	e.t.Helper()
	r := e.ask("stackTrace", &godap.StackTraceRequest{Arguments: godap.StackTraceArguments{ThreadId: 1}}).(*godap.StackTraceResponse)
	require.NotEmpty(e.t, r.Body.StackFrames)
	return r.Body.StackFrames[0]
}

func (e *editor) launch(program string, entry bool) {
	e.t.Helper()
	r := e.ask("initialize", &godap.InitializeRequest{Arguments: godap.InitializeRequestArguments{AdapterID: "offload", LinesStartAt1: true}}).(*godap.InitializeResponse)
	require.True(e.t, r.Body.SupportsStepBack)
	args := fmt.Sprintf(`{"program": %q, "stopOnEntry": %v}`, program, entry)
	require.IsType(e.t, &godap.LaunchResponse{}, e.ask("launch", &godap.LaunchRequest{Arguments: json.RawMessage(args)}))
	e.event("initialized")
}

// TestSession is what an editor does: breakpoints, stops, stacks, variables, steps
// forwards and back, the end.
func TestSession(t *testing.T) {
	e := connect(t)
	e.launch("flow_track", false)
	set := e.ask("setBreakpoints", &godap.SetBreakpointsRequest{Arguments: godap.SetBreakpointsArguments{
		Source:      godap.Source{Path: "/somewhere/else/flow_track.c"},
		Breakpoints: []godap.SourceBreakpoint{{Line: 66}, {Line: 9999}, {Line: 37}},
	}}).(*godap.SetBreakpointsResponse).Body.Breakpoints
	require.Len(t, set, 3)
	require.True(t, set[0].Verified)
	require.Equal(t, 66, set[0].Line)
	require.False(t, set[1].Verified)
	require.Contains(t, set[1].Message, "no code at or behind line 9999")
	require.Equal(t, 43, set[2].Line)
	// A second request for the file has all that is wanted.
	set = e.ask("setBreakpoints", &godap.SetBreakpointsRequest{Arguments: godap.SetBreakpointsArguments{
		Source: godap.Source{Path: "/somewhere/else/flow_track.c"}, Breakpoints: []godap.SourceBreakpoint{{Line: 66}},
	}}).(*godap.SetBreakpointsResponse).Body.Breakpoints
	e.ask("configurationDone", &godap.ConfigurationDoneRequest{})
	stop := e.stopped()
	require.Equal(t, "breakpoint", stop.Reason)
	require.Equal(t, []int{set[0].Id}, stop.HitBreakpointIds)
	threads := e.ask("threads", &godap.ThreadsRequest{}).(*godap.ThreadsResponse).Body.Threads
	require.Equal(t, stop.ThreadId, threads[0].Id)
	first := e.top()
	require.Equal(t, 66, first.Line)
	require.Equal(t, "flow_track.c", first.Source.Name)

	scopes := e.ask("scopes", &godap.ScopesRequest{Arguments: godap.ScopesArguments{FrameId: first.Id}}).(*godap.ScopesResponse).Body.Scopes
	vars := map[string]godap.Variable{}
	old := 0
	for _, s := range scopes {
		r := e.ask("variables", &godap.VariablesRequest{Arguments: godap.VariablesArguments{VariablesReference: s.VariablesReference}}).(*godap.VariablesResponse)
		old = s.VariablesReference
		for _, v := range r.Body.Variables {
			vars[s.Name+"/"+v.Name] = v
		}
	}
	require.Contains(t, vars, "registers/A22")
	require.Contains(t, vars["maps/conns"].Value, "lru_hash")
	require.Equal(t, "none yet", vars["result/verdict"].Value)
	tcp := vars["packet/TCP"]
	require.NotZero(t, tcp.VariablesReference)
	fields := e.ask("variables", &godap.VariablesRequest{Arguments: godap.VariablesArguments{VariablesReference: tcp.VariablesReference}}).(*godap.VariablesResponse).Body.Variables
	require.True(t, contains(fields, "SYN", "true"), "%v", fields)

	e.ask("next", &godap.NextRequest{Arguments: godap.NextArguments{ThreadId: 1}})
	require.Equal(t, "step", e.stopped().Reason)
	require.NotEqual(t, 66, e.top().Line)
	r := e.ask("variables", &godap.VariablesRequest{Arguments: godap.VariablesArguments{VariablesReference: old}})
	require.Contains(t, r.(*godap.ErrorResponse).Message, "of a place that the run has left")
	e.ask("stepBack", &godap.StepBackRequest{Arguments: godap.StepBackArguments{ThreadId: 1}})
	e.stopped()
	require.Equal(t, 66, e.top().Line)
	e.ask("next", &godap.NextRequest{Arguments: godap.NextArguments{ThreadId: 1, Granularity: "instruction"}})
	e.stopped()
	e.ask("stepBack", &godap.StepBackRequest{Arguments: godap.StepBackArguments{ThreadId: 1, Granularity: "instruction"}})
	e.stopped()
	require.Equal(t, first.InstructionPointerReference, e.top().InstructionPointerReference)

	e.ask("continue", &godap.ContinueRequest{Arguments: godap.ContinueArguments{ThreadId: 1}})
	second := e.stopped()
	require.Equal(t, "breakpoint", second.Reason)
	require.NotEqual(t, stop.Description, second.Description)
	e.ask("reverseContinue", &godap.ReverseContinueRequest{Arguments: godap.ReverseContinueArguments{ThreadId: 1}})
	require.Equal(t, stop.Description, e.stopped().Description)
	require.Equal(t, first.InstructionPointerReference, e.top().InstructionPointerReference)
	e.ask("setBreakpoints", &godap.SetBreakpointsRequest{Arguments: godap.SetBreakpointsArguments{Source: godap.Source{Path: "/somewhere/else/flow_track.c"}}})
	e.ask("continue", &godap.ContinueRequest{Arguments: godap.ContinueArguments{ThreadId: 1}})
	e.event("terminated")
	e.ask("disconnect", &godap.DisconnectRequest{})
	require.NoError(t, <-e.done)
}

func contains(vars []godap.Variable, name, value string) bool {
	for _, v := range vars {
		if v.Name == name && v.Value == value {
			return true
		}
	}
	return false
}

// TestOtherStops: entry, words, maps, verdicts, by their breakpoints; the console.
func TestOtherStops(t *testing.T) {
	e := connect(t)
	e.launch("flow_track", true)
	e.ask("configurationDone", &godap.ConfigurationDoneRequest{})
	require.Equal(t, "entry", e.stopped().Reason)
	at := e.top().InstructionPointerReference
	list := e.ask("disassemble", &godap.DisassembleRequest{Arguments: godap.DisassembleArguments{MemoryReference: at, InstructionCount: 6, InstructionOffset: -2}}).(*godap.DisassembleResponse).Body.Instructions
	require.Len(t, list, 6)
	require.Equal(t, "(no code)", list[0].Instruction)
	require.Equal(t, at, list[2].Address)
	words := e.ask("setInstructionBreakpoints", &godap.SetInstructionBreakpointsRequest{Arguments: godap.SetInstructionBreakpointsArguments{
		Breakpoints: []godap.InstructionBreakpoint{{InstructionReference: list[4].Address}, {InstructionReference: "0xffff"}},
	}}).(*godap.SetInstructionBreakpointsResponse).Body.Breakpoints
	require.True(t, words[0].Verified)
	require.False(t, words[1].Verified)
	e.ask("continue", &godap.ContinueRequest{})
	require.Equal(t, []int{words[0].Id}, e.stopped().HitBreakpointIds)
	require.Equal(t, list[4].Address, e.top().InstructionPointerReference)
	e.ask("setInstructionBreakpoints", &godap.SetInstructionBreakpointsRequest{})

	fn := e.ask("setFunctionBreakpoints", &godap.SetFunctionBreakpointsRequest{Arguments: godap.SetFunctionBreakpointsArguments{
		Breakpoints: []godap.FunctionBreakpoint{{Name: "map conns"}, {Name: "map nosuch"}, {Name: "34"}},
	}}).(*godap.SetFunctionBreakpointsResponse).Body.Breakpoints
	require.True(t, fn[0].Verified)
	require.False(t, fn[1].Verified)
	require.False(t, fn[2].Verified)
	e.ask("continue", &godap.ContinueRequest{})
	require.Equal(t, []int{fn[0].Id}, e.stopped().HitBreakpointIds)
	frames := e.ask("stackTrace", &godap.StackTraceRequest{}).(*godap.StackTraceResponse).Body.StackFrames
	require.Len(t, frames, 2) // the routine, and the line that called it
	require.Contains(t, frames[0].Name, "conns.map_lookup_elem")
	require.Equal(t, 61, frames[1].Line)
	e.ask("setFunctionBreakpoints", &godap.SetFunctionBreakpointsRequest{})

	e.ask("setExceptionBreakpoints", &godap.SetExceptionBreakpointsRequest{Arguments: godap.SetExceptionBreakpointsArguments{Filters: []string{"fault", "drop"}}})
	e.ask("continue", &godap.ContinueRequest{})
	require.Equal(t, "verdict XDP_DROP", e.stopped().Text)

	eval := e.ask("evaluate", &godap.EvaluateRequest{Arguments: godap.EvaluateArguments{Expression: "where", Context: "repl"}}).(*godap.EvaluateResponse)
	require.Contains(t, eval.Body.Result, "verdict XDP_DROP")
	moving := e.ask("evaluate", &godap.EvaluateRequest{Arguments: godap.EvaluateArguments{Expression: "step", Context: "repl"}})
	require.Contains(t, moving.(*godap.ErrorResponse).Message, "moves the run")
	e.ask("terminate", &godap.TerminateRequest{})
	e.event("terminated")
}

// TestMistakes: what cannot be done is answered, and the session goes on.
func TestMistakes(t *testing.T) {
	e := connect(t)
	early := e.ask("next", &godap.NextRequest{})
	require.Contains(t, early.(*godap.ErrorResponse).Message, "launch comes first")
	bad := e.ask("launch", &godap.LaunchRequest{Arguments: json.RawMessage(`{"program": "nosuch\u001b[2J"}`)})
	require.Contains(t, bad.(*godap.ErrorResponse).Message, "nosuch")
	require.NotContains(t, bad.(*godap.ErrorResponse).Message, "\x1b")
	e.launch("pass", false)
	again := e.ask("launch", &godap.LaunchRequest{Arguments: json.RawMessage(`{}`)})
	require.Contains(t, again.(*godap.ErrorResponse).Message, "already")
	no := e.ask("setVariable", &godap.SetVariableRequest{})
	require.Contains(t, no.(*godap.ErrorResponse).Message, "not supported: request setVariable")
	// A request of no known kind, and one that is no request.
	require.NoError(t, godap.WriteBaseMessage(e.w, []byte(`{"seq": 99, "type": "request", "command": "fly"}`)))
	require.Contains(t, e.read().(*godap.ErrorResponse).Message, "no request that is known here")
	require.NoError(t, godap.WriteBaseMessage(e.w, []byte(`{"seq"`)))
	require.Error(t, <-e.done)
}

// TestListen: clients come by a socket of this machine, one after the other.
func TestListen(t *testing.T) {
	s := &dap.Server{Launch: launch}
	require.ErrorContains(t, s.Listen(t.Context(), "0.0.0.0:0", io.Discard), "not supported: listening on 0.0.0.0:0")
	require.ErrorContains(t, s.Listen(t.Context(), "nowhere", io.Discard), "nowhere")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	path := filepath.Join(t.TempDir(), "dap")
	done := make(chan error, 1)
	said, says := io.Pipe()
	go func() { done <- s.Listen(ctx, "unix:"+path, says) }()
	line, err := bufio.NewReader(said).ReadString('\n')
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(line, "listening on "))
	go func() { _, _ = io.Copy(io.Discard, said) }()
	for range 2 {
		conn, err := net.Dial("unix", path)
		require.NoError(t, err)
		e := &editor{t: t, w: conn, r: bufio.NewReader(conn), last: map[string]godap.Message{}}
		e.launch("pass", true)
		e.ask("configurationDone", &godap.ConfigurationDoneRequest{})
		e.stopped()
		e.ask("disconnect", &godap.DisconnectRequest{})
		require.NoError(t, conn.Close())
	}
	cancel()
	if err := <-done; err != nil {
		require.ErrorIs(t, err, net.ErrClosed)
	}
	var never *net.OpError
	require.False(t, errors.As(ctx.Err(), &never))
}

// TestOddNumbers: numbers that no editor sends are no harm.
func TestOddNumbers(t *testing.T) {
	e := connect(t)
	e.launch("flow_track", true)
	e.ask("configurationDone", &godap.ConfigurationDoneRequest{})
	e.stopped()
	require.IsType(t, &godap.ErrorResponse{}, e.ask("setBreakpoints", &godap.SetBreakpointsRequest{}))
	for _, n := range []int{-1 << 40, -1, 0, 1, 1 << 20, 1 << 40} {
		e.ask("stackTrace", &godap.StackTraceRequest{Arguments: godap.StackTraceArguments{StartFrame: n, Levels: n}})
		e.ask("variables", &godap.VariablesRequest{Arguments: godap.VariablesArguments{VariablesReference: n, Start: n, Count: n}})
		scopes := e.ask("scopes", &godap.ScopesRequest{Arguments: godap.ScopesArguments{FrameId: n}}).(*godap.ScopesResponse).Body.Scopes
		e.ask("variables", &godap.VariablesRequest{Arguments: godap.VariablesArguments{VariablesReference: scopes[1].VariablesReference, Start: n, Count: n}})
		e.ask("setBreakpoints", &godap.SetBreakpointsRequest{Arguments: godap.SetBreakpointsArguments{Source: godap.Source{Name: "flow_track.c"}, Breakpoints: []godap.SourceBreakpoint{{Line: n}}}})
		e.ask("setInstructionBreakpoints", &godap.SetInstructionBreakpointsRequest{Arguments: godap.SetInstructionBreakpointsArguments{Breakpoints: []godap.InstructionBreakpoint{{InstructionReference: "0x10", Offset: n}}}})
		r := e.ask("disassemble", &godap.DisassembleRequest{Arguments: godap.DisassembleArguments{MemoryReference: "0x10", InstructionOffset: n, InstructionCount: min(n, 64)}}).(*godap.DisassembleResponse)
		require.LessOrEqual(t, len(r.Body.Instructions), 64)
		e.ask("evaluate", &godap.EvaluateRequest{Arguments: godap.EvaluateArguments{Expression: fmt.Sprint("words ", n), Context: "repl"}})
	}
	e.ask("setBreakpoints", &godap.SetBreakpointsRequest{Arguments: godap.SetBreakpointsArguments{Source: godap.Source{Name: "flow_track.c"}}})
	e.ask("setInstructionBreakpoints", &godap.SetInstructionBreakpointsRequest{})
	e.ask("continue", &godap.ContinueRequest{})
	e.event("terminated")
}
