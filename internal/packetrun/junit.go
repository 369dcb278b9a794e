package packetrun

import (
	"encoding/xml"
	"io"
	"strings"
)

// The elements of a JUnit file that continuous integration reads.
type (
	junitSuite struct {
		XMLName  xml.Name    `xml:"testsuite"`
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Failure *junitFailure `xml:"failure"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes cases as a JUnit XML file with a test suite of that name.
// Characters that XML cannot have become U+FFFD.
func WriteJUnit(w io.Writer, suite string, cases []Case) error {
	out := junitSuite{Name: suite, Tests: len(cases)}
	for _, c := range cases {
		k := junitCase{Class: suite, Name: c.Name}
		if len(c.Differences) > 0 {
			out.Failures++
			k.Failure = &junitFailure{c.Differences[0], strings.Join(c.Differences, "\n")}
		}
		out.Cases = append(out.Cases, k)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(out); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
