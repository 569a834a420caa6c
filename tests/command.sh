#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The command lend, as it is typed, and what is installed. Runs in the machine.
set -u
cd "$(dirname "$0")/.." || exit 1
programs=$PWD/build/user/examples
work=$(mktemp -d /tmp/lend.command.XXXXXX)
elsewhere=$work/elsewhere
cgroup=/sys/fs/cgroup/lend-command
umask 022

# --- how it is tested
status=0 out='' err='' pid=
# shellcheck source=tests/common/tap.sh
. tests/common/tap.sh

explain() {
	printf '# status %s\n# output: %s\n# errors: %s\n' "$status" "${out//$'\n'/$'\n# '}" \
		"${err//$'\n'/$'\n# '}"
}

try() {
	"$@" >"$work/out" 2>"$work/err" </dev/null
	status=$?
	# without a fork, which is dear where all is emulated
	IFS= read -rd '' out <"$work/out"
	IFS= read -rd '' err <"$work/err"
	out=${out%$'\n'} err=${err%$'\n'}
}

as_expected() {
	# shellcheck disable=SC2053 # these are patterns
	[ "$status" -eq "$1" ] && [[ $out == $2 ]] && [[ $err == $3 ]]
}

# expect DESCRIPTION STATUS OUTPUT-PATTERN ERRORS-PATTERN COMMAND...
expect() {
	local what=$1 want=("$2" "$3" "$4")
	shift 4
	try "$@"
	is "$what" as_expected "${want[@]}"
}

# json DESCRIPTION FILTER COMMAND...: the filter must say true of what it prints
json() {
	local what=$1 filter=$2
	shift 2
	try "$@"
	is "$what" holds "$filter"
}

holds() {
	[ "$status" -eq 0 ] && [ -z "$err" ] && jq -e "$1" <<<"$out" >/dev/null
}

wait_for() {
	local tries
	for ((tries = 600 * ${LEND_SLOWER:-1}; tries; tries--)); do
		! "$@" 2>/dev/null || return 0
		sleep 0.1
	done
	return 1
}

gone() { [ ! -e "$1" ]; }
same() { [ "$1" = "$2" ]; }
has() { grep -aqE -e "$1" "$2"; }
lacks() { ! has "$@"; }

# hold NAME: $pid has it mapped until `let_go`
hold() {
	coproc holder { exec "$programs/hold" "$1"; }
	pid=$!
	read -rt $((60 * ${LEND_SLOWER:-1})) _ <&"${holder[0]}"
}

let_go() {
	local fd=${holder[1]}
	exec {fd}>&-
	wait "$pid"
}

used() { stat -f -c '%b %f %c %d' /dev/lend; }
as_before() { [ "$(used)" = "$before" ]; }

clean_up() {
	cd /
	jobs -p | xargs -r kill
	wait
	[ -z "${loop-}" ] || losetup -d "$loop"
	[ ! -d "$cgroup" ] || rmdir "$cgroup"
	mountpoint -q "$elsewhere" && umount "$elsewhere"
	mountpoint -q /dev/lend || lend mount
	rm -rf "$work" "$secure" /etc/modprobe.d/lend-command.conf /dev/lend/cmd.*
} 2>/dev/null
secure=$(mktemp -d /var/tmp/lend.command.XXXXXX)	# /tmp is nosuid
trap clean_up EXIT
before=$(used)

# --- help, version, what is no command
expect 'lend --help' 0 'usage: lend COMMAND*' '' lend --help
cp "$work/out" "$work/help"
expect 'lend -h' 0 '*' '' lend -h
is '... is the same' cmp "$work/out" "$work/help"
expect 'lend --version' 0 "lend $(<VERSION)" '' lend --version
expect 'lend alone' 2 '' 'usage: lend COMMAND*' lend
expect 'a command that is none' 2 '' 'lend: no command "craete"*usage: lend*' lend craete
expect 'output that cannot be written' 1 '' '*cannot write the output: No space left*' \
	bash -c 'lend --help >/dev/full'

