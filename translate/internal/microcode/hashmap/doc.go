// Package hashmap makes the microcode of hash maps for programs that address
// map memory themselves: lookup, update and delete, specialised for one map's
// key and value size and place in memory, to be linked to a program.
//
// It never knows eBPF, SSA or the simulator. A Map says where a map is and
// what it holds; Lookup, Update and Delete give instructions.
//
// # Calling convention
//
// That of the Agilio firmware's map helpers. The caller branches to the
// routine with the return address in B0, ActLMAddr0 pointing at the key and,
// for an update, ActLMAddr2 at the value and the flags in A8. Keys and values
// are in local memory as eBPF has them on its stack: a word's first byte is
// its least significant. The result is in A0 and B0 (low word), A1 and B1
// (high word): the value's address or 0 for a lookup, 0 or a negative errno
// otherwise. Registers 12..22 of both banks and ActLMAddr0 are kept; all other
// registers, transfer registers 0..31, LM2, LM3, flags and the CRC remainder
// are lost. Signals 1 to 4 must be free and are free again.
//
// # Memory
//
// maplayout.Hash says where everything is.
//
// # Least recently used
//
// With LRU a full map gives up an entry for a new one. A hand goes round the
// entries in the order of memory: it forgives an entry that was looked up or
// updated since it last came by and takes the first one that was not. The
// kernel's choice is another; both are approximations.
//
// # Concurrency
//
// Contexts and cores share a map. Changes take the lock of the key's bucket;
// lookups do not. A context holds one lock at most: for another entry to throw
// out it gives its own back and begins again. A chain is changed by one write of
// one pointer, so a lookup that runs beside a change sees the chain before or
// after it. An entry that is deleted keeps its key, value and successor until it
// is used again, as in the kernel. A lookup that stands on it then finds that it
// is no longer its bucket's, and begins again.
//
// Free entries are in a stack without a lock. Its height is changed by one
// atomic operation, which gives the right to one place of it; what is in the place is
// exchanged with a second one. Who comes for an entry that is not there yet waits
// for who has said that he puts it there, and the other way round. No pointer is
// compared, so that none can come back meanwhile and be taken for the old one.
package hashmap
