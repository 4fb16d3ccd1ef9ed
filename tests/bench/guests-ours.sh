# shellcheck shell=sh
# guests-ours.sh COUNT REST: guests on our host, one after the other; by guests.py, in dom0.
# It ends earlier where a guest is refused. What it notes is in the kernel's log, with its clock: '<7>' keeps it off the console.
set -eu
count=$1 rest=$2
echo on >/proc/sys/kernel/printk_devkmsg
note() { echo "<7>bench: $*" >/dev/kmsg; }
memory() { note memory "$1" "$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)"; }

# the template's volume is made by the first one
guest create warm --template mini --start
sleep "$rest"
guest destroy warm

note begin ssh 1
guest create answers --template mini --start
guest wait answers --for ssh
note end ssh 1
guest destroy answers
sleep "$rest"
memory 0

made=0
for n in $(seq "$count"); do
	note begin create "$n"
	if ! guest create "g$n" --template mini --start --timing 2>/run/bench.timing; then
		cat /run/bench.timing
		break
	fi
	made=$n
	note end create "$n"
	grep ' ms  ' /run/bench.timing | while read -r line; do note "timing $n $line"; done
	sleep "$rest"
	memory "$n"
done
note made "$made"
for n in $(seq "$made" -1 1); do
	note begin destroy "$n"
	guest destroy "g$n"
	note end destroy "$n"
	sleep 2
done