# documented COMMAND: each option of its help is in its section of the manual
documented() {
	local section option
	section=$(sed -n "/^\.Ss lend $1\$/,/^\.S[sh]/p" man/lend.1)
	for option in $out; do
		[[ $option =~ ^-(-[a-z-]+|[a-zA-Z]),?$ ]] || continue
		option=${BASH_REMATCH[1]}
		# -h and --help are said of all of them, above
		[[ $option == h || $option == -help || "$section " == *"Fl $option"[$' \n']* ]] ||
			{ echo "# not documented: -$option"; return 1; }
	done
	[ "$section" ]
}

is 'lend(1) documents -h and --help' has '^\.It Fl h , Fl -help$' man/lend.1
read -ra commands < <(awk '/^  [a-z]/ { printf "%s ", $1 }' "$work/help")
is 'the commands of the help' same "${commands[*]}" \
	'mount umount create info ls explain memtest rm'
for name in "${commands[@]}"; do
	expect "lend $name --help" 0 "usage: lend $name*" '' lend "$name" --help
	is "lend(1) documents all of lend $name --help" documented "$name"
	expect "lend $name: an option that is none" 2 '' \
		"lend $name: *--nonsense*\"lend $name --help\" tells*" lend "$name" --nonsense
done
lend mount --help | grep -E '^ {8}[a-z]' | grep -oE '[a-z_]+=' >"$work/options"
is 'options of lend mount --help' same "$(xargs <"$work/options")" \
	'size= mode= uid= gid= backing= map= node= dma_bits='
while read -r name; do
	is "lend(5) documents $name" has "Cm ${name%=} Ns =" man/lend.5
	expect "the kernel refuses $name?" 1 '' "*\"${name}[?]\"*" lend mount -o "$name?" "$elsewhere"
	is "... but does know $name" [ "${err/nknown parameter/}" = "$err" ]
done <"$work/options"

# --- mount, umount
expect 'a second mount, with options' 0 '' '' lend mount \
	-o size=16M,mode=0750,backing=pages,map=insert,dma_bits=48,node=0,uid=7,gid=8 "$elsewhere"
is '... of this mode and owner' same "$(stat -c '%a %u %g' "$elsewhere")" '750 7 8'
json '... has these defaults' '.[0] | .limit == 16777216 and .free == .limit and .files == 0 and
	(.options | .size == "16384k" and .mode == "750" and .backing == "pages" and
	.map == "insert" and .dma_bits == "48" and .node == "0" and .uid == "7" and .gid == "8")' \
	lend info --json "$elsewhere"
expect '... told in words' 0 "$elsewhere*limit *16 MiB*used *0 bytes, 0 %*backing=pages*" '' \
	lend info "$elsewhere"
expect 'where it is mounted already' 1 '' "lend mount: *$elsewhere already*" lend mount "$elsewhere"

expect 'a buffer there' 0 '' '' lend create --size 4M "$elsewhere/x"
hold "$elsewhere/x"
(cd "$elsewhere" && exec sleep 1000) &
sleeper=$!
wait_for has sleep "/proc/$sleeper/comm"
expect 'umount of what is in use says by whom' 1 '' "lend umount: *$elsewhere: Device or resource busy*" \
	lend umount "$elsewhere"
is '... maps it' has "^  $pid \(hold\) maps 4 MiB at 0x[0-9a-f]+ \(rw-s\), 4 MiB touched" "$work/err"
is '... works there' has "^  $sleeper \(sleep\) has its working or root directory there" "$work/err"
kill "$sleeper"
wait "$sleeper" 2>/dev/null
let_go
expect 'umount' 0 '' '' lend umount "$elsewhere"
expect 'umount again' 1 '' "lend umount: no lend is mounted on $elsewhere" lend umount "$elsewhere"
expect 'umount of something else' 1 '' 'lend umount: no lend is mounted on /proc' lend umount /proc
expect 'an option in words of the kernel: kind' 1 '' \
	'*"backing=gold": lend: backing=gold: take folios, pages, contig or vmalloc' \
	lend mount -o backing=gold "$elsewhere"
