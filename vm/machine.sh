# shellcheck shell=bash disable=SC2154
# Part of vm/run: the machine as a QEMU command line, in the array `machine`.

# /dev/kvm may be there and not work: the processor's flags tell.
kvm_usable() {
	[ -w /dev/kvm ] && grep -Eqw 'vmx|svm' /proc/cpuinfo
}

# What the checks of a kernel take of memory comes on top.
memory_mib() {
	local mib
	case $mem in
	*G) mib=$((${mem%G} * 1024)) ;;
	*M) mib=${mem%M} ;;
	esac
	echo $((mib * 100 / (100 - KERNEL_TAKES)))
}

numa_nodes() {
	local node first last cpus mib
	mib=$(memory_mib)
	for ((node = 0; node < numa; node++)); do
		first=$((smp * node / numa))
		last=$((smp * (node + 1) / numa - 1))
		cpus=
		[ $last -lt $first ] || cpus=,cpus=$first-$last
		machine+=(-object "memory-backend-ram,id=node$node,size=$((mib * (node + 1) / numa - mib * node / numa))M"
			-numa "node,nodeid=$node,memdev=node$node$cpus")
	done
}

# How fast the time stamp counter of an emulated machine is: that is the host's. Against
# emulated timers a kernel finds something else, now and then, when the host is busy, and
# its clock is then wrong for good. Nothing where it cannot be told.
tsc_khz() {
	local program=$top/build/vm/tsc-khz
	if ! [ "$program" -nt "$here/tsc-khz.c" ]; then
		mkdir -p "$top/build/vm"
		gcc -O2 -o "$program.$$" "$here/tsc-khz.c" 2>/dev/null &&
			mv "$program.$$" "$program" || return 0
	fi
	"$program"
}

machine() {
	local device khz board=pc
	# Slow emulation is no stall, a panic ends the machine at once, and the
	# serial line gets what is warning level or worse. Whoever waits for RCU, as each
	# unloading and unmounting does, asks the other processors and need not sit it out.
	local args='console=ttyS0 loglevel=5 panic=-1 oops=panic printk.devkmsg=on
		nowatchdog rcupdate.rcu_cpu_stall_timeout=300 mitigations=off
		random.trust_cpu=on no_timer_check rcupdate.rcu_expedited=1'
	args+=" $KERNEL_ARGS"

	# The board that has an IOMMU. What is unmapped shall be out of reach at once.
	if [ "$iommu" ]; then
		board=q35
		args+=' intel_iommu=on iommu.strict=1'
	fi
	args+=$append

	# It must not outlive vm/run, whatever becomes of that.
	machine=(setpriv --pdeathsig KILL qemu-system-x86_64 -no-user-config -nodefaults -display none -no-reboot
		-machine "$board" -smp "$smp,sockets=$smp" -m "$(memory_mib)")
	if [ "$count" ]; then
		machine+=(-accel tcg -cpu "max,la57=off" -icount "shift=0,sleep=off")
		args+=' tsc=reliable'
	elif kvm_usable; then
		machine+=(-accel kvm -cpu host)
	else
		echo "vm/run: emulating" >&2
		# What is translated is found again by its address: programs that are not
		# moved about start three times faster. Strings are emulated by the step:
		# fast strings of bytes (erms) are eight times slower than those of words.
		# Processors wait for one another, for locks and interrupts, a good part of their
		# time. Where all are one thread, who waits lets the next one go on; where each
		# has its own, it has the computer wait along.
		machine+=(-accel "tcg,thread=$threads" -cpu "max,la57=off,erms=off")
		# One host clock is the time stamp counter of all: to read it is no exit.
		args+=' norandmaps tsc=reliable'
		khz=$(tsc_khz)
		args+=${khz:+ tsc_early_khz=$khz}
	fi
	[ "$numa" -eq 1 ] || numa_nodes

	[ -z "$iommu" ] || machine+=(-device intel-iommu)
	machine+=(-kernel "$KERNEL_IMAGE" -initrd "$initramfs" -append "${args//[$'\n\t']/ }"
		-serial "file:$job/serial"
		-fsdev "local,id=host,path=/,security_model=none,readonly=on,multidevs=remap"
		-device "virtio-9p-pci,fsdev=host,mount_tag=host"
		-fsdev "local,id=job,path=$job/share,security_model=none,readonly=on"
		-device "virtio-9p-pci,fsdev=job,mount_tag=job")
	[ "$disk" = 0 ] || machine+=(-drive "if=none,id=disk,format=raw,cache=unsafe,file=$job/disk"
		-device "virtio-blk-pci,drive=disk")

	machine+=(-device "virtio-serial-pci,max_ports=7"
		-chardev "stdio,id=in,signal=off")
	if [ "$interactive" ]; then
		machine+=(-device "virtconsole,nr=0,chardev=in")
	else
		machine+=(-device "virtserialport,nr=1,chardev=in"
			-chardev "file,id=out,path=$job/out" -device "virtserialport,nr=2,chardev=out"
			-chardev "file,id=err,path=$job/err" -device "virtserialport,nr=3,chardev=err")
	fi
	for device in "${devices[@]}"; do machine+=(-device "$device"); done
	machine+=(-chardev "file,id=status,path=$job/status" -device "virtserialport,nr=4,chardev=status"
		-chardev "file,id=log,path=$job/log" -device "virtserialport,nr=5,chardev=log"
		-chardev "file,id=coverage,path=$job/coverage" -device "virtserialport,nr=6,chardev=coverage")
}
