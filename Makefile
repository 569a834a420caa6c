# SPDX-License-Identifier: GPL-2.0-only
# A thin dispatcher: `make help` says what there is.

KDIR ?= /lib/modules/$(shell uname -r)/build
PREFIX ?= /usr/local
KERNEL ?= bookworm

release := $(shell sed -n 's/.*"\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h 2>/dev/null)
top := $(CURDIR)
user := $(top)/build/user
mirror = $(top)/build/$(release)
moddir = $(DESTDIR)/lib/modules/$(release)/extra
folders := tests bench fuzz examples samples
sources := Kbuild $(wildcard kernel vb2 include tests/modules bench/modules examples/skeleton samples)

all: modules user		## build lend for the running kernel, its library and its command

modules: headers		## build the kernel module (KDIR=build directory of a kernel)
	@mkdir -p $(mirror)
	@find $(sources) -type f | sort >$(mirror)/.sources.new
	@cd $(mirror) && touch .sources && comm -23 .sources .sources.new | xargs -r rm -f && \
		mv .sources.new .sources
	@xargs cp -u --parents -t $(mirror) <$(mirror)/.sources
	+$(MAKE) -C $(KDIR) M=$(mirror) W=1 modules LEND_SAMPLES=$(if $(SAMPLES),m) \
		LEND_TEST_MODULES=$(if $(TEST_MODULES),$(if $(wildcard tests/modules/Kbuild),m))
	+$(if $(TEST_MODULES),$(MAKE) -C $(mirror)/examples/skeleton LEND=$(mirror) KDIR=$(KDIR))
	@$(if $(MODULES_TO),find $(mirror) -name '*.ko' -exec cp -t $(MODULES_TO) {} +)

# kbuild writes into the folder of the sources: it gets a copy, one a kernel.
headers:
	@[ "$(release)" ] || { echo "no kernel headers in $(KDIR):" \
		"apt-get install linux-headers-$$(uname -r), or give another KDIR=" >&2; exit 1; }

user:				## build library and command into build/user
	@vm/setup -n build
	@mkdir -p $(user)
	+$(MAKE) -C lib O=$(user) all
	+$(MAKE) -C tools O=$(user) all

programs: $(folders:%=%-programs)	## build the programs of tests/, bench/, examples/ and samples/

$(folders:%=%-programs): %-programs: user
	+$(MAKE) -C $* O=$(user) all

samples-programs: samples-packages
tests-programs: fuzz-programs

samples-packages:
	@vm/setup -n view

samples: samples-programs	## build the sample drivers and their programs
	+$(MAKE) modules SAMPLES=1

setup:				## install, as root with apt, what building takes
	vm/setup build view

install: all			## install module, library, command, manuals (PREFIX, DESTDIR)
	install -d $(moddir)
	install -m 644 $(mirror)/kernel/lend.ko $(mirror)/vb2/lend-vb2.ko $(moddir)/
	+$(MAKE) -C lib O=$(user) install
	+$(MAKE) -C tools O=$(user) install
	[ "$(DESTDIR)" ] || { depmod $(release) && ldconfig; }

uninstall:			## remove what install put there
	rm -f $(addprefix $(DESTDIR)/lib/modules/*/extra/,lend.ko lend-vb2.ko) $(DESTDIR)$(PREFIX)/bin/lend
	cd $(DESTDIR)$(PREFIX) && rm -f lib/liblend.* lib/pkgconfig/lend.pc include/lend.h \
		include/linux/lend.h $(foreach n,1 3 5,$(patsubst man/%,share/man/man$n/%,$(wildcard man/*.$n)))
	[ "$(DESTDIR)" ] || { depmod -a && ldconfig; }

demo:				## see lend at work, in a virtual machine (root; sets up all it needs)
	@vm/setup build vm
	@vm/build examples-programs
	@vm/run --kernel $(KERNEL) -- examples/demo

demo-grab:			## see a frame grabber, real video programs and a live window at work
	@vm/setup build vm view demo
	@vm/build samples-programs
	@mkdir -p build
	@vm/run --kernel $(KERNEL) -- samples/grab/demo >build/demo-grab.png.new
	@mv build/demo-grab.png.new build/demo-grab.png
	@printf '\nThe screenshot is in build/demo-grab.png\n'

test:				## run all tests in virtual machines, or T="name..." (root; sets up all)
	@tests/all --kernel $(KERNEL) $(T)

test-debug:			## the groups of tests/quick on the debug kernel, and what they have run
	@tests/matrix debug:quick
	@tests/coverage

test-matrix: lint		## lint; all tests on the oldest and the newest kernel; test-debug
	@tests/matrix bullseye sid debug:quick
	@tests/coverage

test-all:			## all tests on every stock kernel, those for the debug kernels, and their table
	@tests/matrix bullseye bookworm trixie sid debug:quick debug-sid:quick kcsan:concurrent

test-kcsan:			## the groups of tests/concurrent on the kernel that looks for races
	@tests/matrix kcsan:concurrent

fuzz:				## sequences of calls by chance (KERNEL=debug TIME=600 SEED=N); see fuzz/run --help
	@fuzz/run --kernel $(if $(filter file,$(origin KERNEL)),debug,$(KERNEL)) \
		$(if $(TIME),--time $(TIME)) $(if $(SEED),--seed $(SEED))

bench:				## what things cost, beside other memory (B="name..."); see bench/run --help
	@bench/run --kernel $(KERNEL) $(B)

bench-here:			## the same on this machine, where lend is loaded and mounted (root)
	@bench/run --here $(B)

vm:				## a shell in the machine (KERNEL=bookworm)
	@vm/run --kernel $(KERNEL)

lint:				## W=1 and sparse on all kernels, checkpatch, kernel-doc, cppcheck, shellcheck, mandoc
	@vm/lint

clean:				## remove what was built
	rm -rf build

help:				## this list
	@awk -F ':.*## *' '/^[a-z-]+:.*##/ { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: all modules headers user programs samples samples-packages $(folders:%=%-programs) setup install uninstall demo demo-grab test test-debug test-kcsan test-matrix test-all fuzz bench bench-here vm lint clean help
