"""The road from nothing to an address and back by the generated client: whole_road.py SOCKET VM MANIFEST"""

import json
import sys

import client

path, vm_name, manifest = sys.argv[1:]
api = client.Client(lambda: client.UnixConnection(path))


def done(operation):
    """The result of long work."""
    assert isinstance(operation, client.Operation), operation
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


assert api.getHealth() == {"status": "ok"}
assert api.putHost("lab", {"plugin": "memory", "config": {}}) == client.Host("lab", "memory", {})
assert api.describeHost("lab").hypervisor == "memory"

blue = {"attachment": {"kind": "isolated"}, "ipv6": {"prefix": "2001:db8:0:1::/64", "ra": "router"}}
network = api.putNetwork("blue", blue)
assert isinstance(network, client.Network) and network.mtu == 1500
assert api.putNetwork("blue", blue) == network == api.getNetwork("blue")
refused(lambda: api.putNetwork("blue", {**blue, "mtu": 9000}), status=409, code="ALREADY_EXISTS", field="mtu")
refused(lambda: api.putNetwork("red", {**blue, "colour": 1}), status=400, code="INVALID_ARGUMENT", field="colour")

edge = {"prefix": "2001:db8:100::/48"}
assert api.putPool("edge", edge) == api.putPool("edge", edge) == api.getPool("edge")
claimed = api.claimPrefix("edge", "customer-7", {})
assert claimed == api.claimPrefix("edge", "customer-7", {}) and api.listPrefixes("edge").prefixes == [claimed]
refused(lambda: api.removePool("edge"), status=409, code="FAILED_PRECONDITION")
api.releasePrefix("edge", "customer-7")
assert api.countPrefixes("edge").held == "0" and api.removePool("edge").pool is not None

template = json.load(open(manifest))
done(api.registerTemplate(template["digest"], {k: template[k] for k in ("version", "file", "format")}, prefer="wait=60"))
assert [one.digest for one in api.listTemplates().templates] == [template["digest"]]

done(api.startRouter("blue", {"host": "lab"}, prefer="wait=60"))
assert api.getRouter("blue").state == "running"
assert api.getRouterStatus("blue").services["dnsmasq"] == "running"

(vm,) = api.findVms("lab", name=vm_name).vms
asked = {"network": "blue", "host": "lab", "vmId": vm.id}
made = done(api.attachNic("web1-0", asked, prefer="wait=60"))
assert done(api.attachNic("web1-0", asked, prefer="wait=60"))["nic"] == made["nic"]
done(api.attachNic("web1-1", asked, prefer="wait=60"))
nic = api.getNic("web1-0")
assert isinstance(nic, client.Nic) and nic.state == "attached" and vars(nic)["ipv6"] == made["nic"]["ipv6"]
assert api.observeNic("web1-0").port.live is True
assert api.countAddresses("blue").ipv6["held"] == "2"

status = api.getNetworkStatus("blue")
assert status.nics == 2 and status.problems == [] and status.routerStatus.revision == status.revision
assert api.getHostStatus().hosts[0].problems == []
assert done(api.makeDefaultNic("web1-1", prefer="wait=60"))["converged"] == ["blue"]
assert api.getGuestConfig("web1-0", client="networkd").files[0]["path"].startswith("/etc/systemd/network/")

first = api.listNics(limit=1, network="blue")
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
done(api.removeNetwork("blue", prefer="wait=60"))
refused(lambda: api.getNetwork("blue"), status=404, code="NOT_FOUND")
print(json.dumps({"address": made["nic"]["ipv6"]}))
