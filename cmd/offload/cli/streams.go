package cli

import (
	"bytes"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/infile"
	"github.com/skipsw/skipsw/internal/outfile"
	"github.com/skipsw/skipsw/internal/pcap"
)

// dash is the name of standard input or output in the place of a file. A file of
// that name is "./-".
const dash = "-"

// streams are standard input and output as files: each stands for one file of a
// command at most. What is written there is bytes, so text that a command prints
// besides goes to standard error.
type streams struct {
	in  io.Reader
	out io.Writer
	// What they stand for, "" for nothing yet.
	inIs, outIs string
}

// fileName is what errors call a file.
func fileName(path, standard string) string {
	if path == dash {
		return standard
	}
	return path
}

// inName is the name of an input in errors.
func inName(path string) string { return fileName(path, "standard input") }

// read reads a file that a user names, or standard input.
func (s *streams) read(path, what string, most int64) ([]byte, error) {
	if path != dash {
		return infile.Read(path, what, most)
	}
	if s.inIs != "" {
		return nil, usagef("standard input cannot be both %s and %s", s.inIs, what)
	}
	s.inIs = what
	return infile.All(s.in, inName(path), what, most)
}

// write writes a file that a user names, or standard output. what names the
// kind of file, as "an image".
func (s *streams) write(path, what string, write func(io.Writer) error) error {
	if path != dash {
		return outfile.Write(path, write)
	}
	if s.outIs != "" {
		return usagef("standard output cannot be both %s and %s", s.outIs, what)
	}
	s.outIs = what
	return write(s.out)
}

// report returns where a command prints its text that writes to the given
// files.
func report(cmd *cobra.Command, files ...string) io.Writer {
	for _, f := range files {
		if f == dash {
			return cmd.ErrOrStderr()
		}
	}
	return cmd.OutOrStdout()
}

// capture reads the packets of a capture file.
func (s *streams) capture(path string) ([]pcap.Packet, error) {
	if path != dash {
		return pcap.ReadFile(path)
	}
	data, err := s.read(path, "a capture", infile.Capture)
	if err != nil {
		return nil, err
	}
	packets, err := pcap.Read(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", inName(path), err)
	}
	return packets, nil
}
