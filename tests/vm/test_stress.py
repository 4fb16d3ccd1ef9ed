# SPDX-License-Identifier: GPL-2.0-or-later
"""test_stress.py: several guests at once, and one again and again."""
NAMES = ["one", "two", "three"]

# at the same time; the exit code is the number of commands that failed
TOGETHER = """
for name in {names}; do {command} & jobs="${{jobs:-}} $!"; done
failed=0
for job in $jobs; do wait $job || failed=$((failed + 1)); done
exit $failed
"""


def together(host, command):
    host.succeed(TOGETHER.format(names=" ".join(NAMES), command=command), 400)


def test_three_guests_at_once(host):
    """Made at the same moment, stopped at the same moment.

        dom0 --- br0 --- NAT
                  |
            one, two, three
    """
    basis = host.traces()
    together(host, "guest create $name --template mini --memory 48M --start")
    for name in NAMES:
        address = host.wait_for_guest(name)
        assert host.succeed("hostname", guest=address).strip() == name
    together(host, "guest stop $name")
    assert {guest["state"] for guest in host.guests().values()} == {"stopped"}
    together(host, "guest destroy $name")
    host.assert_traces_are(basis)


def test_same_name_again_and_again(host):
    """Each time all of it goes, so that the name is free.

        dom0 --- again (destroyed while it boots)
    """
    basis = host.traces()
    for _ in range(3):
        host.succeed("guest create again --template mini --start", 240)
        host.succeed("guest destroy again", 120)
    host.assert_traces_are(basis)
