"""Guests on one link that boot at the same moment, as packets: each has a MAC and a link-local address of its own, answers
Neighbour Solicitations for it, and asks for an address by DHCPv6 (RFC 8415).

    dhcp-storm.py INTERFACE DELAY    on standard input a line a guest: MAC, link-local address

A guest waits DELAY seconds before its first Solicit and asks again as the RFC has it. Prints a line of JSON a guest: the
seconds from its boot to the Reply, and the address in it.
"""

import ipaddress
import json
import os
import select
import socket
import struct
import sys
import time

SERVERS = ipaddress.IPv6Address("ff02::1:2").packed
SERVERS_MAC = bytes.fromhex("333300010002")
SOLICIT, ADVERTISE, REQUEST, REPLY = 1, 2, 3, 7
CLIENT_ID, SERVER_ID, IA_NA, IA_ADDRESS, ELAPSED = 1, 2, 3, 5, 8
# SOL_TIMEOUT and REQ_TIMEOUT are 1 s, each doubled when it passes (sections 7.6 and 15).
FIRST_TIMEOUT = 1.0
GIVE_UP = 60.0


class Guest:
    def __init__(self, number, mac, link_local):
        self.mac = bytes.fromhex(mac.replace(":", ""))
        self.link_local = ipaddress.IPv6Address(link_local).packed
        self.number = number
        # DUID-LL (type 3) of Ethernet for half of them, DUID-UUID (type 4) for the others.
        self.duid = b"\0\3\0\1" + self.mac if number % 2 == 0 else b"\0\4" + self.mac + bytes(10)
        self.kind = SOLICIT
        self.transaction = os.urandom(3)
        self.server = self.seconds = self.address = None
        self.timeout = FIRST_TIMEOUT

    def message(self, elapsed):
        ia = struct.pack("!III", self.number, 0, 0)
        if self.address:
            ia += option(IA_ADDRESS, self.address + bytes(8))
        body = option(CLIENT_ID, self.duid) + option(ELAPSED, struct.pack("!H", int(elapsed * 100)))
        if self.server:
            body += option(SERVER_ID, self.server)
        return bytes([self.kind]) + self.transaction + body + option(IA_NA, ia)

    def take(self, message, now):
        if message[1:4] != self.transaction or self.seconds is not None:
            return False
        options = dict(read_options(message[4:]))
        address = dict(read_options(options.get(IA_NA, bytes(12))[12:])).get(IA_ADDRESS, b"")[:16]
        if self.kind == SOLICIT and message[0] == ADVERTISE and address:
            self.kind, self.server, self.address = REQUEST, options[SERVER_ID], address
            self.transaction, self.timeout = os.urandom(3), FIRST_TIMEOUT
            return True
        if self.kind == REQUEST and message[0] == REPLY and address:
            self.address, self.seconds = address, now
        return False


def option(code, value):
    return struct.pack("!HH", code, len(value)) + value


def read_options(data):
    while len(data) >= 4:
        code, length = struct.unpack("!HH", data[:4])
        yield code, data[4 : 4 + length]
        data = data[4 + length :]


def checksum(source, target, next_header, payload):
    data = source + target + struct.pack("!II", len(payload), next_header) + payload + b"\0" * (len(payload) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF or 0xFFFF


def frame(guest, target_mac, target, next_header, payload, at):
    """An IPv6 packet in an Ethernet frame, with the checksum put into the payload at this place."""
    sum_ = struct.pack("!H", checksum(guest.link_local, target, next_header, payload))
    payload = payload[:at] + sum_ + payload[at + 2 :]
    head = struct.pack("!IHBB", 6 << 28, len(payload), next_header, 255) + guest.link_local + target
    return target_mac + guest.mac + b"\x86\xdd" + head + payload


def dhcp(guest, elapsed):
    message = guest.message(elapsed)
    udp = struct.pack("!HHHH", 546, 547, 8 + len(message), 0) + message
    return frame(guest, SERVERS_MAC, SERVERS, 17, udp, 6)


def advertisement(guest, asker_mac, asker):
    # Solicited and Override, with the target's link-layer address (RFC 4861 section 4.4).
    body = struct.pack("!BBHI", 136, 0, 0, 0x60000000) + guest.link_local + b"\2\1" + guest.mac
    return frame(guest, asker_mac, asker, 58, body, 2)


def main():
    interface, delay = sys.argv[1], float(sys.argv[2])
    guests = [Guest(number, *line.split()) for number, line in enumerate(sys.stdin)]
    by_address = {guest.link_local: guest for guest in guests}
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x86DD))
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    link.bind((interface, 0))
    # PACKET_MR_PROMISC: the frames are for MACs that the interface does not have.
    link.setsockopt(263, 1, struct.pack("iHH8s", socket.if_nametoindex(interface), 1, 0, b""))
    link.setblocking(False)
    started = time.monotonic()
    due = {guest: delay for guest in guests}
    while due and time.monotonic() - started < GIVE_UP:
        now = time.monotonic() - started
        for guest in [guest for guest, at in due.items() if at <= now]:
            link.send(dhcp(guest, now - delay))
            due[guest] = now + guest.timeout
            guest.timeout *= 2
        select.select([link], [], [], max(0, min(due.values()) - (time.monotonic() - started)))
        while True:
            try:
                data = link.recv(2048)
            except BlockingIOError:
                break
            answer(link, data, by_address, due, started, delay)
    for guest in guests:
        address = str(ipaddress.IPv6Address(guest.address)) if guest.seconds is not None else None
        print(json.dumps({"seconds": guest.seconds, "address": address}))


def answer(link, data, by_address, due, started, delay):
    now = time.monotonic() - started
    next_header, source, target, payload = data[20], data[22:38], data[38:54], data[54:]
    if next_header == 58 and payload[0] == 135:
        guest = by_address.get(payload[8:24])
        if guest:
            link.send(advertisement(guest, data[6:12], source))
    elif next_header == 17 and payload[2:4] == b"\x02\x22":
        guest = by_address.get(target)
        if guest and guest.take(payload[8:], now):
            link.send(dhcp(guest, now - delay))
            due[guest] = now + guest.timeout
            guest.timeout *= 2
        if guest and guest.seconds is not None:
            due.pop(guest, None)


main()
