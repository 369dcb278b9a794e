// Package contracttest holds tests of the contract between the parts: that
// compiler, simulator and check all keep to a target file, and that no field of
// one is read by nobody.
//
// It has no code of its own.
package contracttest
