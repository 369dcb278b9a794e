// Package sim runs compiled NFP code: cores that decode and execute
// control-store words, the memories they talk to, and a model of the firmware
// around them. New makes a Machine from an image, Run sends one packet through
// it, Batch a stream. NewSystem makes several cores that share memory. A Memory
// holds maps that outlive machines.
//
// This package is stable: its names and what they promise stay. Behind it are
// rooms that change as the simulator grows: core (decode, execute, contexts,
// strict checks), mem (memory units and their commands), engine (cores in the
// order of time), firmware (entry, routines, exit; a vendor adds a model there),
// hostmap (the host's side of maps) and trace (profiles and traces from hooks).
//
// It takes images and knows nothing of the compiler that made them; neither
// does it know devices or netlink.
//
// Semantics and timing are apart: one arithmetic unit gives values, while the
// clock counts issue cycles, branch bubbles and memory waits by the parameters
// of a Spec. The same input always takes the same cycles.
package sim
