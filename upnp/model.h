// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the gateway device is made of, as tables: two trees of devices, their services, the actions
// with their arguments, the state variables. Descriptions, SSDP, the checks of calls and the
// events all read these tables, so that none of them can promise what another does not keep.
//
//   InternetGatewayDevice:1 > WANDevice:1 > WANConnectionDevice:1     for everybody
//   InternetGatewayDevice:2 > WANDevice:2 > WANConnectionDevice:2     at an address of its own
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/hash.h"

namespace gatehouse::upnp {

enum class Tree : std::uint8_t { igd1, igd2 };

// The places in a tree.
enum class DeviceKind : std::uint8_t { gateway, wan, connection };

enum class ServiceKind : std::uint8_t {
    layer3,     // Layer3Forwarding:1
    common,     // WANCommonInterfaceConfig:1
    wan_ip1,    // WANIPConnection:1
    wan_ip2,    // WANIPConnection:2
    firewall6,  // WANIPv6FirewallControl:1
};

struct Argument {
    std::string_view name;
    bool is_out = false;
    std::string_view variable;
};

struct Action {
    std::string_view name;
    std::string_view signature;  // "<In:Variable >Out:Variable"

    std::vector<Argument> arguments() const;
};

struct Variable {
    std::string_view name;
    std::string_view type;
    bool evented = false;
    std::string_view allowed;  // values, with blanks between
    std::string_view range;    // "first last"
};

struct ServiceModel {
    ServiceKind kind;
    std::string_view name;  // in addresses
    std::string_view type;  // "urn:schemas-upnp-org:service:..."
    std::string_view id;    // "urn:upnp-org:serviceId:..."
    DeviceKind device;
    std::span<const Action> actions;
    std::span<const Variable> variables;
    std::string_view optional_actions;  // that the standard knows and we do not offer

    const Action* find(std::string_view action) const;
};

struct DeviceModel {
    DeviceKind kind;
    std::string_view type;  // "urn:schemas-upnp-org:device:..."
    std::string_view model;
};

std::span<const ServiceModel* const> services_of(Tree tree);
std::span<const DeviceModel> devices_of(Tree tree);
const ServiceModel& model_of(ServiceKind kind);

inline constexpr std::array kTrees{Tree::igd1, Tree::igd2};

// The names that this gateway keeps for ever, from a number that is its own.
class Identity {
  public:
    explicit Identity(const HashKey& key) : key_(key) {}

    std::string uuid(Tree tree, DeviceKind device) const;  // without "uuid:"
    // The first step of every address of the HTTP server: nobody outside the house can guess it.
    std::string token() const;

    // "/TOKEN/igd1/device.xml", and of a service "control", "event" and "scpd.xml".
    std::string device_path(Tree tree) const;
    std::string service_path(Tree tree, const ServiceModel& service, std::string_view what) const;

  private:
    HashKey key_;
};

std::string_view to_string(Tree tree);  // "igd1"

}  // namespace gatehouse::upnp