expect 'an option in words of the kernel: size' 1 '' '*size=1x is not a size: try*' \
	lend mount -o size=1x "$elsewhere"
expect 'an option in words of the kernel: misspelt' 1 '' "*nknown parameter 'sise'*" lend mount -o sise=1M "$elsewhere"
expect 'options given twice' 2 '' '*-o is given twice*' lend mount -o size=1M -o map=pfn "$elsewhere"
expect 'two directories to mount' 2 '' '*more than one directory*' lend mount "$elsewhere" /mnt
expect 'two directories to umount' 2 '' '*more than one directory*' lend umount "$elsewhere" /mnt
expect 'mount by somebody' 1 '' '*CAP_SYS_ADMIN*' setpriv --reuid 65534 --clear-groups \
	lend mount "$elsewhere"

was=$(awk '$2 == "/dev/lend" { sub(/^[^ ]*(nodev|noexec|nosuid|relatime),/, "", $4); print $4 }' /proc/mounts)
lend umount && rmmod lend
echo 'install lend false' >/etc/modprobe.d/lend-command.conf
expect 'mount without a module' 1 '' '*this kernel has no file system lend; "modprobe lend"*' lend mount
echo "install lend insmod $LEND_MODULES/lend.ko" >/etc/modprobe.d/lend-command.conf
expect 'mount loads the module' 0 '' '' lend mount
is '... and mounts /dev/lend' test "$(stat -f -c %T /dev/lend)" = "UNKNOWN (0x6c656e64)"
mountpoint -q /dev/lend || { insmod "$LEND_MODULES/lend.ko"; mount -t lend lend /dev/lend; }
mount -o "remount,$(grep -oE 'size=[^,]*|backing=.*' <<<"$was" | paste -sd,)" /dev/lend

# --- create
for size in 1 4097 64K 64k 1.5M 2MiB; do
	expect "create --size $size" 0 '' '' lend create --size "$size" "cmd.$size"
done
json '... of these sizes' 'map([.name[4:], .size]) | sort_by(.[1]) == [["1", 1], ["4097", 4097],
	["64K", 65536], ["64k", 65536], ["1.5M", 1572864], ["2MiB", 2097152]]' lend ls --json
rm /dev/lend/cmd.*
for size in 0x10 -1 1.5 12Q '' 1M1 ten 99999999999999999999 8E; do
	expect "create --size '$size'" 2 '' "lend create: *$size*--help*" lend create --size "$size" cmd.a
done
expect 'create --size 0' 1 '' '*cmd.a: *0 bytes*' lend create --size 0 cmd.a
expect 'create --size 1E' 1 '' '*cmd.a: *1 EiB*limited to*' lend create --size 1E cmd.a
expect 'create without a size' 2 '' '*one of --size and --from*' lend create cmd.a
expect 'create with both' 2 '' '*one of --size and --from*' lend create -s 1M -f VERSION cmd.a
expect 'create without a name' 2 '' '*no name given*' lend create -s 1M
expect 'create --backing gold' 2 '' '*"gold"*folios, pages*' lend create -s 1M -b gold cmd.a
expect 'create --map sideways' 2 '' '*"sideways"*auto, fault*' lend create -s 1M -m sideways cmd.a
expect 'create --node x' 2 '' '*"x" is not a NUMA node*' lend create -s 1M -n x cmd.a
expect 'create --node 77' 1 '' '*node 77 is not there*' lend create -s 1M -n 77 cmd.a
expect 'create --dma-bits 65' 2 '' '*"65"*0 to 64*' lend create -s 1M -d 65 cmd.a
expect 'create --dma-bits 3' 1 '' '*below 2^3*' lend create -s 1M -d 3 cmd.a
expect 'create --mode 888' 2 '' '*"888" is not a mode*' lend create -s 1M -M 888 cmd.a
expect 'create --mode 1777' 2 '' '*"1777" is not a mode*' lend create -s 1M -M 1777 cmd.a
expect 'create --from nothing' 1 '' '*cannot open /no/such: No such file*' lend create -f /no/such cmd.a
expect 'create --from a device' 1 '' '*/dev/null has no size*' lend create -f /dev/null cmd.a
expect 'create --from a directory' 1 '' '*/etc is a directory*' lend create -f /etc cmd.a
expect 'create --from a pipe' 1 '' '*no size that can be known*' lend create -f <(echo) cmd.a
expect 'create --from a directory' 1 '' '*/etc*' lend create -f /etc cmd.a
is '... none of them left a name' gone /dev/lend/cmd.a

