# SPDX-License-Identifier: GPL-2.0-or-later
"""test_debian.py: guests of the template that 'make template-debian' makes."""
import pytest

from conftest import OUT

pytestmark = pytest.mark.faults

DEBIAN = OUT / "templates-more" / "debian.tar"
HOST_KEY = "cat /etc/ssh/ssh_host_ed25519_key.pub"
NETWORK = "/etc/systemd/network/10-cloud-init-eth0.network"
GATEWAY = "--gateway 10.0.2.2"
USER_DATA = """#cloud-config
ssh_authorized_keys:
  - {key}
write_files:
  - path: /etc/motd
    content: before anybody logs in
"""
# When it was ready, and when the other began, in microseconds since the start.
READY, BEGAN = "ActiveEnterTimestampMonotonic", "ExecMainStartTimestampMonotonic"


@pytest.fixture
def template(host):
    imported = host.feed("template import -", DEBIAN, 1800)
    assert imported.status == 0, imported
    yield
    host.remove_all_guests()
    host.succeed("template delete debian")


def moment(host, guest, unit, what):
    return int(host.succeed(f"systemctl show {unit} -p {what} --value", guest=guest))


def assert_all_is_done(host, guest):
    """cloud-init ended well, and nothing else failed."""
    status = host.run("cloud-init status --wait --long", 600, guest=guest)
    assert status.status == 0, status.stdout
    host.wait_until_succeeds("systemctl is-active multi-user.target", guest=guest)
    assert host.succeed("systemctl --failed --quiet", guest=guest) == ""


def test_ssh_does_not_wait_for_cloud_init(host, template):
    """A guest that is told no more than its name, keys and network can be logged in to
    before cloud-init begins, which leaves what it finds, the first time even before
    udev; so at the next boot, also when its power goes before cloud-init has written
    anything, and by what its own update-grub and update-initramfs make. A copy of it
    has a host key, a name and an address of its own.

        dom0 --- br0 --- first, copy
    """
    host.succeed(f"guest create first --template debian --ip 10.0.2.61/24 {GATEWAY} --start", 240)
    root = host.wait_for_guest("first", 400)
    assert root == "10.0.2.61"
    user = f"debian@{root}"
    assert host.succeed("sudo id -un; hostname; cat /etc/hostname", guest=user) == "root\nfirst\nfirst\n"
    key = host.succeed(f"! ls {NETWORK} && sync && {HOST_KEY}", guest=root)
    host.succeed("guest stop first --force; guest start first", 240)
    assert host.wait_for_guest("first", 400) == root
    assert_all_is_done(host, root)
    assert moment(host, root, "ssh", READY) < moment(host, root, "cloud-init-main", BEGAN)
    assert (host.succeed(HOST_KEY, guest=root), host.succeed("hostname", guest=user)) == (key, "first\n")
    host.succeed(f"ls {NETWORK}; resolvectl status eth0", guest=root)
    assert "early-login" not in host.succeed("mount", guest=root)
    host.wait_until_succeeds("grep -x cloud-init /etc/early-login", guest=root)

    host.succeed("sed -i 's/^GRUB_CMDLINE_LINUX=\"/&panic=30 /' /etc/default/grub;"
                 "update-initramfs -u && update-grub", 900, guest=root)
    host.succeed("guest reboot first", 400)
    assert host.wait_for_guest("first", 400) == root
    assert_all_is_done(host, root)
    assert moment(host, root, "ssh", READY) < moment(host, root, "cloud-init-main", BEGAN)
    assert host.succeed(HOST_KEY, guest=root) == key
    host.succeed("! ls /run/systemd/network/*early-login*;"
                 "grep 'root=UUID=.*panic=30' /proc/cmdline", guest=root)

    host.succeed("guest stop first; guest set first --maxvcpus 2; guest start first", 400)
    host.wait_for_guest("first", 400)
    host.succeed("guest set first --vcpus 2")
    host._until(lambda: host.succeed("nproc", guest=root).strip() == "2", 60, "another vCPU")
    host.succeed(f"guest stop first; guest clone first copy --ip 10.0.2.62/24 {GATEWAY} --start", 400)
    other = host.wait_for_guest("copy", 400)
    assert host.succeed("hostname", guest=f"debian@{other}") == "copy\n"
    assert host.succeed(HOST_KEY, guest=other) != key
    assert moment(host, other, "ssh", READY) < moment(host, other, "systemd-udevd", BEGAN)
    assert_all_is_done(host, other)
    host.succeed("networkctl status eth0 | grep 'State: routable (configured)'", guest=other)
    assert host.succeed("ip -4 -o address show dev eth0 | wc -l; ip route show default | wc -l; cat /run/early-login/random",
                        guest=other) == "1\n1\n"


def test_user_data_comes_before_ssh(host, template):
    """Who gives a guest user-data finds it done when ssh answers.

        dom0 --- br0 --- told
    """
    key = host.succeed("grep -v '^#' /etc/dropbear/authorized_keys").splitlines()[0]
    host.succeed(f"cat >/tmp/user-data <<'END'\n{USER_DATA.format(key=key)}END")
    host.succeed(f"guest create told --template debian --ip 10.0.2.63/24 {GATEWAY}"
                 " --user-data /tmp/user-data --start", 240)
    host.succeed("guest wait told --for ssh --timeout 600", 620)
    user = "debian@10.0.2.63"  # root's keys are refused, as cloud-init has it
    assert "before anybody logs in" in host.succeed("cat /etc/motd; sudo id -un", guest=user)
    assert_all_is_done(host, user)
    assert moment(host, user, "cloud-init-network", READY) < moment(host, user, "ssh", READY)
