# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# For tests that are scripts: results as TAP, and which kernel runs.

count=0 failures=0

# is DESCRIPTION COMMAND...: the command must succeed; else explain says more
is() {
	local what=$1
	shift
	count=$((count + 1))
	if "$@"; then
		echo "ok $count - $what"
	else
		echo "not ok $((++failures, count)) - $what"
		explain
	fi
}

# Is the running kernel version $1 or a later one?
kernel_from() { [ "$(printf '%s\n' "$1" "$(uname -r)" | sort -V | head -n 1)" = "$1" ]; }
