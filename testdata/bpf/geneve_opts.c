// SPDX-License-Identifier: Apache-2.0
// Telemetry in options of Geneve tunnels: frames leave with an option that has their
// length, and large ones with a second one; what comes out of a tunnel is counted by the
// length that its option tells.
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 tunnels = 102;
const volatile __u32 customer = 132;

#define CLASS 0x0102 // of options, for experiments

struct option {
	__be16 class;
	__u8 type;
	__u8 length; // words behind these
	__be32 data;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} lengths SEC(".maps");

SEC("tc")
int geneve_opts(struct __sk_buff *skb)
{
	struct option opts[2] = {};
	struct bpf_tunnel_key key = {.tunnel_id = 7, .remote_ipv4 = 0x0a000008, .tunnel_ttl = 32};
	int n = bpf_skb_get_tunnel_opt(skb, opts, sizeof(opts));
	__u64 *count;
	__u32 slot;

	if (n > 0) {
		if (opts[0].class != bpf_htons(CLASS) || opts[0].length != 1)
			return TC_ACT_SHOT;
		goto tell;
	}
	if (bpf_skb_set_tunnel_key(skb, &key, sizeof(key), BPF_F_ZERO_CSUM_TX))
		return TC_ACT_SHOT;
	opts[0].class = bpf_htons(CLASS);
	opts[0].type = 1;
	opts[0].length = 1;
	opts[0].data = bpf_htonl(skb->len);
	if (skb->len > 512) {
		opts[1] = opts[0];
		opts[1].type = 2;
		if (bpf_skb_set_tunnel_opt(skb, opts, sizeof(opts)))
			return TC_ACT_SHOT;
	} else if (bpf_skb_set_tunnel_opt(skb, opts, sizeof(opts[0]))) {
		return TC_ACT_SHOT;
	}
	// What leaves can be looked at as what comes: the rest is filled with zeros.
	n = bpf_skb_get_tunnel_opt(skb, opts, sizeof(opts));
	if (n < 0 || (n == sizeof(opts[0]) && opts[1].class))
		return TC_ACT_SHOT;
tell:
	slot = bpf_ntohl(opts[0].data) >> 7 & 15;
	count = bpf_map_lookup_elem(&lengths, &slot);
	if (count)
		__sync_fetch_and_add(count, 1);
	if (key.tunnel_id && n > 0 && opts[1].class)
		return bpf_redirect(tunnels, 0);
	return bpf_redirect(skb->ifindex == tunnels ? customer : tunnels, 0);
}

char _license[] SEC("license") = "GPL";
