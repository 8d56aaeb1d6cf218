// SPDX-License-Identifier: GPL-2.0-or-later
//
// The configuration after validation: plain values of base types, complete (every default is filled
// in) and consistent (the loader has checked one value against the other). Rooms take their part
// of it and never see text. Two configurations are equal when they ask for the same; line numbers
// are not in here, so a reload after a changed comment finds nothing to do.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/ip.h"
#include "gateway/base/time.h"

namespace gatehouse::config {

// Which outside packets of one inside endpoint share an outside endpoint (RFC 4787 section 4.1).
enum class MappingBehaviour : std::uint8_t {
    endpoint_independent,
    address_dependent,
    address_and_port_dependent,
};

// Who outside may answer through a mapping (RFC 4787 section 5).
enum class FilteringBehaviour : std::uint8_t {
    endpoint_independent,
    address_dependent,
    address_and_port_dependent,
};

enum class NatType : std::uint8_t {
    full_cone,
    restricted_cone,
    port_restricted_cone,
    symmetric,
    custom,
};

enum class PortChoice : std::uint8_t { preserve, random };
enum class SipMode : std::uint8_t { automatic, observe, off };
enum class UpstreamMode : std::uint8_t { automatic, off };
enum class LogLevel : std::uint8_t { error, warning, info, debug };
enum class ForwardProto : std::uint8_t { tcp, udp, both };
enum class PermissionAction : std::uint8_t { deny, allow };

// The words of the configuration file: "endpoint-independent", "full-cone", "preserve", "auto".
std::string_view to_string(MappingBehaviour value);
std::string_view to_string(FilteringBehaviour value);
std::string_view to_string(NatType value);
std::string_view to_string(PortChoice value);
std::string_view to_string(SipMode value);
std::string_view to_string(UpstreamMode value);
std::string_view to_string(LogLevel value);
std::string_view to_string(ForwardProto value);
std::string_view to_string(PermissionAction value);

std::vector<Proto> protos_of(ForwardProto value);  // tcp before udp

struct NatBehaviour {
    MappingBehaviour mapping = MappingBehaviour::endpoint_independent;
    FilteringBehaviour filtering = FilteringBehaviour::address_dependent;

    friend bool operator==(const NatBehaviour&, const NatBehaviour&) = default;
};

// What a type stands for. custom has no meaning of its own and gives that of restricted_cone.
NatBehaviour behaviour_of(NatType type);

struct Gateway {
    bool enabled = true;
    std::string wan;               // the outside interface
    std::vector<std::string> lan;  // the inside interfaces: at least one, all different, not wan
    std::string control;           // path of the control socket
    std::string state;             // folder that survives a reboot
    bool firewall = true;          // whether we filter between outside and inside
    bool flush_on_exit = false;    // whether the table goes away with the daemon
    std::string user;
    LogLevel log_level = LogLevel::info;

    friend bool operator==(const Gateway&, const Gateway&) = default;
};

struct Nat {
    NatType type = NatType::restricted_cone;
    MappingBehaviour mapping = MappingBehaviour::endpoint_independent;     // resolved from type,
    FilteringBehaviour filtering = FilteringBehaviour::address_dependent;  // or as configured
    std::optional<NatType> udp_type;  // where one protocol differs; never custom
    std::optional<NatType> tcp_type;
    PortRange ports{{1024}, {65535}};
    PortChoice port_choice = PortChoice::preserve;
    bool hairpin = true;
    std::uint32_t host_mappings = 4096;
    std::uint32_t mappings = 131072;     // of all hosts
    std::uint32_t host_sessions = 8192;  // 0: as many as it likes
    std::uint32_t host_pinholes = 128;
    std::uint32_t pinholes = 4096;

    // What holds for a protocol, before the differences of single hosts.
    NatBehaviour behaviour_for(Proto proto) const;
    friend bool operator==(const Nat&, const Nat&) = default;
};

struct Timeouts {
    Duration udp{};
    Duration tcp_established{};
    Duration tcp_transitory{};
    Duration icmp{};

    friend bool operator==(const Timeouts&, const Timeouts&) = default;
};

// One device that is treated differently: known by exactly one of mac and address.
struct Host {
    std::string name;  // of the section; may be empty
    std::optional<Mac> mac;
    std::optional<Ip4> address;
    NatType nat = NatType::restricted_cone;  // never custom

    friend bool operator==(const Host&, const Host&) = default;
};

// Outside ports of equal number lead to inside ports in order; no two forwards share an outside
// port of the same protocol.
struct Forward {
    std::string name;  // of the section; may be empty
    ForwardProto proto = ForwardProto::both;
    PortRange outside;
    Ip4 inside;
    PortRange inside_ports;     // as many as outside
    std::optional<Ip4> remote;  // only from this address

    friend bool operator==(const Forward&, const Forward&) = default;
};

// Ports of a device that the internet may reach over IPv6. It is known by its hardware address, at
// each address at which it is seen, or by its address, or by both.
struct Pinhole {
    std::string name;  // of the section; may be empty
    ForwardProto proto = ForwardProto::both;
    PortRange ports;
    std::optional<Mac> mac;
    std::optional<Ip6> inside;
    std::optional<Ip6> remote;  // only from this address

