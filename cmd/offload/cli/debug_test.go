package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-dap"
	"github.com/stretchr/testify/require"
)

// TestDebugAdapter speaks the protocol with the command on its standard input and
// output: a program is launched with its capture, stops, and is looked at.
func TestDebugAdapter(t *testing.T) {
	const obj, capture = "../../../testdata/bpf/tail_stages.o", "../../../testdata/pcap/tail_stages.pcap"
	var in, out bytes.Buffer
	seq := 0
	ask := func(command string, m dap.RequestMessage) {
		seq++
		*m.GetRequest() = dap.Request{ProtocolMessage: dap.ProtocolMessage{Seq: seq, Type: "request"}, Command: command}
		require.NoError(t, dap.WriteProtocolMessage(&in, m))
	}
	ask("initialize", &dap.InitializeRequest{})
	ask("launch", &dap.LaunchRequest{Arguments: json.RawMessage(`{"program": "nosuch.o", "pcap": "nosuch.pcap"}`)})
	ask("launch", &dap.LaunchRequest{Arguments: json.RawMessage(fmt.Sprintf(`{"program": %q, "pcap": %q, "prog": "tail_stages", "stopOnEntry": true}`, obj, capture))})
	ask("configurationDone", &dap.ConfigurationDoneRequest{})
	ask("setFunctionBreakpoints", &dap.SetFunctionBreakpointsRequest{Arguments: dap.SetFunctionBreakpointsArguments{Breakpoints: []dap.FunctionBreakpoint{{Name: "verdict XDP_DROP"}}}})
	ask("continue", &dap.ContinueRequest{})
	ask("stackTrace", &dap.StackTraceRequest{})
	ask("evaluate", &dap.EvaluateRequest{Arguments: dap.EvaluateArguments{Expression: "where", Context: "repl"}})
	ask("disconnect", &dap.DisconnectRequest{})

	var says strings.Builder
	c := Default()
	c.Args, c.Stdin, c.Stdout, c.Stderr = []string{"debug", "--dap"}, &in, &out, &says
	require.Zero(t, Main(c), says.String())

	answers, stops := map[int]dap.Message{}, []string{}
	for r := bufio.NewReader(&out); ; {
		m, err := dap.ReadProtocolMessage(r)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		switch m := m.(type) {
		case *dap.StoppedEvent:
			stops = append(stops, m.Body.Reason)
		case dap.ResponseMessage:
			answers[m.GetResponse().RequestSeq] = m
		}
	}
	require.Len(t, answers, seq)
	require.Contains(t, answers[2].(*dap.ErrorResponse).Message, "nosuch.o")
	require.Equal(t, []string{"entry", "breakpoint"}, stops)
	require.NotEmpty(t, answers[7].(*dap.StackTraceResponse).Body.StackFrames)
	require.Contains(t, answers[8].(*dap.EvaluateResponse).Body.Result, "verdict XDP_DROP")
}
