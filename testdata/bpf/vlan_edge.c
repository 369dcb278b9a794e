// SPDX-License-Identifier: Apache-2.0
// The edge of a network with VLANs, on tc: frames without a tag get that of their
// class, those of the management VLAN lose theirs, a priority is kept.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

const volatile __u16 management = 100;

SEC("tc")
int vlan_edge(struct __sk_buff *skb)
{
	__u16 tag;
	__u8 tos;

	if (skb->protocol == bpf_htons(ETH_P_8021Q)) {
		if (bpf_skb_load_bytes(skb, ETH_HLEN, &tag, sizeof(tag)))
			return TC_ACT_SHOT;
		tag = bpf_ntohs(tag);
		if ((tag & 0xfff) != management)
			return TC_ACT_OK;
		skb->priority = tag >> 13;
		return bpf_skb_vlan_pop(skb) ? TC_ACT_SHOT : TC_ACT_OK;
	}
	if (skb->protocol != bpf_htons(ETH_P_IP))
		return TC_ACT_OK;
	if (bpf_skb_load_bytes_relative(skb, 1, &tos, sizeof(tos), BPF_HDR_START_NET))
		return TC_ACT_SHOT;
	if (bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), tos >= 0xb8 ? 200 | 5 << 13 : 300))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

char _license[] SEC("license") = "Apache-2.0";
