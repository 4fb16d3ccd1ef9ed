# shellcheck shell=sh
# guests-stock.sh TYPE COUNT REST: the same as guests-ours.sh on a stock Debian 13 dom0, with its own tools.
# PV guests with Debian's kernel and its initramfs, too. A guest that xl can't make is the last.
set -eu
type=$1 count=$2 rest=$3
echo on >/proc/sys/kernel/printk_devkmsg
note() { echo "<7>bench: $*" >/dev/kmsg; }
memory() { note memory "$1" "$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)"; }

volume() { # NAME IMAGE BYTES
	lvcreate -q -V "${3}b" -T vg/pool -n "$1"
	dd if="$2" of="/dev/vg/$1" bs=1M conv=sparse,fsync
}

# the pool as our installer makes it
if ! vgs vg >/dev/null 2>&1; then
	vgcreate -q vg /dev/vdb
	lvcreate -q --type thin-pool -L 6G --poolmetadatasize 32M -Zy -c 64k -n pool vg
	volume mini /root/mini.img "$(stat -c %s /root/mini.img)"
	if [ "$type" = pv ]; then
		volume debian /dev/vdc "$(blockdev --getsize64 /dev/vdc)"
		volume seed /root/seed.img 4194304
	fi
fi

config() { # NAME
	cat <<-END
		name = "$1"
		type = "$type"
		$kernel
		memory = $memory
		vcpus = 1
		disk = ["phy:/dev/vg/$1,xvda,w"$seed]
		vif = ["${mac}bridge=xenbr0"]
	END
}

start() { # NAME ORIGIN
	config "$1" >"/etc/xen/$1.cfg"
	lvcreate -q -s -kn -n "$1" "vg/$2"
}

round() { # WHAT GUESTS
	what=$1 guests=$2
	start warm mini
	xl create /etc/xen/warm.cfg
	sleep "$rest"
	xl destroy warm
	lvremove -q -f vg/warm
	sleep "$rest"
	memory 0
	made=0
	for n in $(seq "$guests"); do
		note begin "${what}create" "$n"
		start "g$n" mini
		note middle "${what}create" "$n"
		if ! xl create "/etc/xen/g$n.cfg"; then
			lvremove -q -f "vg/g$n"
			break
		fi
		note end "${what}create" "$n"
		made=$n
		sleep "$rest"
		memory "$n"
	done
	for n in $(seq "$made" -1 1); do
		note begin "${what}destroy" "$n"
		xl destroy "g$n"
		note middle "${what}destroy" "$n"
		lvremove -q -f "vg/g$n"
		note end "${what}destroy" "$n"
		sleep 2
	done
}

# As 'guest wait' does.
ssh_answers() {
	timeout 3 bash -c 'exec 3<>/dev/tcp/10.0.2.50/22 && read -r -N 4 banner <&3 && [ "$banner" = SSH- ]'
} 2>/dev/null

wait_for_ssh() {
	left=2000
	until ssh_answers; do
		left=$((left - 1))
		[ "$left" -gt 0 ] || return 1
		sleep 0.25
	done
}

debian_to_ssh() {
	for n in 1 2 3; do
		note begin debian-ssh "$n"
		start debian1 debian
		xl create /etc/xen/debian1.cfg
		if wait_for_ssh; then note end debian-ssh "$n"; fi
		xl destroy debian1
		lvremove -q -f vg/debian1
		sleep "$rest"
	done
}

memory=48 seed='' mac=''
kernel='kernel = "/root/guest-vmlinux"
cmdline = "root=/dev/xvda rw console=hvc0 quiet"'
round "" "$count"
[ "$type" = pv ] || exit 0
kernel="kernel = \"$(ls /boot/vmlinuz-*)\"
ramdisk = \"$(ls /boot/initrd.img-*)\"
cmdline = \"root=/dev/xvda rw console=hvc0 quiet\""
memory=256 # for Debian's initramfs
round debian- 3
memory=384 seed=', "phy:/dev/vg/seed,xvdb,r"' mac=mac=00:16:3e:00:00:50,
kernel='kernel = "/root/debian/vmlinuz"
ramdisk = "/root/debian/initrd.img"
cmdline = "root=/dev/xvda ro console=hvc0 quiet"'
debian_to_ssh
