// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/config/loader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/base/text.h"
#include "gateway/config/entries.h"
#include "gateway/config/raw.h"

namespace gatehouse::config {

namespace {

constexpr std::size_t kMostLan = 32;
constexpr std::size_t kMostSipPorts = 16;
constexpr std::size_t kMostDns = 16;

constexpr std::array kNatTypes{NatType::full_cone, NatType::restricted_cone,
                               NatType::port_restricted_cone, NatType::symmetric, NatType::custom};
constexpr std::array kMappings{MappingBehaviour::endpoint_independent,
                               MappingBehaviour::address_dependent,
                               MappingBehaviour::address_and_port_dependent};
constexpr std::array kFilterings{FilteringBehaviour::endpoint_independent,
                                 FilteringBehaviour::address_dependent,
                                 FilteringBehaviour::address_and_port_dependent};
constexpr std::array kPortChoices{PortChoice::preserve, PortChoice::random};
constexpr std::array kUpstreamModes{UpstreamMode::automatic, UpstreamMode::off};
constexpr std::array kLogLevels{LogLevel::error, LogLevel::warning, LogLevel::info,
                                LogLevel::debug};

struct Loader {
    const RawConfig& raw;
    ProblemList& errors;
    ProblemList& warnings;
    Config out{};

    // Calls read(reader) on the only section of a type, which may be missing from the file.
    template <class Read>
    void only(std::string_view type, Read read) {
        const RawSection section = raw.only(type);
        SectionReader reader(section, errors, warnings);
        read(reader);
    }

