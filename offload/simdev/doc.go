// Package simdev is a simulated card in this process as an offload.Device: it
// compiles nothing itself, runs the words of images in the simulator, keeps
// maps, and takes packets from the process (Device.RunPacket).
//
// A card runs one program at a time, XDP or tc, as the cards do that the kernel
// knows. It lives as long as the Cards it belongs to: in a command that is the
// command. The package never knows the compiler beyond the call that makes an
// image, nor the kernel. Entry points: New, Cards.Scheme for a registry,
// Cards.Open.
//
// Stable for importers: New, Spec, Cards and the methods of offload's
// interfaces.
package simdev
