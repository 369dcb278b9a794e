// SPDX-License-Identifier: Apache-2.0
// Marks traffic class at the edge: what the table says for a host goes into the DSCP bits of
// IPv4 and IPv6, with the checksum, and into priority and queue for what comes next.
#include <stddef.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct class {
	__u8 dscp, queue;
	__u16 priority;
	__u32 packets;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, __u32);
	__type(value, struct class);
	__uint(max_entries, 1024);
} classes SEC(".maps");

SEC("tc")
int dscp_remark(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	struct class *c;
	__u32 host;

	if ((void *)(eth + 1) > end)
		return TC_ACT_SHOT;
	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = (void *)(eth + 1);

		if ((void *)(ip + 1) > end)
			return TC_ACT_SHOT;
		host = ip->saddr;
	} else if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = (void *)(eth + 1);

		if ((void *)(ip + 1) > end)
			return TC_ACT_SHOT;
		host = ip->saddr.s6_addr32[3];
	} else {
		return TC_ACT_UNSPEC;
	}
	c = bpf_map_lookup_elem(&classes, &host);
	if (!c) {
		struct class fresh = {.dscp = bpf_ntohl(host) & 0x3f, .queue = bpf_ntohl(host) & 3, .priority = bpf_ntohl(host) & 7, .packets = 1};

		bpf_map_update_elem(&classes, &host, &fresh, BPF_ANY);
		return TC_ACT_OK;
	}
	c->packets++;
	skb->priority = c->priority;
	skb->queue_mapping = c->queue;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = (void *)(eth + 1);
		__u8 tos = ip->tos, new = c->dscp << 2 | (tos & 3);

		if (tos == new)
			return TC_ACT_OK;
		bpf_l3_csum_replace(skb, ETH_HLEN + offsetof(struct iphdr, check), bpf_htons(tos), bpf_htons(new), 2);
		bpf_skb_store_bytes(skb, ETH_HLEN + offsetof(struct iphdr, tos), &new, 1, 0);
	} else {
		__be16 *head = (void *)(eth + 1);

		*head = bpf_htons((bpf_ntohs(*head) & 0xf03f) | c->dscp << 6);
	}
	return TC_ACT_PIPE;
}

char _license[] SEC("license") = "Dual BSD/GPL";
