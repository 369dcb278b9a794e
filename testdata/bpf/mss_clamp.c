// SPDX-License-Identifier: Apache-2.0
// Clamps the maximum segment size that TCP connections announce: walks the options of SYN
// segments, puts the smaller number in and the checksum right.
#include <stddef.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define MSS 1400
#define OPTIONS 10

enum { OPT_END, OPT_NOP, OPT_MSS };

SEC("tc")
int mss_clamp(struct __sk_buff *skb)
{
	struct iphdr ip;
	struct tcphdr tcp;
	__u32 l4, off, end;

	if (skb->protocol != bpf_htons(ETH_P_IP) || bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)))
		return TC_ACT_OK;
	if (ip.protocol != IPPROTO_TCP || ip.ihl < 5)
		return TC_ACT_OK;
	l4 = ETH_HLEN + ip.ihl * 4;
	if (bpf_skb_load_bytes(skb, l4, &tcp, sizeof(tcp)))
		return TC_ACT_SHOT;
	if (!tcp.syn || tcp.doff < 5)
		return TC_ACT_OK;
	off = l4 + sizeof(tcp);
	end = l4 + tcp.doff * 4;
#pragma clang loop unroll(disable)
	for (int i = 0; i < OPTIONS && off < end; i++) {
		__be16 mss, clamped = bpf_htons(MSS);
		__u8 option[2];

		if (bpf_skb_load_bytes(skb, off, option, 1))
			return TC_ACT_SHOT;
		if (option[0] == OPT_END)
			break;
		if (option[0] == OPT_NOP) {
			off++;
			continue;
		}
		if (bpf_skb_load_bytes(skb, off, option, 2) || option[1] < 2)
			return TC_ACT_SHOT;
		if (option[0] == OPT_MSS && option[1] == 4) {
			if (bpf_skb_load_bytes(skb, off + 2, &mss, sizeof(mss)))
				return TC_ACT_SHOT;
			if (bpf_ntohs(mss) <= MSS)
				return TC_ACT_OK;
			bpf_l4_csum_replace(skb, l4 + offsetof(struct tcphdr, check), mss, clamped, sizeof(mss));
			bpf_skb_store_bytes(skb, off + 2, &clamped, sizeof(clamped), 0);
			return TC_ACT_PIPE;
		}
		off += option[1];
	}
	return TC_ACT_OK;
}

char _license[] SEC("license") = "Dual BSD/GPL";