program=$(command -v bash)
expect 'create --from a file' 0 '' '' lend create --from "$program" cmd.from
is '... with its contents and size' cmp "$program" /dev/lend/cmd.from
is '... and 0666 less the umask' same "$(stat -c %a /dev/lend/cmd.from)" 644
umask 077
expect 'create --mode' 0 '' '' lend create -s 4K --mode 0664 cmd.mode
is '... whatever the umask' same "$(stat -c %a /dev/lend/cmd.mode)" 664
umask 022
expect 'create what exists' 1 '' '*/dev/lend/cmd.mode: File exists' lend create -s 4K cmd.mode
expect 'several, one of which exists' 1 '' '*cmd.mode: File exists' lend create -s 4K cmd.a cmd.mode cmd.b
is '... the others are there' test -e /dev/lend/cmd.a -a -e /dev/lend/cmd.b
expect 'rm of several, one of which is missing' 1 '' '*/dev/lend/cmd.no: No such file*' \
	lend rm cmd.a cmd.no cmd.b cmd.mode cmd.from
is '... the others are gone' gone /dev/lend/cmd.b
expect 'rm of nothing' 2 '' '*no name given*' lend rm
expect 'rm of what is not of lend' 1 '' '*VERSION is not on a lend file system' lend rm "$PWD/VERSION"
is '... leaves it there' test -s VERSION
LEND_DIR=/tmp expect 'create where LEND_DIR says' 1 '' '*/tmp is not on a lend*"lend mount"*' \
	lend create -s 4K cmd.a

names=()
for kind in folios pages contig vmalloc; do
	for way in fault insert pfn; do
		expect "create $kind, $way" 0 '' '' lend create -s 2097153 -b $kind -m $way -n 0 -d 47 \
			cmd.$kind.$way
		names+=("cmd.$kind.$way")
	done
done
json '... and they are what they are called' 'length == 12 and all(.[];
	.name == "cmd.\(.backing).\(.map)" and .size == 2097153 and .memory == 2101248 and
	.node == 0 and .dma_bits == 47 and .pinnable == (.map != "pfn"))' lend info --json "${names[@]}"
expect '... until they are removed' 0 '' '' lend rm "${names[@]}"
json 'create several' 'map(.name) == ["cmd.a", "cmd.b"] and .[0].map != "auto" and .[0].node == null' \
	lend create -s 4K -m auto -n any --json cmd.a cmd.b
lend rm cmd.a cmd.b

# --- info, ls
lend create -s 128M cmd.big
hold cmd.big
sleep 1000 7</dev/lend/cmd.big &
sleeper=$!
wait_for has sleep "/proc/$sleeper/comm"
expect 'info' 0 $'cmd.big\n  memory *folios, 128 MiB (134217728 bytes)*2 MiB folios *128 MiB, 100 %*' '' \
	lend info cmd.big
is '... mapped 100 % by 2 MiB entries' \
	has '^  mapped now +128 MiB of 128 MiB touched, 100 % of it by 2 MiB entries$' "$work/out"
is '... pinnable' has '^  pinnable +yes: O_DIRECT' "$work/out"
is '... who maps it' has "^  $pid \(hold\) maps 128 MiB at 0x[0-9a-f]+ \(rw-s\), 128 MiB touched, 100 % of" \
	"$work/out"
is '... who only has it open' has "^  $sleeper \(sleep\) has it open as descriptor 7$" "$work/out"
json 'info --json' '.[0] | .huge == .memory and .memory == 134217728 and .mapped_huge == .memory and
	.mappings == 1 and .held > 0 and .pinnable and .huge_mappable and .users_complete and .why == []' \
	lend info --json cmd.big
