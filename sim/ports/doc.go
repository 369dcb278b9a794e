// Package ports has what a simulated card's ports are connected to outside of
// the process: interfaces of the kernel, virtual machines and other cards over
// Unix sockets, capture files, a generator of frames. Parse reads the words that
// a user names one by, Open opens it.
//
// It never knows cards, programs or verdicts: frames go in and out.
//
// Not stable: the card as a process is new.
package ports
