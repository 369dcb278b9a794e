// SPDX-License-Identifier: Apache-2.0
// Answers ARP requests for the addresses of a network with one link address, and learns
// who asks.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define REQUEST 1
#define REPLY 2

struct arp {
	__be16 hardware, protocol;
	__u8 hardware_len, protocol_len;
	__be16 op;
	__u8 sha[ETH_ALEN];
	__be32 spa;
	__u8 tha[ETH_ALEN];
	__be32 tpa;
} __attribute__((packed));

struct station {
	__u8 mac[ETH_ALEN];
	__u16 asked;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __be32);
	__type(value, struct station);
	__uint(max_entries, 16);
} stations SEC(".maps");

static const __u8 ours[ETH_ALEN] = {0x02, 0x4e, 0x46, 0x50, 0xff, 0x01};

SEC("xdp")
int arp_answer(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct arp *a = (void *)(eth + 1);
	struct station *s, fresh = {.asked = 1};
	__be32 who, whom;

	if ((void *)(a + 1) > end || eth->h_proto != bpf_htons(ETH_P_ARP))
		return XDP_PASS;
	if (a->hardware != bpf_htons(1) || a->protocol != bpf_htons(ETH_P_IP) ||
	    a->op != bpf_htons(REQUEST))
		return XDP_PASS;
	who = a->spa;
	whom = a->tpa;
	s = bpf_map_lookup_elem(&stations, &who);
	if (s) {
		s->asked++;
	} else {
		__builtin_memcpy(fresh.mac, a->sha, ETH_ALEN);
		if (bpf_map_update_elem(&stations, &who, &fresh, BPF_ANY))
			return XDP_DROP; // the table is full
	}
	if ((bpf_ntohl(whom) & 0xff000000) != 0x0a000000)
		return XDP_PASS;
	__builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, ours, ETH_ALEN);
	a->op = bpf_htons(REPLY);
	__builtin_memcpy(a->tha, a->sha, ETH_ALEN);
	__builtin_memcpy(a->sha, ours, ETH_ALEN);
	a->tpa = who;
	a->spa = whom;
	return XDP_TX;
}

char _license[] SEC("license") = "Dual BSD/GPL";
