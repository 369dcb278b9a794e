package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/packetrun"
	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/nfpisa/image"
)

// each takes what became of a packet; exit is the C line at which its program
// ended, nil for unknown. A nil each takes nothing.
type each func(o *packetrun.Outcome, exit *image.Line) error

// all returns what calls several, nil for none of them.
func all(exit *packetrun.Exit, list ...each) func(*packetrun.Outcome) error {
	var some []each
	for _, e := range list {
		if e != nil {
			some = append(some, e)
		}
	}
	if len(some) == 0 {
		return nil
	}
	return func(o *packetrun.Outcome) error {
		var line *image.Line
		if exit != nil {
			line = exit.Line()
		}
		for _, e := range some {
			if err := e(o, line); err != nil {
				return err
			}
		}
		return nil
	}
}

// lineFlags print a line for each packet.
type lineFlags struct{ text, asJSON bool }

func (f *lineFlags) add(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.text, "packets", false, "print a line for each packet: number, verdict, cycles, bytes, headers and the C line at which the program ended")
	cmd.Flags().BoolVar(&f.asJSON, "json-lines", false, "print one JSON object a line for each packet, and nothing else")
}

func (f *lineFlags) show() bool { return f.text || f.asJSON }

// check refuses several forms at once.
func (f *lineFlags) check(r *runFlags) error {
	switch {
	case f.text && f.asJSON:
		return usagef("--packets and --json-lines are two forms of the same")
	case f.text && r.asJSON:
		return usagef("--packets prints text: leave out --json, or use --json-lines")
	case f.asJSON && (r.asJSON || r.maps || r.hot > 0 || r.events.show):
		return usagef("--json-lines prints packets and nothing else: leave out --json, --maps, --hot and --events")
	case f.asJSON && r.out.file == dash:
		return usagef("standard output cannot be both a capture and lines")
	}
	return nil
}

// each returns what prints.
func (f *lineFlags) each(cmd *cobra.Command) each {
	switch {
	case f.text:
		return func(o *packetrun.Outcome, exit *image.Line) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), o.Line(exit))
			return err
		}
	case f.asJSON:
		enc := json.NewEncoder(cmd.OutOrStdout())
		enc.SetEscapeHTML(false)
		return func(o *packetrun.Outcome, exit *image.Line) error { return enc.Encode(o.JSON(exit)) }
	}
	return nil
}

// outFlags are where packets go that leave the program.
type outFlags struct {
	file    string
	dropped bool
	port    string // where packets come in, unless the capture names it
}

func (f *outFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.file, "out", "", "write the packets that leave the program, passed or sent, to the capture file `OUT`; one whose name ends in .pcapng says by which interface they leave, and has verdict, cycles and C line as comments; - is standard output")
	cmd.Flags().BoolVar(&f.dropped, "out-dropped", false, "write dropped packets, too, at an interface \"dropped\" of the pcapng file")
}

// annotated reports whether the file has comments.
func (f *outFlags) annotated() bool { return strings.HasSuffix(f.file, ".pcapng") }

func (f *outFlags) check() error {
	if f.dropped && !f.annotated() {
		return usagef("--out-dropped is for --out with a file whose name ends in .pcapng")
	}
	return nil
}

// write calls run with what writes packets to the file, if there is one.
func (f *outFlags) write(s *streams, in *capture, run func(each) error) error {
	if f.file == "" {
		return run(nil)
	}
	return s.write(f.file, "a capture", func(w io.Writer) error {
		buf := bufio.NewWriter(w)
		if f.annotated() {
			file := pcap.NewNGFile(buf)
			if err := run(f.annotate(file, in)); err != nil {
				return err
			}
			return errors.Join(file.Close(), buf.Flush())
		}
		e, err := plainOut(buf)
		if err != nil {
			return err
		}
		if err := run(e); err != nil {
			return err
		}
		return buf.Flush()
	})
}

// plainOut returns what writes packets that leave to a capture.
func plainOut(w io.Writer) (each, error) {
	out, err := pcap.NewWriter(w)
	if err != nil {
		return nil, err
	}
	return func(o *packetrun.Outcome, _ *image.Line) error {
		for _, d := range o.Departures() {
			if err := out.Write(pcap.Packet{Data: d.Data, Time: o.In.Time}); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// annotate returns what writes packets with comments to a pcapng file.
func (f *outFlags) annotate(out *pcap.NGFile, in *capture) each {
	return func(o *packetrun.Outcome, exit *image.Line) error {
		if !o.Leaves && !f.dropped {
			return nil
		}
		p := pcap.NGPacket{Outbound: true, Comment: visibleText(f.comment(o, exit))}
		if all := o.Departures(); o.Leaves && len(o.Result.Ends) > 0 {
			for _, d := range all {
				p.Data, p.Time = d.Data, o.In.Time
				if err := out.Write(visibleText(d.To), p); err != nil {
					return err
				}
			}
			return nil
		}
		p.Data, p.Time = o.Result.Packet, o.In.Time
		if o.Result.Fault != nil {
			p.Data = o.In.Data
		}
		return out.Write(visibleText(f.leavesBy(o, in)), p)
	}
}

// comment says what the program did: "17 XDP_PASS, 212 cycles, pktlimit.c:34".
func (f *outFlags) comment(o *packetrun.Outcome, exit *image.Line) string {
	if fault := o.Result.Fault; fault != nil {
		return fmt.Sprintf("packet %d: %s", o.Number, fault.Error())
	}
	s := fmt.Sprintf("packet %d: %s, %d cycles", o.Number, o.Where(), o.Result.Cycles)
	if exit != nil {
		s += ", " + packetrun.Place(exit)
	}
	return s
}

// leavesBy names the interface of a packet in the file.
func (f *outFlags) leavesBy(o *packetrun.Outcome, in *capture) string {
	switch {
	case !o.Leaves:
		return "dropped"
	case o.Redirected:
		return o.Result.Redirect.String()
	case o.Verdict == "XDP_TX":
		if name := in.reader.Interface(o.In.Interface); name != "" {
			return name
		}
		return f.port
	}
	return "host"
}
