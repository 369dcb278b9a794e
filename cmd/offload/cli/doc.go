// Package cli holds the verbs of the offload command: flags, output and
// progress, one file a verb, and no logic. A binary says in a Config what
// devices, targets and firmware models it has, and calls Main.
//
// It never knows a device's own type: verbs ask for abilities through package
// offload. Errors of the libraries carry codes, which become words here
// (advice.go).
//
// Stable for importers: Config, Default and Main. Output for people may change;
// --json keeps its fields.
package cli
