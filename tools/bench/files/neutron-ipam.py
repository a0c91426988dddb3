"""Neutron's IPAM driver, called directly, on a SQLite file.

Usage: neutron-ipam.py FILE JOURNAL_MODE. Says its settings, then answers each line of standard input by a line of JSON:
  fill N      a fresh /64 with N addresses held, as N single allocations would have left it
  allocate N  N automatic addresses, one transaction each; they are given back before the answer
"""

import json
import random
import sqlite3
import sys
import time

import netaddr
import sqlalchemy
from neutron_lib import context
from neutron_lib.db import api as db_api
from oslo_config import cfg
from oslo_db import options
from oslo_utils import uuidutils

from neutron.ipam import requests
from neutron.ipam.drivers.neutrondb_ipam import db_models, driver

CIDR = "2001:db8::/64"
GATEWAY = "2001:db8::1"
# driver.MAX_WIN: a single allocation takes one of the first so many that are free.
WINDOW = 1000


def open_database(file, journal_mode):
    # A database keeps WAL by itself. Neutron never asks for it.
    sqlite3.connect(file).execute("PRAGMA journal_mode = " + journal_mode)
    cfg.CONF([], project="neutron")
    options.set_defaults(cfg.CONF, connection="sqlite:///" + file)
    tables = [model.__table__ for model in (db_models.IpamSubnet, db_models.IpamAllocationPool, db_models.IpamAllocation)]
    with db_api.CONTEXT_WRITER.using(context.get_admin_context()) as session:
        db_models.IpamSubnet.metadata.create_all(session.get_bind(), tables=tables)


def settings():
    with db_api.CONTEXT_READER.using(context.get_admin_context()) as session:
        pragmas = {name: session.execute(sqlalchemy.text("PRAGMA " + name)).scalar() for name in ("journal_mode", "synchronous")}
    return {"sqlite": sqlite3.sqlite_version, "python": sys.version.split()[0], **pragmas}


class Network:
    def __init__(self, held):
        self.id = uuidutils.generate_uuid()
        request = requests.SpecificSubnetRequest(None, self.id, CIDR, gateway_ip=GATEWAY)
        with db_api.CONTEXT_WRITER.using(context.get_admin_context()) as session:
            subnet = driver.NeutronDbPool(None, context.get_admin_context()).allocate_subnet(request)
            self.ipam_id = subnet.subnet_manager._ipam_subnet_id
            self.pools = subnet._pools
        with db_api.CONTEXT_WRITER.using(context.get_admin_context()) as session:
            rows = [
                {"ip_address": str(address), "status": "ALLOCATED", "ipam_subnet_id": self.ipam_id}
                for address in first_choices(held)
            ]
            session.bulk_insert_mappings(db_models.IpamAllocation, rows)

    def subnet(self, ctx):
        """As a new request of Neutron's API has it: nothing is kept from the request before."""
        return driver.NeutronDbSubnet(
            self.ipam_id,
            ctx,
            cidr=netaddr.IPNetwork(CIDR),
            allocation_pools=self.pools,
            gateway_ip=netaddr.IPAddress(GATEWAY),
            subnet_id=self.id,
        )

    def allocate(self):
        ctx = context.get_admin_context()
        with db_api.CONTEXT_WRITER.using(ctx):
            return self.subnet(ctx).allocate(requests.AnyAddressRequest())

    def deallocate(self, address):
        ctx = context.get_admin_context()
        with db_api.CONTEXT_WRITER.using(ctx):
            self.subnet(ctx).deallocate(address)

    def held(self):
        with db_api.CONTEXT_READER.using(context.get_admin_context()) as session:
            return session.query(db_models.IpamAllocation).filter_by(ipam_subnet_id=self.ipam_id).count()


def first_choices(count):
    first = int(netaddr.IPAddress(GATEWAY)) + 1
    window = list(range(first, first + WINDOW))
    for beyond in range(first + WINDOW, first + WINDOW + count):
        place = random.randrange(WINDOW)
        yield netaddr.IPAddress(window[place], 6)
        window[place] = beyond


def allocate(network, count):
    started = time.perf_counter()
    addresses = [network.allocate() for _ in range(count)]
    seconds = time.perf_counter() - started
    held = network.held()
    for address in addresses:
        network.deallocate(address)
    return {"seconds": seconds, "distinct": len(set(addresses)), "held": held}


def main():
    open_database(*sys.argv[1:])
    network = None
    print(json.dumps(settings()), flush=True)
    for line in sys.stdin:
        verb, number = line.split()
        if verb == "fill":
            network = Network(int(number))
            answer = {"held": network.held()}
        else:
            answer = allocate(network, int(number))
        print(json.dumps(answer), flush=True)


main()
