// Package examples holds nothing but the test of what lies beside it: vendor is a
// module of its own, as a vendor would have one, with a target, a firmware
// model, a device and a binary.
//
// Not stable: there is nothing to import.
package examples
