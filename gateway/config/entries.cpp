// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/config/entries.h"

#include <map>
#include <utility>

#include "gateway/base/text.h"
#include "gateway/config/claims.h"

namespace gatehouse::config {

namespace {

constexpr std::array kPermissionActions{PermissionAction::deny, PermissionAction::allow};
constexpr std::array kForwardProtos{ForwardProto::tcp, ForwardProto::udp, ForwardProto::both};

// Of all pinholes together: each is an element of the filter for each address of its device.
constexpr std::uint32_t kMostPinholePorts = 1024;

// Ranges of outside ports of one protocol and the lines that claimed them; no two overlap.
class PortClaims {
  public:
    // The line of a claim that shares a port with the range; 0 where all are free.
    int taken(const PortRange& range) const {
        auto after = claims_.upper_bound(range.last);
        if (after == claims_.begin()) return 0;
        const auto& [first, claim] = *--after;
        return claim.first >= range.first ? claim.second : 0;
    }
    void claim(const PortRange& range, int line) {
        claims_.emplace(range.first, std::pair{range.last, line});
    }

  private:
    std::map<Port, std::pair<Port, int>> claims_;  // first port -> last port, line
};

// The inside ports that belong to the outside ones; false where the numbers differ.
bool pair_ports(SectionReader& reader, const Target& target, Forward& forward) {
    forward.inside_ports = target.ports.value_or(forward.outside);
    if (forward.inside_ports.size() == forward.outside.size()) return true;
    reader.refuse(reader.line_of("inside"),
                  concat("'outside' ", forward.outside.to_string(), " is ", forward.outside.size(),
                         " ports and 'inside' ", forward.inside_ports.to_string(), " is ",
                         forward.inside_ports.size(),
                         ": write as many, or no inside port for the same numbers"));
    return false;
}

}  // namespace

void read_hosts(const RawConfig& raw, ProblemList& errors, ProblemList& warnings, Config& out) {
    Claims<Mac> macs;
    Claims<Ip4> addresses;
    each(raw, "host", errors, warnings, [&](SectionReader& reader) {
        const auto nat = reader.choice_if<NatType>("nat", kPresetTypes);
        const auto sip = reader.choice_if<SipMode>("sip", kSipModes);
        const Host host{reader.name(), reader.mac("mac"), reader.address("address"),
                        nat.value_or(NatType::restricted_cone)};
        if (!reader.ok()) return;
        if (!nat && !sip) {
            reader.refuse(reader.line(), "'host' needs 'nat' or 'sip'");
            return;
        }
        if (host.mac.has_value() == host.address.has_value()) {
            reader.refuse(reader.line(), host.mac ? "'host' has 'mac' and 'address': write only one"
                                                  : "'host' needs 'mac' or 'address'");
            return;
        }
        if (host.mac && !free_for(reader, macs, *host.mac, "mac")) return;
        if (host.address && !free_for(reader, addresses, *host.address, "address")) return;
        if (host.mac) macs.claim(*host.mac, reader.line_of("mac"));
        if (host.address) addresses.claim(*host.address, reader.line_of("address"));
        if (nat) out.hosts.push_back(host);
        if (sip) out.sip.hosts.push_back({host.mac, host.address, *sip});
    });
}

void read_forwards(const RawConfig& raw, ProblemList& errors, ProblemList& warnings, Config& out) {
    PortClaims tcp;
    PortClaims udp;
    each(raw, "forward", errors, warnings, [&](SectionReader& reader) {
        Forward forward;
        forward.name = reader.name();
        forward.proto = reader.choice<ForwardProto>("proto", kForwardProtos);
        forward.outside = reader.ports("outside");
        const Target target = reader.target("inside");
        forward.inside = target.address;
        forward.remote = reader.address("remote");
        if (!reader.ok() || !pair_ports(reader, target, forward)) return;
        const bool on_tcp = forward.proto != ForwardProto::udp;
        const bool on_udp = forward.proto != ForwardProto::tcp;
        int taken = on_tcp ? tcp.taken(forward.outside) : 0;
        if (taken == 0 && on_udp) taken = udp.taken(forward.outside);
        if (taken != 0) {
            reader.refuse(reader.line_of("outside"),
                          concat("'outside' is ", forward.outside.to_string(),
                                 ", of which the forward at line ", taken, " has a port already"));
            return;
        }
        if (on_tcp) tcp.claim(forward.outside, reader.line());
        if (on_udp) udp.claim(forward.outside, reader.line());
        out.forwards.push_back(std::move(forward));
    });
}

void read_pinholes(const RawConfig& raw, ProblemList& errors, ProblemList& warnings, Config& out) {
    std::uint32_t ports = 0;
    each(raw, "pinhole", errors, warnings, [&](SectionReader& reader) {
        Pinhole pinhole;
        pinhole.name = reader.name();
        pinhole.proto = reader.choice<ForwardProto>("proto", kForwardProtos);
        pinhole.ports = reader.ports("port");
        pinhole.mac = reader.mac("mac");
        pinhole.inside = reader.address6("inside");
        pinhole.remote = reader.address6("remote");
        if (!reader.ok()) return;
        if (!pinhole.mac && !pinhole.inside) {
            reader.refuse(reader.line(), "'pinhole' needs 'mac' or 'inside'");
            return;
        }
        if (ports + pinhole.ports.size() > kMostPinholePorts) {
            reader.refuse(reader.line_of("port"),
                          concat("'port' ", pinhole.ports.to_string(), " makes ",
                                 ports + pinhole.ports.size(),
                                 " ports of pinholes, and there may be ", kMostPinholePorts));
            return;
        }
        ports += pinhole.ports.size();
        out.pinholes.push_back(std::move(pinhole));
    });
}

void read_dmz(const RawConfig& raw, ProblemList& errors, ProblemList& warnings, Config& out) {
    int first = 0;
    each(raw, "dmz", errors, warnings, [&](SectionReader& reader) {
        const auto inside = reader.address("inside");
        if (!reader.ok() || !inside) return;
        if (out.dmz) {
            reader.refuse(reader.line(),
                          concat("a second 'dmz': line ", first, " has one already"));
            return;
        }
        first = reader.line();
        out.dmz = Dmz{*inside};
    });
}

void read_permissions(const RawConfig& raw, ProblemList& errors, ProblemList& warnings,
                      Config& out) {
    each(raw, "permission", errors, warnings, [&](SectionReader& reader) {
        Permission permission;
        permission.action = reader.choice<PermissionAction>("action", kPermissionActions);
        permission.mac = reader.mac("mac");
        permission.network = reader.network("network");
        permission.outside = reader.ports("outside");
        permission.inside = reader.ports("inside");
        if (reader.ok()) out.upnp.permissions.push_back(permission);
    });
}

void read_sip_providers(const RawConfig& raw, ProblemList& errors, ProblemList& warnings,
                        Config& out) {
    each(raw, "sip_provider", errors, warnings, [&](SectionReader& reader) {
        const auto network = reader.network("network");
        const auto mode = reader.choice<SipMode>("sip", kSipModes);
        if (reader.ok()) out.sip.providers.push_back({*network, mode});
    });
}

}  // namespace gatehouse::config
