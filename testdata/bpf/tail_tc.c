// SPDX-License-Identifier: Apache-2.0
// A tc classifier in three programs. What the first finds goes on in the context:
// control bytes, mark and priority, which a tail call leaves as they are.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum { RATE, VERDICT, SLOTS };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 256);
} sources SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 16);
} classes SEC(".maps");

int rate(struct __sk_buff *skb);
int verdict(struct __sk_buff *skb);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, SLOTS);
	__type(key, __u32);
	__array(values, int(struct __sk_buff *));
} steps SEC(".maps") = {
	.values = { [RATE] = &rate, [VERDICT] = &verdict },
};

SEC("tc")
int rate(struct __sk_buff *skb)
{
	__u32 source = skb->cb[1];
	__u64 one = 1, *n = bpf_map_lookup_elem(&sources, &source);

	if (n)
		*n += 1;
	else
		bpf_map_update_elem(&sources, &source, &one, BPF_NOEXIST);
	if (n && *n > 3) {
		skb->mark |= 0x80;
		skb->cb[2] = *n;
	}
	skb->tc_index = skb->cb[0] + 1;
	bpf_tail_call(skb, &steps, VERDICT);
	return TC_ACT_SHOT;
}

SEC("tc")
int verdict(struct __sk_buff *skb)
{
	__u32 class = (skb->mark ^ skb->tc_index ^ skb->priority ^ skb->cb[2]) & 15;
	__u64 *n = bpf_map_lookup_elem(&classes, &class);

	if (n)
		*n += skb->len;
	if (skb->protocol == bpf_htons(ETH_P_IPV6))
		return TC_ACT_PIPE;
	if (skb->mark & 0x80)
		return TC_ACT_SHOT;
	return skb->cb[0] == IPPROTO_UDP ? TC_ACT_STOLEN : TC_ACT_OK;
}

SEC("tc")
int tail_tc(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);

	if ((void *)(eth + 1) > end)
		return TC_ACT_SHOT;
	skb->priority = eth->h_dest[5];
	if (eth->h_proto != bpf_htons(ETH_P_IP) || (void *)(ip + 1) > end) {
		bpf_tail_call(skb, &steps, VERDICT);
		return TC_ACT_UNSPEC;
	}
	skb->cb[0] = ip->protocol;
	skb->cb[1] = bpf_ntohl(ip->saddr) & 0xff;
	skb->mark = ip->tos;
	bpf_tail_call(skb, &steps, RATE);
	return TC_ACT_UNSPEC;
}

char _license[] SEC("license") = "Apache-2.0";
