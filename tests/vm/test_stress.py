# SPDX-License-Identifier: GPL-2.0-or-later
"""test_stress.py: many commands at once, and guests that come and go again and again."""
import os

import pytest

from ssh import Result

MANY = [f"many{i}" for i in range(8)]
CYCLES = int(os.environ.get("PVN_CYCLES") or 300)

# All at the same time; then of each its exit code and what it said besides its results.
TOGETHER = """
rm -rf /tmp/together; mkdir /tmp/together; cd /tmp/together
n=0
for name in {names}; do
	n=$((n + 1))
	(code=0; {command} >/dev/null 2>$n.said || code=$?; echo $code >$n.code) >/dev/null 2>&1 &
done
wait
for i in $(seq $n); do
	echo "== $(cat $i.code)"
	cat $i.said
done
"""
# Of a command that waits and works.
PROGRESS = ("waiting for ", "[", "undo step ")


def together(host, names, command):
    """The Results of one command for each name."""
    told = host.succeed(TOGETHER.format(names=" ".join(names), command=command), 400)
    parts = [part.partition("\n") for part in told.split("== ")[1:]]
    return [Result(int(code), "", said) for code, _, said in parts]


def refusals(results):
    """What those said that did nothing; each says it in one line."""
    said = []
    for result in results:
        lines = [line for line in result.stderr.splitlines() if not line.startswith(PROGRESS)]
        if result.status:
            assert result.status in (1, 3) and len(lines) == 1, result
            said += lines
    return said


def succeeded(names, results):
    refusals(results)
    done = [name for name, result in zip(names, results) if not result.status]
    assert done, results
    return done


def test_eight_guests_at_once(host, no_leaks):
    """Made, kept as snapshots, stopped and removed, each at the same moment.

        dom0 --- br0 --- NAT
                  |
            many0 ... many7
    """
    made = succeeded(MANY, together(
        host, MANY, "guest create $name --template mini --memory 48M --start"))
    assert set(host.guests()) == set(made)
    for name in made:
        address = host.wait_for_guest(name, 300)
        assert host.succeed("hostname", guest=address).strip() == name
    kept = succeeded(made, together(host, made, "guest snapshot $name then"))
    for name in made:
        found = [snapshot["name"] for snapshot in host.json(f"guest snapshots {name}")]
        assert found == (["then"] if name in kept else [])
    assert succeeded(made, together(host, made, "guest stop $name")) == made
    assert {guest["state"] for guest in host.guests().values()} == {"stopped"}
    gone = succeeded(made, together(host, made, "guest destroy $name"))
    assert set(host.guests()) == set(made) - set(gone)
    host.remove_all_guests()


def assert_only_one_does_it(host):
    for words, command in (
            ("already", "guest create $name --template mini --memory 48M --start"),
            ("already", "guest snapshot $name then"),
            ("twin", "guest destroy $name")):
        results = together(host, ["twin", "twin"], command)
        assert sorted(result.status for result in results) == [0, 1], results
        assert words in refusals(results)[0]
        assert list(host.guests()) == ([] if "destroy" in command else ["twin"])


def test_same_name_twice_at_once(host, no_leaks):
    """One of the two makes it, the other says that it is there; so with its snapshot and
    its end. The second time it is made of a guest that was made ahead of need.

        dom0 --- twin
    """
    assert_only_one_does_it(host)
    host.wait_until_succeeds("ls /run/paravane/spares | grep -xE '[0-9a-f]+'", 120)
    assert_only_one_does_it(host)


# Again and again, under a few names.
CYCLE = """
n=0
while [ $n -lt {count} ]; do
	n=$((n + 1))
	for command in "create cycle$((n % 4)) --template mini --memory 48M --start" \
			"destroy cycle$((n % 4))"; do
		guest $command >/tmp/cycle 2>&1 || {{ echo "cycle $n:"; cat /tmp/cycle; exit 1; }} >&2
	done
	[ $((n % 100)) != 0 ] || echo "cycle $n" >/dev/console
done
"""
# Nothing is left to be done: two guests are made ahead of need, no volume is to go.
AT_REST = ("[ $(ls /run/paravane/spares | grep -cxE '[0-9a-f]+') = 2 ] &&"
           " ! ls -A /state/guests | grep -q '\\.removed$' && ! pgrep -f '[p]aravane upkeep'")
USED = """
for name in xenstored xenconsoled guestd; do
	proc=/proc/$(cat /run/service/$name/supervise/pid)
	echo "$name-descriptors $(ls $proc/fd | wc -l)"
	echo "$name-kib $(sed -n 's/^VmRSS:[^0-9]*\\([0-9]*\\).*/\\1/p' $proc/status)"
done
echo "dom0-kib $(awk '/^MemTotal/ { all = $2 } /^MemAvailable/ { print all - $2 }' /proc/meminfo)"
echo "thin-volumes $(lvs --noheadings -o thin_id | grep -c '[0-9]')"
echo "mappings $(dmsetup ls | wc -l)"
echo "pool-metadata-blocks $(dmsetup status --target thin-pool |
	sed 's/.*thin-pool [0-9]* \\([0-9]*\\)\\/.*/\\1/')"
echo "xenstore-nodes $(xenstore-ls -f | wc -l)"
"""
# What may be more at the end: memory that is allotted in larger pieces, caches, how well
# the pool's tables are packed.
MORE = {"xenstored-kib": 512, "xenconsoled-kib": 512, "guestd-kib": 512, "dom0-kib": 8192,
        "pool-metadata-blocks": 16}
# What one cycle starts at most, upkeep's and libxl's helpers included (24 are counted); a uevent that
# has a driver looked for costs four.
PROCESSES = 30


def started_processes(host):
    return int(host.succeed("sed -n 's/^processes //p' /proc/stat"))


def used_at_rest(host):
    host.wait_until_succeeds(AT_REST, 240)
    pairs = (line.split() for line in host.succeed(USED).splitlines())
    return {name: int(number) for name, number in pairs}


@pytest.fixture
def two_spares(host):
    host.succeed("echo count=2 >/etc/paravane/spares")
    yield
    host.succeed("rm /etc/paravane/spares")


@pytest.mark.parametrize("count", [10, pytest.param(CYCLES, marks=pytest.mark.faults, id="all")])
def test_cycles_leave_nothing(host, two_spares, no_leaks, count):
    """Made and removed again and again: nothing grows, neither in the daemons nor in dom0
    nor in the pool nor in xenstore.

        dom0 --- cycle0 ... cycle3, each destroyed while it boots
    """
    host.succeed(CYCLE.format(count=5 + count // 10), 120 + 4 * count)
    before, started = used_at_rest(host), started_processes(host)
    host.succeed(CYCLE.format(count=count), 120 + 20 * count)
    started = started_processes(host) - started
    after = used_at_rest(host)
    assert started <= PROCESSES * (count + 2), f"{started} processes in {count} cycles"
    grown = {name: (before[name], after[name]) for name in before
             if after[name] > before[name] + MORE.get(name, 0)}
    assert not grown, f"before and after {count} cycles: {grown}"
