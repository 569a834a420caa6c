#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The benchmarks measure all that this kernel has, and say why they leave out the rest.
# Runs in the machine. What they find is not judged: tests/cost does that.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top" || exit
work=$(mktemp -d /tmp/lend.bench.XXXXXX)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/common/tap.sh
. "$top/tests/common/tap.sh"
explain() { sed 's/^/# /' "$work/said"; }

memories='lend folios fault
lend folios insert
lend folios pfn
lend pages fault
lend pages insert
lend pages pfn
lend contig fault
lend contig insert
lend contig pfn
lend vmalloc fault
lend vmalloc insert
lend vmalloc pfn
lend reserve, folios
lend reserve, contig
lend default
lend by liblend
anonymous 4K
anonymous huge
hugetlbfs 2M
memfd
memfd, fallocate
dma-heap system
udmabuf
vm_insert_pages'

# What may be missing, as "MEMORY: WHY".
fine='(lend .* pfn|dma-heap system|udmabuf): (direct write|direct read|io_uring|RDMA): Bad address
dma-heap system: the kernel has no /dev/dma_heap/system .*
udmabuf: the kernel has no /dev/udmabuf .*
(anonymous .*|memfd): comes on first touch
anonymous .*: has no descriptor: it passes by fork alone
lend reserve, .*: there is no telling how much is left of it
dTLB misses, cycles: perf_event_open: .*: this machine does not count them'
kernel_from 6.5 || fine+='
(lend .*|vm_insert_pages): io_uring: Operation not supported'

measures() {
	bench/guest --sizes 2M --runs 1 --frames 1 "$@" >"$work/tar" 2>"$work/said" &&
		tar -xf "$work/tar" -C "$work"
}

# NAME: a figure, or a reason, of each memory; nothing is missing for another reason.
nothing_missing() {
	jq --arg memories "$memories" --arg fine "^(${fine//$'\n'/|})$" '
		[.rows[] | select(any(.values[]; . != null)).memory] as $measured
		| { missing: ($memories / "\n" - $measured - [.left_out[].memory]),
		    unexplained: [.left_out[] | "\(.memory): \(.why)" | select(test($fine) | not)] }
		' "$work/$1.json" >"$work/said" &&
		jq -e '.missing + .unexplained == []' "$work/said" >/dev/null
}

# Wrong use.
refused() {
	local status=0
	"$@" >"$work/said" 2>&1 || status=$?
	[ "$status" -eq 2 ]
}

# NAME NUMBER: so many rows, and a figure in all of them.
rows() {
	cp "$work/$1.json" "$work/said" &&
		jq -e --argjson nr "$2" '(.rows | length) == $nr and .left_out == []
			and all(.rows[].values[]; . != null)' "$work/said" >/dev/null
}

# NAME ROWS: as the tables of docs/performance.md.
table() {
	bench/markdown "$work/$1.json" >"$work/said" 2>&1 &&
		[ "$(grep -c '^| ' "$work/said")" -eq $(($2 + 1)) ]
}

mapfile -t names < <(basename -s .c bench/*.c)
is 'all is measured' measures -- "${names[@]}"
for name in create hand memory parallel pin small; do
	is "$name: of each memory, or it is said why not" nothing_missing $name
	is '... is a table' table $name "$(jq '.rows | length' "$work/$name.json")"
done
is 'contig: idle, half used and 80 % used' rows contig 3
is '... is a table' table contig 3
is 'grab: four sizes, by all ways, beside vivid' rows grab 76
is 'a size that was not measured' refused bench/markdown "$work/pin.json" 64M
is '... is told from those that were' grep -q 'no buffers of 64M; it has: 2.0M$' "$work/said"
echo "1..$count"
