# SPDX-License-Identifier: GPL-2.0-or-later
"""test_seed.py: what a guest is told by files of the user's own."""
import os
import pathlib
import subprocess

import pytest

OUT = pathlib.Path(os.environ.get("O") or "out").resolve()

USER_DATA = """#cloud-config
ssh_authorized_keys:
  - {key}
write_files:
  - path: /etc/motd
    content: "it's \\"quoted\\": yes # no"
"""
META_DATA = "instance-id: mine-1\nlocal-hostname: renamed\n"
NETWORK = """version: 2
ethernets:
  eth0:
    dhcp4: false
    addresses:
      - 10.0.2.77/24
    routes:
      - to: 0.0.0.0/0
        via: 10.0.2.2
    nameservers:
      addresses:
        - 10.0.2.3
"""


def put(host, path, text):
    quoted = text.replace("'", "'\\''")
    host.succeed(f"printf '%s' '{quoted}' >{path}")


def test_files_are_used_as_they_are(host):
    """user-data, meta-data and network-config reach the guest unchanged, and it does
    what they say.

        dom0 --- br0 --- own: 10.0.2.77, as in its network-config
    """
    key = host.succeed("grep -v '^#' /etc/dropbear/authorized_keys").splitlines()[0]
    texts = {"user-data": USER_DATA.format(key=key), "meta-data": META_DATA,
             "network-config": NETWORK}
    for name, text in texts.items():
        put(host, f"/tmp/{name}", text)
    options = " ".join(f"--{name} /tmp/{name}" for name in texts)
    host.succeed(f"guest create own --template mini {options} --start", 240)
    assert host.wait_for_guest("own") == "10.0.2.77"
    assert host.succeed("hostname", guest="10.0.2.77") == "renamed\n"
    assert host.succeed("cat /run/resolv.conf", guest="10.0.2.77") == "nameserver 10.0.2.3\n"
    host.succeed("mkdir -p /tmp/seed; mount -t vfat -o ro /dev/xvdb /tmp/seed", guest="10.0.2.77")
    for name, text in texts.items():
        assert host.succeed(f"cat /tmp/seed/{name}", guest="10.0.2.77") == text


def test_keys_beside_user_data(host):
    """With user-data of one's own the keys come by the meta-data.

        dom0 --- br0 --- keyed
    """
    host.succeed("printf '#!/bin/sh\n' | guest create keyed --template mini --user-data - --start",
                 240)
    address = host.wait_for_guest("keyed")
    assert host.succeed("hostname", guest=address) == "keyed\n"


SEED = {
    "meta-data": "instance-id: 1234\nlocal-hostname: \"web1\"\n"
                 "public-keys:\n- \"ssh-rsa CCCC two words\"\n",
    "user-data": "#cloud-config\nhostname: web1\nssh_authorized_keys:\n  - ssh-ed25519 AAAA\n"
                 "  - 'ecdsa-sha2-nistp256 BBBB $(reboot)'\nusers: x\n  - ssh-rsa NONE\n",
    "network-config": "version: 2\nethernets:\n  eth0:\n    match:\n"
                      "      macaddress: '00:16:3e:00:00:01'\n    dhcp4: false\n    addresses:\n"
                      "      - 10.0.2.50/24\n    routes:\n      - to: 0.0.0.0/0\n"
                      "        via: 10.0.2.2\n    nameservers:\n      addresses:\n"
                      "        - 1.1.1.1\n        - 8.8.8.8\n",
}
SHORT = ("ethernets:\n  eth0:\n    addresses: [ \"10.0.2.50/24\" ]\n    gateway4: 10.0.2.2\n"
         "    nameservers:\n      addresses: [1.1.1.1, 8.8.8.8]\n")


@pytest.mark.parametrize("network", [SEED["network-config"], SHORT])
def test_mini_reads_its_seed(tmp_path, network):
    """In the shell that it has; nothing of it is run."""
    for name, text in {**SEED, "network-config": network}.items():
        (tmp_path / name).write_text(text)
    said = subprocess.run(
        [OUT / "stage/busybox/bin/busybox", "sh", "-c", f"""
            seed={tmp_path}
            . images/mini/overlay/usr/lib/paravane/seed
            value meta-data local-hostname; echo "$got"
            value meta-data instance-id; echo "$got"
            value meta-data none; echo "$got"
            keys_of user-data
            keys_of meta-data
            keys_of none
            read_network; echo "$address $gateway $dns" """],
        check=True, capture_output=True, text=True).stdout
    assert said.splitlines() == [
        "web1", "1234", "", "ssh-ed25519 AAAA", "ecdsa-sha2-nistp256 BBBB $(reboot)",
        "ssh-rsa CCCC two words", "10.0.2.50/24 10.0.2.2 1.1.1.1 8.8.8.8"]
