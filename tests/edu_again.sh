#!/bin/bash
# All that is true of the edu device is true behind an IOMMU.
set -u

programs=$(dirname "$0")/../build/user/tests
if ! compgen -G '/sys/class/iommu/*' >/dev/null; then
	echo "1..1"
	echo "not ok - no IOMMU in this machine: vm/run --device edu --iommu"
	exit 1
fi
status=0
for name in edu edu_refused edu_gone; do
	# By this name tests/unable speaks of them.
	(exec -a edu_again "$programs/$name") || status=1
done
exit $status
