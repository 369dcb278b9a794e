// SPDX-License-Identifier: Apache-2.0
// Makes frames of one protocol fit: cuts what is longer than agreed, fills up what
// is shorter, and marks those that could not be changed.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 least = 68;
const volatile __u32 most = 128;

SEC("tc")
int frame_fit(struct __sk_buff *skb)
{
	__u32 length = skb->len;

	if (skb->protocol != bpf_htons(ETH_P_IP) && skb->protocol != bpf_htons(ETH_P_IPV6))
		return TC_ACT_OK;
	if (length < least)
		length = least;
	else if (length > most)
		length = most;
	else
		return TC_ACT_OK;
	if (bpf_skb_change_tail(skb, length, 0)) {
		skb->mark = 1;
		return TC_ACT_SHOT;
	}
	if (length == most && bpf_skb_pull_data(skb, length))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

char _license[] SEC("license") = "Apache-2.0";