is '... its users' holds ".[0].users | sort_by(.how) | map(del(.start, .end)) == [
	{pid: $sleeper, command: \"sleep\", how: \"descriptor\", fd: 7},
	{pid: $pid, command: \"hold\", how: \"mapping\", offset: 0, perms: \"rw-s\",
	 resident: 134217728, huge: 134217728}]"
json 'info --runs' '.[0] | .runs == (.physical_runs | length) and
	.longest_run == (.physical_runs | map(.length) | max) and
	.memory == (.physical_runs | map(.length) | add) and
	all(.physical_runs[]; .phys | test("^0x[1-9a-f][0-9a-f]*000$"))' lend info --runs --json cmd.big
expect '... in words' 0 '*  OFFSET *PHYSICAL *LENGTH*' '' lend info -r cmd.big
is '... in a table' has '^ +0x0 +0x[0-9a-f]+000 +0x[0-9a-f]+000$' "$work/out"
expect 'info by somebody' 0 '*[(]processes of other users could not be looked at; root can)' '' \
	setpriv --reuid 65534 --clear-groups lend info cmd.big
expect 'info --runs by somebody' 1 '' '*CAP_SYS_RAWIO*' \
	setpriv --reuid 65534 --clear-groups --inh-caps=-all lend info --runs cmd.big
kill "$sleeper"
wait "$sleeper" 2>/dev/null
let_go

lend create -s 4M -m pfn -M 0600 cmd.pfn
expect 'info of map=pfn: not pinnable, and why' 0 \
	'*pinnable *no*map=pfn maps page frame numbers*map=fault*' '' lend info cmd.pfn
json '... as JSON' '.[0] | (.pinnable | not) and (.why | length) == 1 and (.why[0] | test("map=pfn"))' \
	lend info --json cmd.pfn
touch /dev/lend/cmd.none
expect 'info of an empty file' 0 '*none yet: "truncate -s SIZE" makes it *' '' lend info cmd.none
expect 'info of several, one of which is missing' 1 '*cmd.pfn*cmd.none*' '*cmd.no: No such file*' \
	lend info cmd.pfn cmd.no cmd.none
json 'info of the mount' '.[0] | .mount == "/dev/lend" and .used == 138412032 and
	.used + .free == .limit and .files == 3' lend info --json
expect 'info of what is not of lend' 1 '' '*/etc/passwd is not on a lend*' lend info /etc/passwd

mkdir /dev/lend/cmd.dir
json 'ls --json' 'map([.name, .size, .mode, .backing, .map, .directory]) == [
	["cmd.big", 134217728, "0644", "folios", "fault", false],
	["cmd.dir", null, "0755", null, null, true],
	["cmd.none", 0, "0644", "folios", "auto", false],
	["cmd.pfn", 4194304, "0600", "folios", "pfn", false]]' lend ls --json
expect 'ls' 0 'MODE *OWNER *SIZE *0644  root *128 MiB  folios * fault * 0  cmd.big
0755  root * cmd.dir/
*' '' lend ls
setpriv --reuid 65534 --clear-groups lend ls >"$work/out"
is '... by somebody: a dash for the unknown' has '^0600  root +4 MiB  -  +-  +-  cmd.pfn$' "$work/out"
expect 'ls of an empty directory' 0 '' '' lend ls /dev/lend/cmd.dir
json '... as JSON' '. == []' lend ls --json /dev/lend/cmd.dir
expect 'ls of what is not of lend' 1 '' '*/tmp is not on a lend*' lend ls /tmp
expect 'ls of nothing' 1 '' '*/dev/lend/no: No such file*' lend ls no
expect 'ls of two' 2 '' '*more than one directory*' lend ls /dev/lend /dev/lend
expect 'rm of a directory' 1 '' '*/dev/lend/cmd.dir: Is a directory' lend rm cmd.dir
rmdir /dev/lend/cmd.dir
lend rm cmd.big cmd.none cmd.pfn

