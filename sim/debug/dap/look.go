package dap

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	godap "github.com/google/go-dap"

	"github.com/skipsw/skipsw/sim/debug"
)

func source(file string) *godap.Source {
	return &godap.Source{Name: debug.Clean(filepath.Base(file)), Path: file}
}

// frame describes a word as a stack frame.
func (c *client) frame(id, word int) godap.StackFrame {
	img := c.s.Image()
	program, routine := debug.Owner(img, word)
	f := godap.StackFrame{Id: id, Name: debug.Clean(program + routine), InstructionPointerReference: reference(int(img.Machine.CodeStart) + word)}
	if l := img.LineOf(word); l != nil && routine == "" {
		if l.LineNo > 0 {
			f.Source, f.Line, f.Column = source(l.File), int(l.LineNo), max(1, int(l.Column))
		}
		if l.Insn >= 0 {
			f.Name += fmt.Sprintf(" [%d]", l.Insn)
		}
	}
	return f
}

// stackTrace shows the word that is next, and for one of a routine the word of the
// program from which it was entered.
func (c *client) stackTrace(q *godap.StackTraceRequest) {
	m := &godap.StackTraceResponse{Response: answer(q)}
	img, word := c.s.Image(), c.s.Word()
	trace := c.s.Trace()
	if word < 0 && len(trace) > 0 {
		word = int(trace[len(trace)-1])
	}
	frames := []godap.StackFrame{}
	if word >= 0 {
		frames = append(frames, c.frame(1, word))
		if _, routine := debug.Owner(img, word); routine != "" {
			for k := len(trace) - 1; k >= 0; k-- {
				if _, inside := debug.Owner(img, int(trace[k])); inside == "" {
					frames = append(frames, c.frame(2, int(trace[k])))
					break
				}
			}
		}
	}
	m.Body.TotalFrames = len(frames)
	lo := min(max(0, q.Arguments.StartFrame), len(frames))
	hi := len(frames)
	if n := q.Arguments.Levels; n > 0 {
		hi = min(hi, lo+n)
	}
	m.Body.StackFrames = frames[lo:hi]
	c.send(m)
}

// refer returns a reference to variables, good until the run moves.
func (c *client) refer(vars func() []debug.Var) int {
	c.refs = append(c.refs, vars)
	return len(c.refs)
}

func (c *client) scopes(q *godap.ScopesRequest) {
	m := &godap.ScopesResponse{Response: answer(q)}
	for _, s := range c.s.Scopes() {
		m.Body.Scopes = append(m.Body.Scopes, godap.Scope{Name: s.Name, VariablesReference: c.refer(s.Vars), Expensive: s.Name == "maps"})
	}
	c.send(m)
}

func (c *client) variables(q *godap.VariablesRequest) {
	ref := q.Arguments.VariablesReference
	if ref < 1 || ref > len(c.refs) {
		c.failed(q, fmt.Errorf("variables %d are of a place that the run has left, or none", ref))
		return
	}
	m := &godap.VariablesResponse{Response: answer(q)}
	m.Body.Variables = []godap.Variable{}
	vars := c.refs[ref-1]()
	if a := q.Arguments; a.Count > 0 || a.Start > 0 {
		lo := min(max(0, a.Start), len(vars))
		hi := len(vars)
		if a.Count > 0 {
			hi = min(hi, lo+a.Count)
		}
		vars = vars[lo:hi]
	}
	for _, v := range vars {
		out := godap.Variable{Name: v.Name, Value: v.Value}
		if parts := v.Parts; len(parts) > 0 {
			out.VariablesReference = c.refer(func() []debug.Var { return parts })
		}
		m.Body.Variables = append(m.Body.Variables, out)
	}
	c.send(m)
}

// evaluate runs a command of the console that only looks, or finds a variable by
// its name.
func (c *client) evaluate(q *godap.EvaluateRequest) {
	m := &godap.EvaluateResponse{Response: answer(q)}
	for _, s := range c.s.Scopes() {
		for _, v := range s.Vars() {
			if v.Name == q.Arguments.Expression {
				m.Body.Result = v.Value
				if parts := v.Parts; len(parts) > 0 {
					m.Body.VariablesReference = c.refer(func() []debug.Var { return parts })
				}
				c.send(m)
				return
			}
		}
	}
	if q.Arguments.Context != "repl" {
		c.failed(q, fmt.Errorf("nothing of the name %q", q.Arguments.Expression))
		return
	}
	var out strings.Builder
	console := debug.NewConsole(c.s, &out)
	if err := console.Look(q.Arguments.Expression); err != nil {
		c.failed(q, err)
		return
	}
	m.Body.Result = out.String()
	c.send(m)
}

// disassemble lists words around an address.
func (c *client) disassemble(q *godap.DisassembleRequest) {
	at, err := strconv.ParseInt(q.Arguments.MemoryReference, 0, 32)
	if err != nil {
		c.failed(q, fmt.Errorf("no address %q", q.Arguments.MemoryReference))
		return
	}
	const most = 1 << 14 // words of a control store
	n := min(max(0, q.Arguments.InstructionCount), most)
	img := c.s.Image()
	first := int(at) + q.Arguments.InstructionOffset
	m := &godap.DisassembleResponse{Response: answer(q)}
	m.Body.Instructions = []godap.DisassembledInstruction{}
	for k := range n {
		address := first + k
		in := godap.DisassembledInstruction{Address: reference(max(0, address)), Instruction: "(no code)"}
		if word := address - int(img.Machine.CodeStart); word >= 0 && word < len(img.Words) {
			in.Instruction, in.InstructionBytes = debug.Text(img, word), fmt.Sprintf("%016x", uint64(img.Words[word]))
			if l := img.LineOf(word); l != nil && l.LineNo > 0 {
				in.Location, in.Line = source(l.File), int(l.LineNo)
			}
		}
		m.Body.Instructions = append(m.Body.Instructions, in)
	}
	c.send(m)
}
