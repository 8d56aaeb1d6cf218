// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/nat/ruleset_objects.h"

#include "gateway/base/text.h"
#include "gateway/nat/ruleset_limits.h"

namespace gatehouse::nat {
namespace {

constexpr std::string_view kEndpointType = "type ipv4_addr . inet_proto . inet_service";
constexpr std::string_view kPinholeType = "type ipv6_addr . inet_proto . inet_service";
constexpr std::string_view kEndpoint = "ipv4_addr . inet_service";
constexpr std::string_view kRemote = " . ipv4_addr";

// Answers of name servers come at once or never.
constexpr std::int64_t kDnsSeconds = 30;

class ObjectWriter {
  public:
    explicit ObjectWriter(const RulesetInput& input) : input_(input) {}

    std::string whole();

  private:
    template <class... Parts>
    void line(const Parts&... parts) {
        append(out_, "    ", parts..., "\n");
    }
    void write_timeouts(Family family);
    // With an endpoint, and more, as the key; without data it is a set.
    void write_keyed(std::string_view name, std::string_view more, std::string_view data);
    void write_endpoints();
    void write_pinholes();
    void write_sip();

    const RulesetInput& input_;
    std::string out_;
};

void ObjectWriter::write_timeouts(Family family) {
    const auto udp = [&](std::string_view name, std::int64_t seconds) {
        line("ct timeout ", name, " { protocol udp; l3proto ", family.name,
             "; policy = { unreplied : ", seconds, ", replied : ", seconds, " }; }");
    };
    udp(udp_timeout(input_.timeouts, family), whole_seconds(input_.timeouts.udp));
    udp(dns_timeout(family), kDnsSeconds);
    const std::int64_t established = whole_seconds(input_.timeouts.tcp_established);
    const std::int64_t other = whole_seconds(input_.timeouts.tcp_transitory);
    std::string policy = concat("established : ", established);
    for (const char* state : {"syn_sent", "syn_sent2", "syn_recv", "fin_wait", "close_wait",
                              "last_ack", "time_wait", "close"}) {
        append(policy, ", ", state, " : ", other);
    }
    // Data that nobody confirms does not end a connection any sooner (RFC 5382 REQ-5): a notebook
    // that sleeps a while may find it alive.
    for (const char* state : {"retrans", "unack"})
        append(policy, ", ", state, " : ", established);
    line("ct timeout ", tcp_timeout(input_.timeouts, family), " { protocol tcp; l3proto ",
         family.name, "; policy = { ", policy, " }; }");
}

void ObjectWriter::write_keyed(std::string_view name, std::string_view more,
                               std::string_view data) {
    line(data.empty() ? "set " : "map ", name, " { ", kEndpointType, more,
         data.empty() ? "" : " : ", data, "; }");
}

void ObjectWriter::write_endpoints() {
    write_keyed("source", "", kEndpoint);
    write_keyed("source_address", kRemote, kEndpoint);
    write_keyed("source_session", " . ipv4_addr . inet_service", kEndpoint);
    write_keyed("inbound", "", kEndpoint);
    write_keyed("inbound_remote", kRemote, kEndpoint);
    write_keyed("hairpin", "", kEndpoint);
    write_keyed("open", "", "");
    write_keyed("open_remote", kRemote, "");
}

void ObjectWriter::write_pinholes() {
    const std::string_view counter = input_.element_counters ? " counter;" : "";
    line("set ", pinhole_set(false, input_.element_counters), " { ", kPinholeType, ";", counter,
         " }");
    line("set ", pinhole_set(true, input_.element_counters), " { ", kPinholeType, " . ipv6_addr;",
         counter, " }");
}

void ObjectWriter::write_sip() {
    if (input_.sip_ports.empty()) return;
    line("set ", kNotSipSet,
         " { type ipv4_addr . inet_service . ipv4_addr . inet_service; flags timeout; timeout 1m; "
         "size 4096; }");
    if (!input_.sip_proxy) return;
    line("set ", kSipDirectSet, " { type ipv4_addr; flags timeout; size 1024; }");
}

std::string ObjectWriter::whole() {
    if (input_.timeout_objects) {
        write_timeouts(kIpv4);
        write_timeouts(kIpv6);
    }
    write_endpoints();
    write_pinholes();
    line("set ", kRouterPortsSet, " { type inet_proto . inet_service; }");
    line("set ", kRefusedSet, " { type ipv4_addr; flags timeout; timeout 1s; size 1024; }");
    line("set permit { ", kEndpointType, kRemote,
         "; flags dynamic,timeout; timeout 5m; size 131072; }");
    write_sip();
    const SessionLimits limits(input_.host_sessions);
    if (limits.any()) out_ += limits.sets();
    line("map ", kTunnelMap,
         " { type ipv4_addr : ipv4_addr; flags dynamic,timeout; timeout 10m; size 4096; }");
    return std::move(out_);
}

}  // namespace

std::string udp_timeout(const config::Timeouts& timeouts, Family family) {
    return concat("udp", family.suffix, "_", whole_seconds(timeouts.udp));
}

std::string tcp_timeout(const config::Timeouts& timeouts, Family family) {
    return concat("tcp", family.suffix, "_", whole_seconds(timeouts.tcp_established), "_",
                  whole_seconds(timeouts.tcp_transitory));
}

std::string dns_timeout(Family family) {
    return concat("dns", family.suffix, "_", kDnsSeconds);
}

std::string write_objects(const RulesetInput& input) {
    return ObjectWriter(input).whole();
}

}  // namespace gatehouse::nat
