// Package histories is tests: contexts of several cores and a host use one map at
// once, in orders chosen by a seed, and what each of them saw is checked against
// what a map is (docs/map-layouts.md has the contracts).
package histories
