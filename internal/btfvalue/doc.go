// Package btfvalue reads and prints values by their C types, as BTF describes
// them.
//
// The notation is that of C: numbers, true, 'c', names of an enumeration,
// {1, 2}, {.a = 1, .b = {2}}; text for an array of char, with quotation marks or
// without. What is in network order by its type (__be16, __be32, __be64) is a
// number in the order that people read, and addresses are addresses: 10.0.0.1 for
// __be32 and struct in_addr, 2001:db8::1 for struct in6_addr, 02:00:00:00:00:01
// for six bytes.
//
// It never knows whose values they are: variables, keys, events. Store, Parse and
// Format are the entry points.
package btfvalue

// MaxNesting bounds how deep types lie in each other, so that type information
// that contains itself ends.
const MaxNesting = 32
