"""The road from nothing to an address and back by the generated client: whole_road.py SETTINGS

SETTINGS is JSON: `socket`, `host` as the API takes one, `network` for its name, `vm` for its name on the host, and the
`manifest` of a template. `guest`, if true, has the VM show its address.
"""

import json
import sys
import time

import client

settings = json.loads(sys.argv[1])
name = settings["network"]
api = client.Client(lambda: client.UnixConnection(settings["socket"]))


def done(operation):
    """The result of long work."""
    assert isinstance(operation, client.Operation), operation
    while operation.state == "running":
        time.sleep(0.5)
        operation = api.getOperation(operation.id)
    if operation.state != "succeeded":
        raise client.ApiError(vars(operation.error))
    return operation.result


def refused(work, **fields):
    try:
        work()
    except client.ApiError as error:
        for name, value in fields.items():
            assert error.problem[name] == value, error.problem
        return
    raise AssertionError("was not refused")


def shown(id):
    """The addresses that the guest itself shows; none as long as nobody sees into it."""
    observed = api.observeNic(id).observed
    return (observed and observed.addresses) or []


assert api.getHealth() == {"status": "ok"}
assert api.putHost("lab", settings["host"]) == client.Host("lab", **settings["host"])
assert api.describeHost("lab").hypervisor

blue = {"attachment": {"kind": "isolated"}, "ipv6": {"prefix": "2001:db8:0:1::/64", "ra": "router"}}
network = api.putNetwork(name, blue)
assert isinstance(network, client.Network) and network.mtu == 1500
assert api.putNetwork(name, blue) == network == api.getNetwork(name)
refused(lambda: api.putNetwork(name, {**blue, "mtu": 9000}), status=409, code="ALREADY_EXISTS", field="mtu")
refused(lambda: api.putNetwork("another", {**blue, "colour": 1}), status=400, code="INVALID_ARGUMENT", field="colour")

edge = {"prefix": "2001:db8:100::/48"}
assert api.putPool("edge", edge) == api.putPool("edge", edge) == api.getPool("edge")
claimed = api.claimPrefix("edge", "customer-7", {})
assert claimed == api.claimPrefix("edge", "customer-7", {}) and api.listPrefixes("edge").prefixes == [claimed]
refused(lambda: api.removePool("edge"), status=409, code="FAILED_PRECONDITION")
api.releasePrefix("edge", "customer-7")
assert api.countPrefixes("edge").held == "0" and api.removePool("edge").pool is not None

template = json.load(open(settings["manifest"]))
done(api.registerTemplate(template["digest"], {k: template[k] for k in ("version", "file", "format")}, prefer="wait=60"))
assert [one.digest for one in api.listTemplates().templates] == [template["digest"]]

done(api.startRouter(name, {"host": "lab"}, prefer="wait=60"))
assert api.getRouter(name).state == "running"
assert api.getRouterStatus(name).services["dnsmasq"] == "running"

(vm,) = api.findVms("lab", name=settings["vm"]).vms
asked = {"network": name, "host": "lab", "vmId": vm.id}
made = done(api.attachNic("web1-0", asked, prefer="wait=60"))
assert done(api.attachNic("web1-0", asked, prefer="wait=60"))["nic"] == made["nic"]
done(api.attachNic("web1-1", asked, prefer="wait=60"))
nic = api.getNic("web1-0")
assert isinstance(nic, client.Nic) and nic.state == "attached" and vars(nic)["ipv6"] == made["nic"]["ipv6"]
assert api.observeNic("web1-0").port.live is True
assert api.countAddresses(name).ipv6["held"] == "2"

if settings.get("guest"):
    while nic.ipv6 not in shown("web1-0"):
        time.sleep(0.5)

status = api.getNetworkStatus(name)
assert status.nics == 2 and status.problems == [] and status.routerStatus.revision == status.revision
assert api.getHostStatus().hosts[0].problems == []
assert done(api.makeDefaultNic("web1-1", prefer="wait=60"))["converged"] == [name]
assert api.getGuestConfig("web1-0", client="networkd").files[0]["path"].startswith("/etc/systemd/network/")

first = api.listNics(limit=1, network=name)
assert [one.id for one in first.nics] == ["web1-0"] and first.next == "web1-0"
second = api.listNics(limit=1, after=first.next)
assert [one.id for one in second.nics] == ["web1-1"] and second.next is None

operations = api.listOperations().operations
assert len(operations) >= 4 and api.getOperation(operations[0].id) == operations[0]
events = api.watchOperation(operations[-1].id)
assert events.count("event: operation") == 1 and '"state":"succeeded"' in events
refused(lambda: api.getOperation("none"), status=404, code="NOT_FOUND")

for id in ("web1-0", "web1-1"):
    assert done(api.detachNic(id, prefer="wait=60"))["nic"]["id"] == id
assert done(api.detachNic("web1-0", prefer="wait=60")) == {}
done(api.removeNetwork(name, prefer="wait=60"))
refused(lambda: api.getNetwork(name), status=404, code="NOT_FOUND")
print(json.dumps({"address": made["nic"]["ipv6"]}))
