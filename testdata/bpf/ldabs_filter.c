// SPDX-License-Identifier: Apache-2.0
// A filter as classic BPF has them: bytes are read by the instructions that end the program
// when the packet is too short (LD_ABS, LD_IND).
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

unsigned long long load_byte(void *skb, unsigned long long off) asm("llvm.bpf.load.byte");
unsigned long long load_half(void *skb, unsigned long long off) asm("llvm.bpf.load.half");
unsigned long long load_word(void *skb, unsigned long long off) asm("llvm.bpf.load.word");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 256);
} ports SEC(".maps");

// port returns the destination port behind an IPv4 header.
static __always_inline int port(struct __sk_buff *skb)
{
	return load_half(skb, ETH_HLEN + ((load_byte(skb, ETH_HLEN) & 15) << 2) + 2);
}

SEC("tc")
int ldabs_filter(struct __sk_buff *skb)
{
	__u32 protocol, dst, key;
	__u64 *n;

	if (load_half(skb, 12) != ETH_P_IP)
		return TC_ACT_PIPE;
	protocol = load_byte(skb, ETH_HLEN + 9);
	dst = load_word(skb, ETH_HLEN + 16);
	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP)
		return dst >> 28 == 0xe ? TC_ACT_SHOT : TC_ACT_UNSPEC;
	key = port(skb) & 255;
	n = bpf_map_lookup_elem(&ports, &key);
	if (!n)
		return TC_ACT_SHOT;
	*n += skb->len;
	return key == 53 ? TC_ACT_SHOT : TC_ACT_STOLEN;
}

char _license[] SEC("license") = "Dual BSD/GPL";
