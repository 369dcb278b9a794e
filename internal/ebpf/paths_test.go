package ebpf_test

// Test data of the repository.
const (
	peerDir = "../../testdata/peer"
	samples = "../../testdata/bpf"
	pcaps   = "../../testdata/pcap"
)
