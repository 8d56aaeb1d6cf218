// SPDX-License-Identifier: GPL-2.0-or-later
//
// The door through which the rooms reach the NAT: they ask for forwards, media pairs and IPv6
// pinholes, renew and release them, list everything, look up endpoints and hear of changes. All
// that crosses is a plain value. Rules the other side keeps:
//   - an outside port has one owner; who asks for a taken one is told whose it is;
//   - traffic of a forwarded inside endpoint leaves from its outside port, too;
//   - what has a lifetime ends by itself; what was promised survives a change of the outside
//     address, with the same ports.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/compact_text.h"
#include "gateway/base/ip.h"
#include "gateway/base/result.h"
#include "gateway/base/time.h"

namespace gatehouse::nat {

enum class OwnerKind : std::uint8_t { static_, igd, natpmp, pcp, sip };
std::string_view to_string(OwnerKind kind);  // "static" "igd" "natpmp" "pcp" "sip"

// Who asked. Renewing and releasing need the same owner; the id is free text of the room (a client,
// a nonce, a call).
struct Owner {
    OwnerKind kind = OwnerKind::static_;
    CompactText id;

    friend bool operator==(const Owner&, const Owner&) = default;
};

// Why something was refused or dropped; the label of its counter.
enum class Refusal : std::uint8_t {
    no_outside_address,
    protocol,        // no ports to map
    host_quota,      // the host has as many mappings as it may
    pool_empty,      // no outside port is free
    table_full,      // all hosts together have as many mappings as there may be
    commit_failed,   // the kernel did not take it
    port_taken,      // the outside port belongs to somebody else
    port_reserved,   // the outside port belongs to the router
    bad_request,     // it contradicts itself
    too_many_ports,  // a range beyond kMostForwardPorts
    owner_quota,     // this host, or all hosts together, hold as many forwards as they may
    not_owner,
    not_found,
    count_,  // how many there are
};
std::string_view to_string(Refusal reason);  // "no_outside_address" ...

constexpr std::uint32_t kMostForwardPorts = 1024;  // of one forward
constexpr std::uint32_t kMostForwards = 16384;     // of all owners
constexpr std::size_t kMostDescription = 256;      // bytes; what is longer is cut

using ForwardId = std::uint32_t;  // never 0

struct ForwardRequest {
    Proto proto = Proto::udp;          // tcp or udp
    std::optional<Port> outside;       // the first of `count` ports; nothing: any
    bool must_have_port = false;       // rather none than another one
    std::uint32_t count = 1;           // neighbouring ports, outside and inside
    Endpoint4 inside;                  // the first one
    std::optional<Ip4> remote;         // only from this address
    std::optional<Duration> lifetime;  // nothing: until it is released
    Owner owner;
    std::string description;
    bool enabled = true;  // a disabled forward holds its port and lets nothing in
};

// Kept small: there may be thousands.
struct Forward {
    ForwardId id = 0;
    std::uint32_t count = 1;
    Endpoint4 outside;  // the address is 0.0.0.0 while there is none
    Endpoint4 inside;
    std::optional<Ip4> remote;
    Proto proto = Proto::udp;
    bool enabled = true;
    Owner owner;
    CompactText description;
    Instant created;
    Instant expires = kNever;

    bool covers(Proto p, Port port) const {
        return proto == p && port >= outside.port &&
               std::uint32_t{port.number} < outside.port.number + count;
    }
    friend bool operator==(const Forward&, const Forward&) = default;
};
static_assert(sizeof(Forward) <= 88);

// An even outside port and its upper neighbour, for RTP and RTCP.
struct PairRequest {
    Endpoint4 first;   // inside
    Endpoint4 second;  // inside; often the neighbour
    std::optional<Ip4> remote;
    std::optional<Duration> lifetime;
    Owner owner;
    std::string description;
    std::optional<Port> outside{};  // the even one, where it can be had
};

struct ForwardPair {
    Forward first;
    Forward second;
};

// A refusal, and who stands in the way where somebody does.
struct Refused {
    enum class Holder : std::uint8_t { nobody, router, traffic, forward };

    Refusal reason = Refusal::bad_request;
    Holder holder = Holder::nobody;
    Endpoint4 inside;         // of traffic and forward
    OwnerKind owner{};        // of forward
    std::string description;  // of forward

