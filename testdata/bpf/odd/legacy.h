/* SPDX-License-Identifier: Apache-2.0 */
/* Map definitions as iproute2 reads them from section "maps". */
#ifndef LEGACY_H
#define LEGACY_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct bpf_elf_map {
	__u32 type;
	__u32 size_key;
	__u32 size_value;
	__u32 max_elem;
	__u32 flags;
	__u32 id;
	__u32 pinning;
	__u32 inner_id;
	__u32 inner_idx;
};

#endif
