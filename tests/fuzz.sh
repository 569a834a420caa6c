#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The fuzzer: its corpus, sequences by chance, and that it finds what is wrong. Runs in
# the machine. FUZZ_RUNS= for more sequences, FUZZ_SEED= for others.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
fuzz=$top/build/user/fuzz/lend-fuzz
runs=${FUZZ_RUNS:-45}
seed=${FUZZ_SEED:-1}
work=$(mktemp -d /tmp/lend.fuzz.XXXXXX)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/common/tap.sh
. "$top/tests/common/tap.sh"
explain() { sed 's/^/# /' "$work/said"; }

# says STATUS ARGUMENT...: what it says is for is() to show, and for said
says() {
	local status=0
	"$fuzz" "${@:2}" >"$work/said" 2>&1 || status=$?
	[ "$status" -eq "$1" ]
}

said() { grep -q "$1" "$work/said"; }

# --- what goes wrong is found, and is the module's fault

finds_nothing() {
	local files
	says 0 --out "$work" "$@" && files=$(find "$work" -name 'wrong-*') && [ -z "$files" ]
}

is 'each sequence of the corpus' finds_nothing --runs 0 --corpus "$top/fuzz/corpus"
is '... which has some' test "$(find "$top/fuzz/corpus" -type f | wc -l)" -ge 20
is 'by chance' finds_nothing --seed "$seed" --runs "$runs"
is 'the corpus, changed' finds_nothing --seed "$seed" --runs $((runs / 3)) --corpus "$top/fuzz/corpus"
# Without a limit of sequences it goes on after the corpus, until the time is over.
mkdir "$work/one"
cp "$top/fuzz/corpus/01" "$work/one"
goes_on() {
	finds_nothing --seed "$seed" --time 3 --corpus "$work/one" &&
		[ "$(sed -n 's/.* s: \([0-9]*\) sequences.*/\1/p' "$work/said" | tail -n 1)" -gt 1 ]
}
is 'for a time' goes_on
is 'two processes at once' finds_nothing --seed "$seed" --runs $((runs / 2)) --beside

# --- a fault is found: it believes that writes through mappings are lost

one() { find "$work" -name "wrong-*$1" | grep -c . | grep -qx "$2"; }
is 'a fault is found by chance' says 1 --break --seed "$seed" --runs 1000 --out "$work"
is '... its seed is told' said "^seed $(printf '%#x' "$seed")"
is '... it is written to a file, and cut down' one '' 2
cut=$(find "$work" -name 'wrong-*-cut')
is '... goes wrong again' says 1 --break run "$cut"
is '... and is right without the fault' says 0 run "$cut"

cat >"$work/long" <<'EOT'
# five of these calls are enough
open fd=3 name=1 access=rdonly flags=creat
open fd=0 name=0 access=rdwr flags=creat
setup fd=0 size=24 flags=backing|map backing=pages map=insert
seek fd=0 offset=7 whence=end
ftruncate fd=0 size=0x28000
info fd=0 size=right
dup fd=0 to=5
mmap map=1 fd=5 offset=0x1000 length=0x20000 prot=read|write flags=shared|populate place=anywhere
madvise map=1 from=0 length=0x3000 advice=cold
fork calls=2
touch map=1 at=0x1fff way=write byte=9
touch map=1 at=0x3fff way=read
read fd=0 offset=0x2000 length=0x2000
unlink name=0
EOT
cut_down() { [ "$(grep -vc '^#' "$work/said")" -le "$1" ]; }
is 'a long one of a file is cut down' says 0 --break minimize "$work/long"
is '... to the calls that it takes' cut_down 5
is '... among them the writing' said '^touch .*way=write'
is 'nothing is cut of what is right' says 2 minimize "$work/long"

# --- the same seed, the same sequences
first() { says 0 --seed "$1" --runs 5 --print && grep '^@' "$work/said" >"$work/$2"; }
is 'the same seed' first 77 a
is '... makes the same sequences' first 77 b
is '... which they are' cmp -s "$work/a" "$work/b"
others() { first 78 b && ! cmp -s "$work/a" "$work/b"; }
is 'another seed makes others' others

# --- what cannot be
echo 'mmap map=9 fd=0' >"$work/bad"
is 'a slot that does not exist' says 2 run "$work/bad"
is '... is named, with its line' said 'bad:1: map= of mmap is less than 6'
echo 'lend everything' >"$work/bad"
is 'a call that does not exist' says 2 run "$work/bad"
is '... is named' said "no call is named 'lend'"
is 'no such file' says 2 run "$work/none"
is 'no number' says 2 --runs many
is 'no such command' says 2 walk
echo "1..$count"
