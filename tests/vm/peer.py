# SPDX-License-Identifier: GPL-2.0-or-later
"""peer.py: the other end of a machine's cable, frame by frame, where QEMU's network won't do: it
knows no VLANs."""
import ipaddress
import socket
import struct
import time

MAC = bytes.fromhex("525400aabbcc")
VLAN, ARP, IPV4, IPV6 = 0x8100, 0x0806, 0x0800, 0x86DD


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Peer:
    """A cable with frames in UDP. 'mine' are this end's addresses, by family."""

    def __init__(self, mine4, mine6):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.theirs = probe.getsockname()[1]
        self.mine4 = ipaddress.ip_address(mine4).packed
        self.mine6 = ipaddress.ip_address(mine6).packed

    def arguments(self, mac, name="cable"):
        """QEMU's, for a NIC at the other end; the cable's name is for its 'set_link'."""
        here = self.socket.getsockname()[1]
        return ["-netdev", f"dgram,id={name},local.type=inet,local.host=127.0.0.1,"
                f"local.port={self.theirs},remote.type=inet,remote.host=127.0.0.1,remote.port={here}",
                "-device", f"virtio-net-pci,netdev={name},mac={mac},romfile="]

    def _arp(self, address):
        return ARP, struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + MAC + self.mine4 + bytes(6) + address

    def _solicitation(self, address):
        """Who has this IPv6 address? From ours, whose MAC it tells."""
        to = bytes.fromhex("ff0200000000000000000001ff") + address[-3:]
        body = struct.pack("!BBHI", 135, 0, 0, 0) + address + b"\x01\x01" + MAC
        pseudo = self.mine6 + to + struct.pack("!II", len(body), 58)
        body = body[:2] + struct.pack("!H", checksum(pseudo + body)) + body[4:]
        return IPV6, struct.pack("!IHBB", 6 << 28, len(body), 58, 255) + self.mine6 + to + body

    def _echo_request(self, address):
        body = struct.pack("!BBHHH", 8, 0, 0, 1, 1)
        body = body[:2] + struct.pack("!H", checksum(body)) + body[4:]
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, 1, 0) + self.mine4 + address
        return IPV4, head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body

    def ask(self, address, vlan=None, limit=1.0):
        """Who has it? The VLAN that the address answers in, 0 for none, or None: it does not answer."""
        wanted = ipaddress.ip_address(address)
        kind, body = (self._arp if wanted.version == 4 else self._solicitation)(wanted.packed)
        return self._exchange(b"\xff" * 6, vlan, kind, body, wanted.packed, limit)

    def ping(self, address, mac, vlan=None, limit=1.0):
        """The same of an IPv4 address whose MAC is known, and which has heard of ours."""
        wanted = ipaddress.ip_address(address).packed
        kind, body = self._echo_request(wanted)
        return self._exchange(bytes.fromhex(mac.replace(":", "")), vlan, kind, body, wanted, limit)

    def _exchange(self, to, vlan, kind, body, wanted, limit):
        tag = struct.pack("!HH", VLAN, vlan) if vlan else b""
        frame = to + MAC + tag + struct.pack("!H", kind) + body
        self.socket.sendto(frame.ljust(60, b"\0"), ("127.0.0.1", self.theirs))
        end = time.monotonic() + limit
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                frame = self.socket.recv(65536)
            except TimeoutError:
                break
            told, at = 0, 12
            if frame[at:at + 2] == struct.pack("!H", VLAN):
                told, at = struct.unpack("!H", frame[14:16])[0] & 0xFFF, 16
            if frame[:6] == MAC and self._answers(frame[at:], kind, wanted):
                return told
        return None

    @staticmethod
    def _answers(packet, asked, address):
        kind, body = struct.unpack("!H", packet[:2])[0], packet[2:]
        if kind != asked:
            return False
        if kind == ARP:
            return body[6:8] == b"\0\2" and body[14:18] == address
        if kind == IPV4:
            # ICMP's echo reply
            return body[9] == 1 and body[12:16] == address and body[20] == 0
        # an advertisement of a neighbour, and its target
        return body[40] == 136 and body[48:64] == address

    def close(self):
        self.socket.close()
