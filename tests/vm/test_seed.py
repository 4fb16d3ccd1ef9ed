# SPDX-License-Identifier: GPL-2.0-or-later
"""test_seed.py: what a guest is told by files of the user's own."""

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
