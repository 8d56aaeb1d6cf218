// SPDX-License-Identifier: GPL-2.0-or-later
#include "upnp/model.h"

#include <algorithm>
#include <array>

#include "gateway/base/parts.h"
#include "gateway/base/text.h"
#include "upnp/model_tables.h"

namespace gatehouse::upnp {

namespace {

constexpr std::array kServices{
    ServiceModel{ServiceKind::layer3, "l3f", "urn:schemas-upnp-org:service:Layer3Forwarding:1",
                 "urn:upnp-org:serviceId:L3Forwarding1", DeviceKind::gateway,
                 tables::kLayer3Actions, tables::kLayer3Variables, ""},
    ServiceModel{ServiceKind::common, "cic",
                 "urn:schemas-upnp-org:service:WANCommonInterfaceConfig:1",
                 "urn:upnp-org:serviceId:WANCommonIFC1", DeviceKind::wan, tables::kCommonActions,
                 tables::kCommonVariables,
                 "SetEnabledForInternet GetWANAccessProvider GetMaximumActiveConnections "
                 "GetActiveConnections"},
    ServiceModel{ServiceKind::wan_ip1, "ip", "urn:schemas-upnp-org:service:WANIPConnection:1",
                 "urn:upnp-org:serviceId:WANIPConn1", DeviceKind::connection,
                 tables::kWanIp1Actions, tables::kWanIp1Variables, tables::kWanIpOptional},
    ServiceModel{ServiceKind::wan_ip2, "ip", "urn:schemas-upnp-org:service:WANIPConnection:2",
                 "urn:upnp-org:serviceId:WANIPConn1", DeviceKind::connection,
                 tables::kWanIp2Actions, tables::kWanIp2Variables, tables::kWanIpOptional},
    ServiceModel{ServiceKind::firewall6, "fw6",
                 "urn:schemas-upnp-org:service:WANIPv6FirewallControl:1",
                 "urn:upnp-org:serviceId:WANIPv6Firewall1", DeviceKind::connection,
                 tables::kFirewallActions, tables::kFirewallVariables, ""},
};

constexpr const ServiceModel* at(ServiceKind kind) {
    return kServices.data() + static_cast<std::size_t>(kind);
}

constexpr std::array kTree1{at(ServiceKind::layer3), at(ServiceKind::common),
                            at(ServiceKind::wan_ip1)};
// The one for IPv6 is the last.
constexpr std::array kTree2{at(ServiceKind::layer3), at(ServiceKind::common),
                            at(ServiceKind::wan_ip2), at(ServiceKind::firewall6)};

constexpr std::array kDevices1{
    DeviceModel{DeviceKind::gateway, "urn:schemas-upnp-org:device:InternetGatewayDevice:1",
                "Gatehouse"},
    DeviceModel{DeviceKind::wan, "urn:schemas-upnp-org:device:WANDevice:1", "WAN"},
    DeviceModel{DeviceKind::connection, "urn:schemas-upnp-org:device:WANConnectionDevice:1",
                "WAN connection"},
};
constexpr std::array kDevices2{
    DeviceModel{DeviceKind::gateway, "urn:schemas-upnp-org:device:InternetGatewayDevice:2",
                "Gatehouse"},
    DeviceModel{DeviceKind::wan, "urn:schemas-upnp-org:device:WANDevice:2", "WAN"},
    DeviceModel{DeviceKind::connection, "urn:schemas-upnp-org:device:WANConnectionDevice:2",
                "WAN connection"},
};

std::string hex_of(std::uint64_t value) {
    ByteWriter out(8);
    out.u64(value);
    return to_hex(out.view());
}

}  // namespace

std::vector<Argument> Action::arguments() const {
    std::vector<Argument> out;
    if (signature.empty()) return out;
    for (const std::string_view word : split(signature, ' ')) {
        const std::size_t colon = word.find(':');
        out.push_back({word.substr(1, colon - 1), word[0] == '>', word.substr(colon + 1)});
    }
    return out;
}

const Action* ServiceModel::find(std::string_view action) const {
    const auto found = std::find_if(actions.begin(), actions.end(),
                                    [action](const Action& one) { return one.name == action; });
    return found == actions.end() ? nullptr : &*found;
}

std::span<const ServiceModel* const> services_of(Tree tree) {
    if (tree == Tree::igd1) return kTree1;
    return std::span(kTree2).first(kTree2.size() - (kHasIpv6 ? 0 : 1));
}

std::span<const DeviceModel> devices_of(Tree tree) {
    if (tree == Tree::igd1) return kDevices1;
    return kDevices2;
}

const ServiceModel& model_of(ServiceKind kind) {
    return kServices[static_cast<std::size_t>(kind)];
}

std::string_view to_string(Tree tree) {
    return tree == Tree::igd1 ? "igd1" : "igd2";
}

std::string Identity::uuid(Tree tree, DeviceKind device) const {
    const auto what = static_cast<std::uint64_t>(tree) * 16 + static_cast<std::uint64_t>(device);
    std::string hex = hex_of(siphash_words(key_, what, 1)) + hex_of(siphash_words(key_, what, 2));
    hex[12] = '4';  // RFC 4122 4.1.3: a random one
    hex[16] = '8';
    return concat(hex.substr(0, 8), '-', hex.substr(8, 4), '-', hex.substr(12, 4), '-',
                  hex.substr(16, 4), '-', hex.substr(20));
}

std::string Identity::token() const {
    return hex_of(siphash_words(key_, 0, 3));
}

std::string Identity::device_path(Tree tree) const {
    return concat('/', token(), '/', to_string(tree), "/device.xml");
}

std::string Identity::service_path(Tree tree, const ServiceModel& service,
                                   std::string_view what) const {
    return concat('/', token(), '/', to_string(tree), '/', service.name, '/', what);
}

}  // namespace gatehouse::upnp
