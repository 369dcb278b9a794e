// SPDX-License-Identifier: Apache-2.0
// An edge router on tc: what is for the provider's networks leaves by the uplink to
// whoever its route names, what is for the customer's to the one neighbour there.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define AF_INET 2

const volatile __u32 uplink = 112;
const volatile __u32 customer = 102;

SEC("tc")
int edge_neigh(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;

	if ((void *)(eth + 1) > end)
		return TC_ACT_OK;
	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = (void *)(eth + 1);

		if ((void *)(ip + 1) > end)
			return TC_ACT_OK;
		switch (ip->daddr & bpf_htonl(0xff000000)) {
		case bpf_htonl(0x0a000000):
			return bpf_redirect_neigh(uplink, NULL, 0, 0);
		case bpf_htonl(0xc0000000): {
			struct bpf_redir_neigh hop = {.nh_family = AF_INET, .ipv4_nh = bpf_htonl(0x0a000007)};

			if (bpf_redirect_neigh(customer, &hop, sizeof(hop), 0) != TC_ACT_REDIRECT)
				return TC_ACT_SHOT;
			return TC_ACT_REDIRECT;
		}
		}
		return TC_ACT_OK;
	}
	if (skb->protocol == bpf_htons(ETH_P_IPV6))
		return bpf_redirect_neigh(uplink, NULL, 0, 0);
	return TC_ACT_OK;
}

char _license[] SEC("license") = "GPL";
