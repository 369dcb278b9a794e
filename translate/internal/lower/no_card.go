package lower

import "github.com/skipsw/skipsw/translate/bpf"

const (
	noSockets   = "a frame on a card belongs to no socket"
	noProcesses = "frames on a card belong to no process"
)

// noCard are reasons why no card has a helper, by what it needs.
var noCard = map[bpf.HelperID]string{
	bpf.HelperSkbGetXfrmState: "IPsec of frames is done by the host",
	bpf.HelperCloneRedirect:   "a frame leaves a worker once, when the program ends; bpf_redirect_map with BPF_F_BROADCAST makes copies",
	bpf.HelperRedirectPeer:    "a card's ports have no peers in other namespaces of a host",
	bpf.HelperGetHashRecalc:   "the kernel's hash has a random key that a card does not know; bpf_set_hash sets one of the program's",
	bpf.HelperGetSocketCookie: noSockets, bpf.HelperGetSocketUID: noSockets, bpf.HelperGetNetNSCookie: noSockets,
	bpf.HelperSkbUnderCgroup: noSockets, bpf.HelperSkbCgroupID: noSockets, bpf.HelperSkbAncestorCgroupID: noSockets, bpf.HelperSkbCgroupClassID: noSockets,
	bpf.HelperGetCgroupClassID: noProcesses, bpf.HelperGetCurrentPIDTGID: noProcesses, bpf.HelperGetCurrentUIDGID: noProcesses,
	bpf.HelperGetCurrentComm: noProcesses, bpf.HelperGetCurrentTask: noProcesses, bpf.HelperCurrentTaskUnderCgroup: noProcesses,
	bpf.HelperGetCurrentCgroupID: noProcesses, bpf.HelperGetCurrentAncestorCgroupID: noProcesses, bpf.HelperGetNsCurrentPIDTGID: noProcesses,
}