    std::string to_string() const;  // "port_taken: 192.168.1.7:3074 (igd \"Xbox\")"
};

// A hole in the IPv6 filter.
struct PinholeRequest {
    Ip6 inside;                 // the address that is to be reached
    std::optional<Mac> host;    // where known: the pinhole follows the host to its other addresses
    Proto proto = Proto::udp;   // tcp, udp, udplite or sctp
    Port port;                  // inside
    std::optional<Ip6> remote;  // only from this address
    Duration lifetime{};
    Owner owner;
    std::string description;
    std::uint32_t id = 0;  // of an earlier run; 0, or one that is taken: another one
};

using PinholeId = std::uint32_t;             // 1 to kLastPinholeId
constexpr PinholeId kLastPinholeId = 65535;  // WANIPv6FirewallControl:1 2.3.8
constexpr std::uint32_t kMostPinholes = 4096;

struct Pinhole {
    PinholeId id = 0;
    Ip6 inside;
    std::optional<Mac> host;
    Proto proto = Proto::udp;
    Port port;
    std::optional<Ip6> remote;
    Owner owner;
    CompactText description;
    Instant expires = kNever;
    // That came through from outside, as far as the kernel was asked; nothing: it never was, or
    // does not count.
    std::optional<std::uint64_t> packets{};

    friend bool operator==(const Pinhole&, const Pinhole&) = default;
};

struct OutsideAddress {
    Ip4 address;  // 0.0.0.0: none
    Reach reach = Reach::none;

    friend bool operator==(const OutsideAddress&, const OutsideAddress&) = default;
};

// What subscribers hear. The forward is as it is after the change, or as it last was.
struct ServiceNotice {
    enum class Kind : std::uint8_t {
        outside_changed,
        forward_added,
        forward_changed,  // its lifetime, remote, description, or its outside address
        forward_expired,
        forward_released,
        forward_failed,  // the kernel did not take it and is asked again; it stays
    };

    Kind kind = Kind::outside_changed;
    OutsideAddress outside;
    Forward forward;
};

// Listeners take note and return; they do not call the service.
using ServiceListener = std::function<void(const ServiceNotice&)>;

class MappingService {
  public:
    virtual ~MappingService() = default;

    // Asking again renews: with must_have_port for the same owner, port and remote (the inside
    // port may change), otherwise for the same owner, inside endpoint and remote.
    virtual Result<Forward, Refused> request(const ForwardRequest& request, Instant now) = 0;
    // Asking again for the same owner and inside endpoints renews, and admits the remote.
    virtual Result<ForwardPair, Refused> request_pair(const PairRequest& request, Instant now) = 0;
    // A new lifetime from now on; nothing: until it is released.
    virtual Result<Forward, Refused> renew(ForwardId id, const Owner& owner,
                                           std::optional<Duration> lifetime, Instant now) = 0;
    // Lets in another remote address instead; nothing: everybody.
    virtual Result<Forward, Refused> admit(ForwardId id, const Owner& owner,
                                           std::optional<Ip4> remote, Instant now) = 0;
    // Sessions that run go on; new ones do not come in.
    virtual Result<void, Refused> release(ForwardId id, const Owner& owner, Instant now) = 0;

    virtual std::vector<Forward> forwards() const = 0;  // by id
    virtual const Forward* find_forward(ForwardId id) const = 0;
    // The forward of an outside port: for everybody where remote is nothing.
    virtual const Forward* find_forward(Proto proto, Port outside,
                                        std::optional<Ip4> remote) const = 0;

    // Those to this host whose first inside port is one of these, by that port.
    virtual std::vector<const Forward*> forwards_to(Proto proto, Ip4 host,
                                                    PortRange ports) const = 0;

    virtual OutsideAddress outside_address() const = 0;
    // Where a session of this inside endpoint to this remote leaves, if that is settled already.
    virtual std::optional<Endpoint4> outside_of(Proto proto, Endpoint4 inside,
                                                Endpoint4 remote) const = 0;
    // Whose outside endpoint this is.
    virtual std::optional<Endpoint4> inside_of(Proto proto, Endpoint4 outside) const = 0;

    // Asking again for the same owner, inside, port, protocol and remote renews.
    virtual Result<Pinhole, Refused> open_pinhole(const PinholeRequest& request, Instant now) = 0;
    virtual Result<Pinhole, Refused> renew_pinhole(PinholeId id, const Owner& owner,
                                                   Duration lifetime, Instant now) = 0;
    virtual Result<void, Refused> close_pinhole(PinholeId id, const Owner& owner, Instant now) = 0;
    virtual std::vector<const Pinhole*> pinholes() const = 0;  // by id
    virtual const Pinhole* find_pinhole(PinholeId id) const = 0;

    virtual std::uint32_t subscribe(ServiceListener listener) = 0;
    virtual void unsubscribe(std::uint32_t subscription) = 0;
};

}  // namespace gatehouse::nat
