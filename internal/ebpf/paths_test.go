package ebpf_test

// Test data of the repository.
const (
	peer    = "../../testdata/peer"
	samples = "../../testdata/bpf"
	pcaps   = "../../testdata/pcap"
)
