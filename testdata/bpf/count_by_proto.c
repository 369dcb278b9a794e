// SPDX-License-Identifier: Apache-2.0
// Counts packets and bytes by IP protocol in an array map, by atomic adds.
// Entry 255 takes what is not IP, entry 254 what is too short.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct counter {
	__u64 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct counter);
	__uint(max_entries, 256);
} counters SEC(".maps");

SEC("xdp")
int count_by_proto(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct counter *c;
	__u32 key = 255;

	if ((void *)(eth + 1) > end) {
		key = 254;
	} else if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = (void *)(eth + 1);

		key = (void *)(ip + 1) > end ? 254 : ip->protocol;
	} else if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = (void *)(eth + 1);

		key = (void *)(ip + 1) > end ? 254 : ip->nexthdr;
	}
	c = bpf_map_lookup_elem(&counters, &key);
	if (!c)
		return XDP_ABORTED;
	__sync_fetch_and_add(&c->packets, 1);
	__sync_fetch_and_add(&c->bytes, end - data);
	return XDP_PASS;
}

char _license[] SEC("license") = "Apache-2.0";
