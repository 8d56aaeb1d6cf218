// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the shell tells the gateway device, and what the device asks of the shell. All of it is
// plain values; names of interfaces stand for the inside networks.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "gateway/base/ip.h"
#include "gateway/base/log.h"
#include "gateway/base/time.h"
#include "gateway/config/config.h"
#include "gateway/nat/mapping_service.h"

namespace gatehouse::upnp {

// The two UDP services.
enum class Service : std::uint8_t { ssdp, mapping };  // ports 1900; 5351 for NAT-PMP and PCP

inline constexpr Port kSsdpPort{1900};
inline constexpr Port kMappingPort{5351};   // RFC 6886 1.1, RFC 6887 19.1
inline constexpr Port kAnnouncePort{5350};  // RFC 6886 3.2.1, RFC 6887 14.1
inline constexpr Ip4 kSsdpGroup = Ip4::of(239, 255, 255, 250);
// UPnP Device Architecture 1.1, A.3: of the link, of the site, of the world.
inline constexpr std::array kSsdpGroups6{
    Ip6{{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xc}},
    Ip6{{0xff, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xc}},
    Ip6{{0xff, 14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xc}},
};
inline constexpr Ip4 kAllHosts = Ip4::of(224, 0, 0, 1);
inline constexpr Ip6 kAllHosts6{{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

// An inside network of the router.
struct Lan {
    std::string name;
    std::vector<Prefix4> addresses;   // the router's, with their networks; best first
    std::vector<Prefix6> addresses6;  // the same, but for link-local ones

    friend bool operator==(const Lan&, const Lan&) = default;
};

// Events.
struct LansSeen {  // all of them, after any change
    std::vector<Lan> lans;
};
struct Reconfigured {
    config::Config config;
};
struct Datagram {
    Service service = Service::ssdp;
    std::string lan;  // where it arrived
    Endpoint from;
    std::string bytes;
    std::optional<Ip6> to{};  // which address of the router was asked, where it has many
    bool alone = false;       // sent to the router and not to a group
};
// What the wire to the outside has carried, for WANCommonInterfaceConfig.
struct WanCounters {
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t packets_sent = 0;
    std::uint64_t packets_received = 0;
    std::uint64_t bits_per_second = 0;  // of the link; 0 where it does not tell

    friend bool operator==(const WanCounters&, const WanCounters&) = default;
};
struct HostChanged {  // another host, or none, is at this inside address
    IpAddress address;
};
struct ForwardsInUse {  // the answer to Effects::ask_in_use
    std::vector<nat::ForwardId> ids;
};
struct NotifyDone {  // the answer to a Notify
    std::uint32_t subscription = 0;
    bool delivered = false;
};
struct JournalLost {};  // it could not be written, and shall be written anew
struct GatewaySeen {    // the answer to Effects::ask_gateway; 0.0.0.0 where there is none
    Ip4 gateway;
};
struct UpstreamDatagram {  // on the socket toward the outside
    Endpoint4 from;
    std::string bytes;
};
struct FetchDone {  // the answer to a Fetch; empty where none came
    std::uint32_t id = 0;
    std::string answer;
};
struct TimerFired {};
using Event =
    std::variant<LansSeen, Reconfigured, Datagram, WanCounters, HostChanged, ForwardsInUse,
                 NotifyDone, JournalLost, GatewaySeen, UpstreamDatagram, FetchDone, TimerFired>;

// A request to the HTTP server on an inside address.
struct HttpRequest {
    std::string lan;
    IpAddress client;
    Endpoint local;
    std::string method;
    std::string path;  // without the query
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;

    // The value of the first header of that name; nothing where there is none.
    const std::string* header(std::string_view name) const;
    std::size_t count(std::string_view name) const;
};

struct HttpAnswer {
    unsigned status = 200;
    std::string content_type;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::optional<nat::ForwardId> made;  // true only if this forward is in force
    std::uint64_t later = 0;             // where not 0: the answer comes as an HttpLater
};

// Effects.
struct HttpLater {
    std::uint64_t later = 0;
    HttpAnswer answer;
};

// The socket toward the outside, in place of any there is; without an interface none is wanted.
struct UpstreamLink {
    std::string interface;
    Ip4 own;

    friend bool operator==(const UpstreamLink&, const UpstreamLink&) = default;
};
struct UpstreamSend {
    Endpoint4 to;
    std::string bytes;
};
// A whole HTTP request to the gateway outside, to be answered with FetchDone.
struct Fetch {
    std::uint32_t id = 0;
    std::string interface;
    Endpoint4 to;
    std::string message;
};

struct Send {
    Service service = Service::ssdp;
    std::string lan;
    Endpoint to;
    std::string bytes;
    Duration delay{};
    std::optional<nat::ForwardId> made;  // to be sent only if this forward is in force
    std::optional<Ip6> from{};           // the address of the router that answers
};

// A datagram that nobody reads, so that the kernel finds out whether the host is there.
struct Probe {
    std::string lan;
    Ip4 host;

    friend bool operator==(const Probe&, const Probe&) = default;
};

// An event message to a subscriber, to be answered with NotifyDone.
struct Notify {
    std::uint32_t subscription = 0;
    std::string lan;
    Endpoint to;
    std::string message;  // the whole HTTP request
    bool whole = false;   // whether the whole answer is wanted
};

// The sockets that shall be open, in place of those that are.
struct Listen {
    std::vector<Lan> lans;
    bool igd = true;      // SSDP and HTTP
    bool mapping = true;  // NAT-PMP and PCP
    Port http;

    friend bool operator==(const Listen&, const Listen&) = default;
};

struct Effects {
    std::vector<Send> farewells;   // from the sockets that are open now
    std::optional<Listen> listen;  // before all else that is sent
    std::vector<Send> sends;
    std::vector<Notify> notifies;
    std::optional<std::string> replace_journal;
    std::string append_journal;  // behind what there is, or behind the replacement
    std::vector<Probe> probes;
    bool ask_in_use = false;  // which forwards have sessions; answered with ForwardsInUse
    std::optional<UpstreamLink> upstream_link;
    bool ask_gateway = false;  // of the interface outside; answered with GatewaySeen
    std::vector<UpstreamSend> upstream_sends;
    std::vector<Fetch> fetches;
    std::vector<HttpLater> http_answers;
    std::vector<LogLine> log;

    bool empty() const;
    void clear();
};

}  // namespace gatehouse::upnp
