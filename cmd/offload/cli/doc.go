// Package cli holds the verbs of the offload command: flags, output and
// progress, one file a verb, and no logic. Main is the entry point.
package cli
