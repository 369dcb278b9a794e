// SPDX-License-Identifier: Apache-2.0
// A tc classifier: sets mark and priority by protocol and DSCP, shoots IPv4
// packets without time to live, counts by class.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 16);
} classes SEC(".maps");

SEC("tc")
int tc_classify(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	int verdict = TC_ACT_OK;
	__u32 class = 0;
	__u64 *n;

	if ((void *)(eth + 1) > end)
		return TC_ACT_SHOT;
	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = (void *)(eth + 1);

		if ((void *)(ip + 1) > end)
			return TC_ACT_SHOT;
		class = 1 + (ip->tos >> 5);
		if (ip->protocol == IPPROTO_ICMP)
			class = 9;
		if (ip->ttl == 0)
			verdict = TC_ACT_SHOT;
	} else if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = (void *)(eth + 1);

		if ((void *)(ip + 1) > end)
			return TC_ACT_UNSPEC;
		class = 10 + (ip->priority >> 2);
	}
	n = bpf_map_lookup_elem(&classes, &class);
	if (n)
		__sync_fetch_and_add(n, 1);
	skb->mark = class << 8 | (skb->len & 0xff);
	skb->priority = class;
	return verdict;
}

char _license[] SEC("license") = "Apache-2.0";
