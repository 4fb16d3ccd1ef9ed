# shellcheck shell=sh
# guests-stock.sh COUNT REST: the same as guests-ours.sh on a stock Debian 13 dom0, with its own tools.
# Twice: with our guest kernel, and with Debian's and its initramfs.
set -eu
count=$1 rest=$2
echo on >/proc/sys/kernel/printk_devkmsg
note() { echo "<7>bench: $*" >/dev/kmsg; }
memory() { note memory "$1" "$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)"; }

# the pool as our installer makes it
if ! vgs vg >/dev/null 2>&1; then
	vgcreate -q vg /dev/vdb
	lvcreate -q --type thin-pool -L 6G --poolmetadatasize 32M -Zy -c 64k -n pool vg
	lvcreate -q -V "$(stat -c %s /root/mini.img)b" -T vg/pool -n mini
	dd if=/root/mini.img of=/dev/vg/mini bs=1M conv=sparse,fsync
fi

config() { # NAME
	cat <<-END
		name = "$1"
		type = "pv"
		$kernel
		memory = 64
		vcpus = 1
		disk = ["phy:/dev/vg/$1,xvda,w"]
		vif = ["bridge=xenbr0"]
	END
}

start() { # NAME
	config "$1" >"/etc/xen/$1.cfg"
	lvcreate -q -s -kn -n "$1" vg/mini
}

round() { # WHAT GUESTS
	what=$1 guests=$2
	start warm
	xl create /etc/xen/warm.cfg
	sleep "$rest"
	xl destroy warm
	lvremove -q -f vg/warm
	sleep "$rest"
	memory 0
	for n in $(seq "$guests"); do
		note begin "${what}create" "$n"
		start "g$n"
		note middle "${what}create" "$n"
		xl create "/etc/xen/g$n.cfg"
		note end "${what}create" "$n"
		sleep "$rest"
		memory "$n"
	done
	for n in $(seq "$guests" -1 1); do
		note begin "${what}destroy" "$n"
		xl destroy "g$n"
		note middle "${what}destroy" "$n"
		lvremove -q -f "vg/g$n"
		note end "${what}destroy" "$n"
		sleep 2
	done
}

kernel='kernel = "/root/guest-vmlinux"
cmdline = "root=/dev/xvda rw console=hvc0 quiet"'
round "" "$count"
kernel="kernel = \"$(ls /boot/vmlinuz-*)\"
ramdisk = \"$(ls /boot/initrd.img-*)\"
cmdline = \"root=/dev/xvda rw console=hvc0 quiet\""
round debian- 3
