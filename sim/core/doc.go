// Package core is the flow processor: it decodes control-store words and
// executes them in contexts that share local memory, a CAM, a CRC unit and
// local CSRs.
//
// A Code is an image's control store, decoded once and shared by all cores that
// run it. A Core runs its contexts over memory of package mem. What lies at the
// control-store addresses outside the code is given to it as Routines.
//
// It is strict as far as Config.Checks says: a program that uses a value nobody
// wrote, a transfer register before its signal, a local-memory pointer too
// soon, or memory that is not its own, ends with a Fault that says where and
// why. Undefined values are tracked bit by bit and may be moved and masked;
// only a use that would show (a branch, an address, stored data) is a fault.
//
// It never knows maps, what helpers do or verdicts, nor where a calling convention puts
// things: who enters a context and takes its result does.
//
// Not stable: package sim is the stable way in.
package core
