package cli

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/commands.md and docs/man anew")

// TestPages compares the committed reference, Markdown and man pages, with the
// command tree.
func TestPages(t *testing.T) {
	const docs = "../../../docs"
	c := Default()
	a, err := newApp(&c)
	require.NoError(t, err)
	var verbose bool
	root := newRoot(a, &verbose)
	root.DisableAutoGenTag = true
	root.InitDefaultCompletionCmd()

	var text bytes.Buffer
	text.WriteString("# Commands\n\nWhat `offload --help` and the `--help` of each verb print; `make docs` writes this page and docs/man.\n\n")
	pages := map[string][]byte{}
	eachVerb(root, func(verb *cobra.Command) {
		// Links between pages become links within the one page.
		anchor := func(file string) string {
			return "#" + strings.ReplaceAll(strings.TrimSuffix(file, ".md"), "_", "-")
		}
		require.NoError(t, doc.GenMarkdownCustom(verb, &text, anchor))
		var page bytes.Buffer
		header := doc.GenManHeader{Title: strings.ToUpper(name(verb)), Section: "1", Date: &time.Time{}, Source: "skipsw", Manual: "skipsw"}
		require.NoError(t, doc.GenMan(verb, &header, &page))
		pages[name(verb)+".1"] = bytes.Replace(page.Bytes(), []byte(`"Jan 0001"`), []byte(`""`), 1)
	})
	if *update {
		require.NoError(t, os.RemoveAll(filepath.Join(docs, "man")))
		require.NoError(t, os.MkdirAll(filepath.Join(docs, "man"), 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(docs, "commands.md"), text.Bytes(), 0o666))
		for file, page := range pages {
			require.NoError(t, os.WriteFile(filepath.Join(docs, "man", file), page, 0o666))
		}
	}
	const hint = "the command tree has changed: make docs"
	got, err := os.ReadFile(filepath.Join(docs, "commands.md"))
	require.NoError(t, err)
	require.Equal(t, text.String(), string(got), hint)
	files, err := os.ReadDir(filepath.Join(docs, "man"))
	require.NoError(t, err)
	require.Len(t, files, len(pages), hint)
	for file, page := range pages {
		got, err := os.ReadFile(filepath.Join(docs, "man", file))
		require.NoError(t, err, hint)
		require.Equal(t, string(page), string(got), hint)
	}
}

// name is the name of a verb's page: offload-map-dump.
func name(verb *cobra.Command) string { return strings.ReplaceAll(verb.CommandPath(), " ", "-") }

// eachVerb calls f for the command and all verbs under it that help shows.
func eachVerb(verb *cobra.Command, f func(*cobra.Command)) {
	verb.DisableAutoGenTag = true
	f(verb)
	for _, sub := range verb.Commands() {
		if sub.IsAvailableCommand() {
			eachVerb(sub, f)
		}
	}
}