    void gateway(SectionReader& reader);
    void gateway_interfaces(SectionReader& reader);
    void nat(SectionReader& reader);
    void nat_behaviour(SectionReader& reader);
    void timeouts(SectionReader& reader);
    void sip(SectionReader& reader);
    void upnp(SectionReader& reader);
    void dhcp();
    DhcpPool dhcp_pool(SectionReader& reader);
    void dhcp_checks(SectionReader& reader, const DhcpPool& pool);
    void web(SectionReader& reader);
    void all();
};

void Loader::gateway(SectionReader& reader) {
    Gateway& gateway = out.gateway;
    gateway.enabled = reader.boolean("enabled");
    gateway.control = reader.text("control");
    gateway.state = reader.text("state");
    gateway.firewall = reader.boolean("firewall");
    gateway.flush_on_exit = reader.boolean("flush_on_exit");
    gateway.user = reader.text("user");
    gateway.log_level = reader.choice<LogLevel>("log_level", kLogLevels);
    if (reader.line() == 0) {
        reader.refuse(0,
                      "no section 'gateway', so it is not known where the internet and the house "
                      "are: write config gateway 'main', in it option wan 'eth0' and "
                      "list lan 'br-lan', with the names of your interfaces");
        return;
    }
    gateway_interfaces(reader);
}

void Loader::gateway_interfaces(SectionReader& reader) {
    out.gateway.wan = reader.text("wan");
    for (auto& [name, line] : reader.texts("lan", kMostLan)) {
        if (name == out.gateway.wan) {
            reader.refuse(line, concat("'lan' in 'gateway' is ", quoted(name),
                                       ", which is the wan already: an interface leads either to "
                                       "the internet or to the house"));
        }
        out.gateway.lan.push_back(std::move(name));
    }
}

void Loader::nat(SectionReader& reader) {
    Nat& nat = out.nat;
    nat.type = reader.choice<NatType>("type", kNatTypes);
    nat_behaviour(reader);
    nat.udp_type = reader.choice_if<NatType>("udp_type", kPresetTypes);
    nat.tcp_type = reader.choice_if<NatType>("tcp_type", kPresetTypes);
    nat.ports = reader.ports("ports");
    nat.port_choice = reader.choice<PortChoice>("port_choice", kPortChoices);
    nat.hairpin = reader.boolean("hairpin");
    nat.host_mappings = reader.number("host_mappings");
    nat.mappings = reader.number("mappings");
    nat.host_sessions = reader.number("host_sessions");
    nat.host_pinholes = reader.number("host_pinholes");
    nat.pinholes = reader.number("pinholes");
}

// Resolves type, mapping and filtering to the two behaviours.
void Loader::nat_behaviour(SectionReader& reader) {
    const auto mapping = reader.choice_if<MappingBehaviour>("mapping", kMappings);
    const auto filtering = reader.choice_if<FilteringBehaviour>("filtering", kFilterings);
    const NatBehaviour preset = behaviour_of(out.nat.type);
    const bool custom = out.nat.type == NatType::custom;
    out.nat.mapping = custom ? mapping.value_or(preset.mapping) : preset.mapping;
    out.nat.filtering = custom ? filtering.value_or(preset.filtering) : preset.filtering;
    for (const std::string_view name : {"mapping", "filtering"}) {
        if (custom && !reader.has(name)) {
            reader.refuse(reader.line_of("type"),
                          concat("type 'custom' needs '", name,
                                 "': ", allowed_text(*find_option(*find_section("nat"), name))));
        } else if (!custom && reader.has(name) && reader.ok()) {
            reader.warn(reader.line_of(name),
                        concat('\'', name, "' in 'nat' only counts with type 'custom', not with '",
                               to_string(out.nat.type), '\''));
        }
    }
}

void Loader::timeouts(SectionReader& reader) {
    struct Least {
        std::string_view name;
        Duration Timeouts::*field;
        Duration least;
        std::string_view source;
    };
    static constexpr std::array kLeast{
        Least{"udp", &Timeouts::udp, 120s, "RFC 4787 REQ-5"},
        Least{"tcp_established", &Timeouts::tcp_established, 7440s, "RFC 5382 REQ-5"},
        Least{"tcp_transitory", &Timeouts::tcp_transitory, 240s, "RFC 5382 REQ-5"},
        Least{"icmp", &Timeouts::icmp, 60s, "RFC 5508 REQ-2"},
    };
    for (const Least& one : kLeast) {
        const Duration value = reader.duration(one.name);
        out.timeouts.*one.field = value;
        if (!reader.ok() || value >= one.least) continue;
        reader.warn(
            reader.line_of(one.name),
            concat('\'', one.name, "' in 'timeout' is ", duration_text(value), ", less than ",
                   duration_text(one.least), " (", one.source, "): quiet connections may break"));
    }
}

void Loader::sip(SectionReader& reader) {
    out.sip.mode = reader.choice<SipMode>("mode", kSipModes);
    for (const auto& [port, line] : reader.port_list("port", kMostSipPorts)) {
        out.sip.ports.push_back(port);
    }
    out.sip.keep_alive = reader.duration("keep_alive");
    out.sip.host_calls = reader.number("host_calls");
    out.sip.calls = reader.number("calls");
    out.sip.host_registrations = reader.number("host_registrations");
    out.sip.registrations = reader.number("registrations");
}

void Loader::upnp(SectionReader& reader) {
    Upnp& upnp = out.upnp;
    upnp.igd = reader.boolean("igd");
    upnp.natpmp = reader.boolean("natpmp");
    upnp.pcp = reader.boolean("pcp");
    upnp.port = reader.port("port");
    upnp.host_quota = reader.number("host_quota");
    upnp.quota = reader.number("quota");
    upnp.host_subscriptions = reader.number("host_subscriptions");
    upnp.subscriptions = reader.number("subscriptions");
    upnp.secure = reader.boolean("secure");
    upnp.upstream = reader.choice<UpstreamMode>("upstream", kUpstreamModes);
    if (reader.ok() && upnp.host_quota > upnp.quota) {
        reader.warn(reader.line_of("host_quota"),
                    concat("'host_quota' in 'upnp' is ", upnp.host_quota,
                           ", more than the 'quota' ", upnp.quota, " of all devices together"));
    }
}

DhcpPool Loader::dhcp_pool(SectionReader& reader) {
    DhcpPool pool;
    pool.name = reader.name();
    pool.interface = reader.text("interface");
    pool.start = reader.number("start");
    pool.limit = reader.number("limit");
    pool.leasetime = reader.duration("leasetime");
    pool.domain = reader.text("domain");
    for (const auto& [address, line] : reader.addresses("dns", kMostDns)) {
        pool.dns.push_back(address);
    }
    read_dhcp_details(reader, pool);
    return pool;
}

void Loader::dhcp_checks(SectionReader& reader, const DhcpPool& pool) {
    static constexpr std::uint32_t kLastHost = 65534;  // of the largest network, a /16
    const int line = reader.line_of("interface");
    const auto& lan = out.gateway.lan;
    if (pool.start + pool.limit - 1 > kLastHost) {
        reader.refuse(reader.line_of("limit"),
                      concat("'start' ", pool.start, " and 'limit' ", pool.limit,
                             " in 'dhcp' lead beyond address ", kLastHost, " of the network"));
    }
    if (pool.interface == out.gateway.wan) {
        reader.refuse(line, concat("'interface' in 'dhcp' is ", quoted(pool.interface),
                                   ", the wan: addresses are only given out inside"));
    } else if (!lan.empty() && std::find(lan.begin(), lan.end(), pool.interface) == lan.end()) {
        reader.warn(line, concat("'interface' in 'dhcp' is ", quoted(pool.interface),
                                 ", which is not a lan of 'gateway'"));
    }
}

void Loader::dhcp() {
    std::vector<std::pair<std::string, int>> seen;  // interface, line; bounded by kMostPools
    static constexpr std::size_t kMostPools = 64;
    for (const RawSection& section : raw.sections) {
        if (section.spec->type != "dhcp") continue;
        SectionReader reader(section, errors, warnings);
        if (out.dhcp.size() == kMostPools) {
            reader.refuse(section.line, concat("more than ", kMostPools, " sections 'dhcp'"));
            return;
        }
        DhcpPool pool = dhcp_pool(reader);
        if (reader.ok()) dhcp_checks(reader, pool);
        for (const auto& [interface, line] : seen) {
            if (!reader.ok() || interface != pool.interface) continue;
            reader.refuse(reader.line_of("interface"),
                          concat("a second 'dhcp' for interface ", quoted(interface),
                                 ": the first is at line ", line));
        }
        seen.emplace_back(pool.interface, section.line);
        out.dhcp.push_back(std::move(pool));
    }
}

void Loader::web(SectionReader& reader) {
    if (reader.line() == 0) return;
    const Endpoint listen = reader.endpoint("listen");
    if (!reader.ok()) return;
    if (out.upnp.igd && listen.port == out.upnp.port) {
        reader.refuse(reader.line_of("listen"),
                      concat("'listen' in 'web' has port ", listen.port.number,
                             ", which is the 'port' of 'upnp'"));
    }
    if (listen.address == IpAddress(Ip4{}) || listen.address == IpAddress(Ip6{})) {
        reader.warn(reader.line_of("listen"),
                    "'listen' in 'web' is every address, the outside one too: better write the "
                    "inside address");
    }
    out.web = Web{listen, {}};
    static constexpr std::size_t kMostNames = 16;
    for (auto& [name, line] : reader.texts("name", kMostNames))
        out.web->names.push_back(std::move(name));
}

void Loader::all() {
    only("gateway", [this](SectionReader& reader) { gateway(reader); });
    only("nat", [this](SectionReader& reader) { nat(reader); });
    only("timeout", [this](SectionReader& reader) { timeouts(reader); });
    read_hosts(raw, errors, warnings, out);
    read_forwards(raw, errors, warnings, out);
    read_pinholes(raw, errors, warnings, out);
    read_dmz(raw, errors, warnings, out);
    only("sip", [this](SectionReader& reader) { sip(reader); });
    read_sip_providers(raw, errors, warnings, out);
    only("upnp", [this](SectionReader& reader) { upnp(reader); });
    read_permissions(raw, errors, warnings, out);
    dhcp();
    read_static_leases(raw, errors, warnings, out);
    only("dhcp_files", [this](SectionReader& reader) {
        out.dhcp_files = {reader.text("leases"), reader.text("hosts")};
    });
    only("web", [this](SectionReader& reader) { web(reader); });
}

}  // namespace

ConfigResult load_config(std::string_view text, std::string_view filename) {
    const UciFile file = parse_uci(text, filename);
    ProblemList errors(filename);
    ProblemList warnings(filename);
    errors.add_all(file.problems);
    warnings.add_all(file.warnings);
    const RawConfig raw = to_raw(file, errors);
    Loader loader{raw, errors, warnings};
    loader.all();
    ConfigResult result;
    if (errors.empty()) result.config = std::move(loader.out);
    result.errors = std::move(errors).take();
    result.warnings = std::move(warnings).take();
    return result;
}

}  // namespace gatehouse::config