# --- the bar, and ^C: on a file that is read as slowly as one likes
modprobe loop
truncate -s 16M "$work/slow"
loop=$(losetup -f --show "$work/slow")
mkdir "$cgroup"
slowly() {
	blockdev --flushbufs "$loop"
	echo "$(lsblk -ndo MAJ:MIN "$loop" | tr -d ' ') rbps=$1" >"$cgroup/io.max"
	shift
	(echo 0 >"$cgroup/cgroup.procs" && exec "$@")
}

expect 'create that takes long, its errors no terminal: no bar' 0 '' '' \
	slowly 12000000 lend create --from "$loop" cmd.slow
lend rm cmd.slow
slowly 12000000 script -qefc "lend create --from $loop cmd.slow" "$work/bar" >/dev/null </dev/null
is '... on a terminal' test $? -eq 0
is '... there is a bar' has $'\rcmd.slow \[#+\.+\] +50 %  8 MiB of 16 MiB' "$work/bar"
is '... which is taken away' has $'\r\033\[K' "$work/bar"
is '... and the buffer is made' cmp "$work/slow" /dev/lend/cmd.slow
lend rm cmd.slow
expect 'create that is quick' 0 '' '' script -qefc 'lend create -s 4K cmd.quick' "$work/quick"
is '... shows no bar' lacks '%' "$work/quick"
lend rm cmd.quick

mkfifo "$work/keys"
exec {keys}<>"$work/keys"
slowly 500000 script -qefc "lend create --from $loop cmd.slow" "$work/killed" \
	<"$work/keys" >/dev/null &
is 'create that takes very long' wait_for has 'cmd.slow \[' "$work/killed"
printf '\003' >&"$keys"
wait $!
is '... ends with ^C' test $? -eq 130
is '... and leaves no name' gone /dev/lend/cmd.slow
losetup -d "$loop" && loop=
rmdir "$cgroup"

# --- what is installed, and a program made with it
expect 'the example' 0 '4194304 bytes of folios*the child reads: hello from memory of the kernel' '' \
	"$programs/hello"
root=$work/root
expect 'make install' 0 '*' '' bash -c "
	make -s -C lib O=$PWD/build/user DESTDIR=$root PREFIX=/opt/lend install &&
	make -s -C tools O=$PWD/build/user DESTDIR=$root PREFIX=/opt/lend install"
is '... puts there what belongs there' same "$(cd "$root/opt/lend" && find . ! -type d | sort | xargs)" \
	"./bin/lend ./include/lend.h ./include/linux/lend.h ./lib/liblend.a ./lib/liblend.so \
./lib/liblend.so.0 ./lib/pkgconfig/lend.pc ./share/man/man1/lend.1 ./share/man/man3/lend.3 \
./share/man/man5/lend.5"
export PKG_CONFIG_PATH=$root/opt/lend/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root
expect '... pkg-config knows its version' 0 "$(<VERSION)" '' pkg-config --modversion lend
read -ra flags < <(pkg-config --cflags --libs lend)
read -ra headers < <(pkg-config --cflags lend)
expect '... the example compiles with it' 0 '' '' gcc -Wall -Werror -o "$work/hello" examples/hello.c "${flags[@]}"
LD_LIBRARY_PATH=$root/opt/lend/lib expect '... and runs' 0 '*the child reads: hello*' '' "$work/hello"

echo '#include <lend.h>
#include <stdio.h>
int main(void) { return puts(lend_dir()) < 0; }' >"$work/dir.c"
chmod 755 "$secure"
expect 'the static library links' 0 '' '' gcc -o "$secure/dir" "$work/dir.c" \
	"${headers[@]}" "$root/opt/lend/lib/liblend.a"
LEND_DIR=/tmp expect 'LEND_DIR counts' 0 /tmp '' setpriv --reuid 65534 --clear-groups "$secure/dir"
chmod u+s "$secure/dir"
LEND_DIR=/tmp expect '... but not in set-user-ID programs' 0 /dev/lend '' \
	setpriv --reuid 65534 --clear-groups "$secure/dir"

is 'nothing is left' wait_for as_before
echo "1..$count"
[ "$failures" -eq 0 ]
