package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/stretchr/testify/require"
)

const captures = "../../testdata/pcap"

// TestCommittedCaptures regenerates every capture: the files must be what this
// version writes.
func TestCommittedCaptures(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	require.NoError(t, run(dir, &log))
	for _, s := range scenarios {
		want, err := os.ReadFile(filepath.Join(captures, s.name+".pcap"))
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(dir, s.name+".pcap"))
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got), "%s.pcap is stale: run go run ./internal/pcapgen", s.name)
	}
	files, err := filepath.Glob(filepath.Join(captures, "*.pcap"))
	require.NoError(t, err)
	require.Len(t, files, len(scenarios))
}

// TestCaptures checks what the scenarios promise: enough packets, every
// protocol somewhere, runts and frames below an Ethernet header.
func TestCaptures(t *testing.T) {
	most := 0
	seen := map[gopacket.LayerType]int{}
	tiny := 0
	for _, s := range scenarios {
		most = max(most, s.count)
		for _, f := range s.frames() {
			require.NotEmpty(t, f)
			require.LessOrEqual(t, len(f), 1522)
			if len(f) < 14 {
				tiny++
			}
			for _, l := range gopacket.NewPacket(f, layers.LayerTypeEthernet, gopacket.Default).Layers() {
				seen[l.LayerType()]++
			}
		}
	}
	require.GreaterOrEqual(t, most, 1000)
	require.Greater(t, tiny, 20)
	for _, l := range []gopacket.LayerType{
		layers.LayerTypeARP, layers.LayerTypeDot1Q, layers.LayerTypeIPv4, layers.LayerTypeIPv6, layers.LayerTypeTCP,
		layers.LayerTypeUDP, layers.LayerTypeICMPv4, layers.LayerTypeICMPv6, layers.LayerTypeGRE, layers.LayerTypeVXLAN,
		layers.LayerTypeDNS, layers.LayerTypeIPv6HopByHop, layers.LayerTypeIPv6Destination, layers.LayerTypeIPv6Routing,
		layers.LayerTypeIPv6Fragment, layers.LayerTypeLLC,
	} {
		require.GreaterOrEqual(t, seen[l], 20, l.String())
	}
}

// TestWellFormed lets another implementation check the checksums of the
// packets that are meant to be right.
func TestWellFormed(t *testing.T) {
	s := scenario{name: "well-formed", count: 3000, sizes: 300, mix: map[string]int{
		"udp4": 1, "tcp4": 1, "icmp4": 1, "options4": 1, "udp6": 1, "tcp6": 1, "icmp6": 1, "vlan": 1, "qinq": 1, "large": 1, "tunnel4": 1,
	}}
	checked := 0
	for i, f := range s.frames() {
		p := gopacket.NewPacket(f, layers.LayerTypeEthernet, gopacket.Default)
		var below gopacket.NetworkLayer
		for _, l := range p.Layers() {
			if n, ok := l.(gopacket.NetworkLayer); ok {
				below = n
			}
			if c, ok := l.(interface {
				SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
			}); ok {
				require.NoError(t, c.SetNetworkLayerForChecksum(below))
			}
		}
		err, mismatches := p.VerifyChecksums()
		require.NoError(t, err, "packet %d: %x", i, f)
		require.Empty(t, mismatches, "packet %d: %v", i, p)
		checked++
	}
	require.Equal(t, 3000, checked)
}