    friend bool operator==(const Pinhole&, const Pinhole&) = default;
};

// The host that gets what nothing else claims.
struct Dmz {
    Ip4 inside;

    friend bool operator==(const Dmz&, const Dmz&) = default;
};

// Whose telephony is treated differently: that of a device, known by exactly one of mac and
// address, and that with a provider in this network.
struct SipHost {
    std::optional<Mac> mac;
    std::optional<Ip4> address;
    SipMode mode = SipMode::automatic;

    friend bool operator==(const SipHost&, const SipHost&) = default;
};
struct SipProvider {
    Prefix4 network;
    SipMode mode = SipMode::automatic;

    friend bool operator==(const SipProvider&, const SipProvider&) = default;
};

struct Sip {
    SipMode mode = SipMode::automatic;
    std::vector<Port> ports;    // all different, at least one
    Duration keep_alive = 25s;  // zero: none
    std::uint32_t host_calls = 64;
    std::uint32_t calls = 1024;
    std::uint32_t host_registrations = 64;
    std::uint32_t registrations = 10000;
    std::vector<SipHost> hosts{};
    std::vector<SipProvider> providers{};

    // Whether it is not off for everybody.
    bool is_used() const;
    friend bool operator==(const Sip&, const Sip&) = default;
};

// One of the user's rules about who may open which ports; the first that matches decides.
struct Permission {
    PermissionAction action = PermissionAction::deny;
    std::optional<Mac> mac;          // of this device
    std::optional<Prefix4> network;  // of devices with these addresses
    PortRange outside{{1}, {65535}};
    PortRange inside{{1}, {65535}};

    friend bool operator==(const Permission&, const Permission&) = default;
};

struct Upnp {
    bool igd = true;
    bool natpmp = true;
    bool pcp = true;
    Port port{5000};  // of the HTTP server for IGD
    std::uint32_t host_quota = 64;
    std::uint32_t quota = 2048;
    bool secure = true;  // a device opens ports to itself only
    UpstreamMode upstream = UpstreamMode::automatic;
    std::vector<Permission> permissions;
    std::uint32_t host_subscriptions = 8;
    std::uint32_t subscriptions = 64;

    friend bool operator==(const Upnp&, const Upnp&) = default;
};

constexpr Duration kInfiniteLease = Duration::max();

// A network that DHCP clients are told to reach through another router.
struct DhcpRoute {
    Prefix4 to;
    Ip4 via;

    friend bool operator==(const DhcpRoute&, const DhcpRoute&) = default;
};

// A DHCP option by number, as it goes over the wire.
struct DhcpOption {
    std::uint8_t code = 0;
    std::vector<std::uint8_t> data;

    friend bool operator==(const DhcpOption&, const DhcpOption&) = default;
};

struct DhcpPool {
    std::string name;  // of the section; may be empty
    std::string interface;
    std::uint32_t start = 100;  // of the first address, counted from the network address
    std::uint32_t limit = 150;  // addresses
    Duration leasetime{};       // or kInfiniteLease
    std::string domain;
    std::vector<Ip4> dns;  // empty: the router itself, or the servers of the outside link

    bool authoritative = true;
    bool probe = true;       // look whether an address is in use before it is offered
    bool client_ids = true;  // tell devices apart by what they call themselves
    bool rapid_commit = false;
    std::optional<Ip4> router{};  // nothing: this router
    std::vector<std::string> search{};
    std::vector<Ip4> ntp{};
    std::optional<std::uint16_t> mtu{};
    std::vector<DhcpRoute> routes{};
    std::vector<Ip4> sip_servers{};
    std::string captive_portal{};
    std::optional<Duration> ipv6_only{};
    std::string boot_server{};
    std::string boot_file{};
    std::vector<DhcpOption> options{};

    friend bool operator==(const DhcpPool&, const DhcpPool&) = default;
};

// No two share a mac, a client id or an address. A device is known by any of its macs or by its
// client id; by its name where there are none.
struct StaticLease {
    std::vector<Mac> macs;
    Ip4 address;
    std::string name;  // may be empty
    std::vector<std::uint8_t> client_id;
    std::optional<Duration> leasetime;

    friend bool operator==(const StaticLease&, const StaticLease&) = default;
};

// The files that other programs read leases and names from; empty: none.
struct DhcpFiles {
    std::string leases;
    std::string hosts;

    friend bool operator==(const DhcpFiles&, const DhcpFiles&) = default;
};

struct Web {
    Endpoint listen;
    std::vector<std::string> names{};  // of the router, beside its own

    friend bool operator==(const Web&, const Web&) = default;
};

struct Config {
    Gateway gateway;
    Nat nat;
    Timeouts timeouts;
    std::vector<Host> hosts;
    std::vector<Forward> forwards;
    std::vector<Pinhole> pinholes;
    std::optional<Dmz> dmz;
    Sip sip;
    Upnp upnp;
    std::vector<DhcpPool> dhcp;  // one for each interface at most
    std::vector<StaticLease> static_leases;
    DhcpFiles dhcp_files;
    std::optional<Web> web;

    friend bool operator==(const Config&, const Config&) = default;
};

}  // namespace gatehouse::config
