// SPDX-License-Identifier: Apache-2.0
// Steers QUIC by the server's part of the connection number, so that connections stay with
// their server when the client's address changes: long headers by their version and length
// fields, short ones by what the server put into the number.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define SERVERS 16

struct server {
	__u32 packets;
	__u16 opened, migrated;
	__be32 last; // client
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct server);
	__uint(max_entries, SERVERS);
} servers SEC(".maps");

SEC("xdp")
int quic_route(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);
	__u8 *quic = (void *)(udp + 1);
	struct server *s;
	__u32 id;

	if ((void *)(udp + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if (ip->ihl != 5 || ip->protocol != IPPROTO_UDP || udp->dest != bpf_htons(443))
		return XDP_PASS;
	if ((void *)(quic + 9) > end)
		return XDP_DROP;
	if (quic[0] & 0x80) {
		__u32 version = bpf_ntohl(*(__be32 *)(quic + 1));

		if (version != 1 && version != 0x6b3343cf)
			return XDP_TX; // whoever comes next negotiates the version
		if (quic[5] < 8 || quic[5] > 20) // the client's number has 8 to 20 bytes
			return XDP_DROP;
		if ((void *)(quic + 14) > end)
			return XDP_DROP;
		id = (ip->saddr ^ *(__u32 *)(quic + 6)) * 0x9e3779b1 >> 28;
	} else if (quic[0] & 0x40) {
		id = quic[1] & (SERVERS - 1);
	} else {
		return XDP_DROP; // the fixed bit is not set
	}
	s = bpf_map_lookup_elem(&servers, &id);
	if (!s)
		return XDP_ABORTED;
	s->packets++;
	if (quic[0] & 0x80)
		s->opened++;
	else if (s->last != ip->saddr)
		s->migrated++;
	s->last = ip->saddr;
	eth->h_dest[4] = 0x51;
	eth->h_dest[5] = id;
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
