// Command pcapgen writes the captures that the sample programs run on:
//
//	go run ./internal/pcapgen -o testdata/pcap
//
// The same version always writes the same bytes. It never knows what a program
// does with a packet; a scenario only says which protocols are frequent.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/skipsw/skipsw/internal/pcap"
)

func main() {
	dir := flag.String("o", "testdata/pcap", "directory to write to")
	flag.Parse()
	if err := run(*dir, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "pcapgen:", err)
		os.Exit(1)
	}
}

func run(dir string, log io.Writer) error {
	for _, s := range scenarios {
		b, err := s.file()
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, s.name+".pcap"), b, 0o644); err != nil {
			return err
		}
		fmt.Fprintf(log, "%s: %d packets, %d bytes\n", s.name, s.count, len(b))
	}
	return nil
}

// file returns the capture of a scenario.
func (s scenario) file() ([]byte, error) {
	var buf bytes.Buffer
	w, err := pcap.NewWriter(&buf)
	if err != nil {
		return nil, err
	}
	at := time.Unix(1_700_000_000, 0).UTC()
	for _, frame := range s.frames() {
		if err := w.Write(pcap.Packet{Data: frame, Time: at}); err != nil {
			return nil, err
		}
		at = at.Add(37 * time.Microsecond)
	}
	return buf.Bytes(), nil
}
