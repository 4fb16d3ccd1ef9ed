# shellcheck shell=sh
# guests-ours.sh TYPE COUNT REST: guests on our host, one after the other; by guests.py, in dom0. TYPE
# is pv or pvh; with pv more is measured than what it takes to make and remove them.
# It ends earlier where a guest is refused. What it notes is in the kernel's log, with its clock: '<7>' keeps it off the console.
set -eu
type=$1 count=$2 rest=$3
many=24
idle_seconds=300
echo on >/proc/sys/kernel/printk_devkmsg
mark=/root/mark # where instructions are counted; see counter/counter.c
note() {
	echo "<7>bench: $*" >/dev/kmsg
	case $1 in begin | end) [ ! -x $mark ] || $mark ;; esac
}
memory() { note memory "$1" "$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)"; }

create() { # NAME OPTION...
	name=$1
	shift
	guest create "$name" --template mini --type "$type" --memory 48M --start "$@"
}

# Seconds of CPU that all domains have used.
used() { xl list | awk 'NR > 1 { sum += $NF } END { print sum }'; }

idle() { # GUESTS
	before=$(used)
	sleep "$idle_seconds"
	note idle "$1" "$before" "$(used)" "$idle_seconds"
}

# DHCP, which is QEMU's, has addresses for 15.
network_config() { # N
	cat <<-END
		version: 2
		ethernets:
		  eth0:
		    addresses:
		      - 10.0.2.$((100 + $1))/24
	END
}

to_ssh() {
	for n in 1 2 3; do
		note begin ssh "$n"
		create answers
		guest wait answers --for ssh
		note end ssh "$n"
		guest destroy answers
		sleep "$rest"
	done
}

# Let it boot. Where instructions are counted, until nothing is left to be done for it.
let_boot() { # NAME
	if [ -x $mark ]; then
		guest wait "$1" --for ssh --timeout 900
		until [ "$(find /run/paravane/spares -type f ! -name '*.*' | wc -l)" = 2 ]; do sleep 1; done
	fi
	sleep "$rest"
}

make_guests() {
	made=0
	for n in $(seq "$count"); do
		network_config "$n" >/run/bench.network
		note begin create "$n"
		if ! create "g$n" --network-config /run/bench.network --timing 2>/run/bench.timing; then
			cat /run/bench.timing
			break
		fi
		note end create "$n"
		made=$n
		grep ' ms  ' /run/bench.timing | while read -r line; do note "timing $n $line"; done
		let_boot "g$n"
		memory "$n"
		[ "$type $n" != "pv $many" ] || idle "$n"
	done
	note made "$made"
}

count_answering() {
	answering=0
	for n in $(seq "$made"); do
		if guest wait "g$n" --for ssh --timeout 60; then
			answering=$((answering + 1))
		else # said to who reads the log
			guest show "g$n"
			guest log "g$n" | tail -n 20
		fi
	done
	note answering "$answering"
}

remove_guests() {
	for n in $(seq "$made" -1 1); do
		note begin destroy "$n"
		guest destroy "g$n"
		note end destroy "$n"
		sleep 2
	done
}

debian_to_ssh() {
	for n in 1 2 3; do
		note begin debian-ssh "$n"
		guest create debian --template debian --start --ip 10.0.2.50/24 --gateway 10.0.2.2
		if guest wait debian --for ssh --timeout 1200; then note end debian-ssh "$n"; fi
		guest destroy debian
		sleep "$rest"
	done
}

# the template's volume is made by the first one
create warm
let_boot warm
guest destroy warm
sleep "$rest"
if [ "$type" = pv ]; then
	to_ssh
	idle 0
fi
memory 0
make_guests
[ "$type" != pv ] || count_answering
remove_guests
[ "$type" != pv ] || debian_to_ssh
