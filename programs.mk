# SPDX-License-Identifier: GPL-2.0-only
# For folders of programs, tests, bench and examples: each NAME.c becomes
# O/FOLDER/NAME, linked with liblend, all of FOLDER/common, $(libs) and $(libs_NAME);
# more objects are those that the Makefile makes it depend on.
# make [O=/absolute/output/dir] [all|clean]

folder := $(CURDIR)
top := $(abspath $(folder)/..)
O ?= $(top)/build/user
out := $O/$(notdir $(folder))

CFLAGS ?= -O2 -g
cflags := -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -pthread -I$(folder) -I$(folder)/common \
	-I$(top)/lib -I$(top)/include/uapi -Wall -Wextra -Wshadow -Wno-missing-field-initializers \
	-Werror -MMD -MP

programs := $(patsubst %.c,$(out)/%,$(wildcard *.c))
common := $(patsubst %.c,$(out)/%.o,$(wildcard common/*.c))

all: $(programs)

$(programs): $(out)/%: $(out)/%.o $(common) $O/liblend.so
	$(CC) -pthread $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) -L$O -llend \
		$(libs) $(libs_$(notdir $@))

$(out)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(cflags) $(CFLAGS) -c -o $@ $(folder)/$<

$O/liblend.so:
	$(MAKE) -C $(top)/lib O=$O

clean:
	rm -rf $(out)

.PHONY: all clean
.SECONDARY:

-include $(programs:=.d) $(common:.o=.d)
