// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/nat/support/random_house.h"

#include <algorithm>
#include <map>
#include <set>

#include "gateway/base/text.h"

namespace gatehouse::test {

namespace {

// Small enough for collisions, exhausted pools and full quotas.
constexpr PortRange kPorts{{2000}, {2039}};
constexpr std::uint32_t kQuota = 12;

config::Config small_config(config::NatType type, std::uint32_t quota) {
    config::Config config = config_of(type);
    config.nat.ports = kPorts;
    config.nat.host_mappings = quota;
    config.upnp.host_quota = 4;
    return config;
}

}  // namespace

RandomHouse::RandomHouse(Choose choose)
    : choose_(std::move(choose)),
      house_(small_config(static_cast<config::NatType>(choose_(4)), kQuota), 100) {}

Endpoint4 RandomHouse::some_inside() {
    return host(static_cast<std::uint8_t>(2 + choose_(4)),
                static_cast<std::uint16_t>(1995 + choose_(20)));
}

Endpoint4 RandomHouse::some_remote() {
    return at(choose_(2) == 0 ? kServer : kServer2, static_cast<std::uint16_t>(80 + choose_(3)));
}

Proto RandomHouse::some_proto() {
    static constexpr std::array kProtos{Proto::udp, Proto::udp, Proto::tcp, Proto::icmp};
    return kProtos[choose_(kProtos.size())];
}

config::Config RandomHouse::some_config() {
    config::Config config =
        small_config(static_cast<config::NatType>(choose_(4)), kQuota - choose_(2) * 4);
    config.nat.hairpin = choose_(4) != 0;
    config.nat.port_choice =
        choose_(3) == 0 ? config::PortChoice::random : config::PortChoice::preserve;
    if (choose_(3) == 0) config.nat.ports.last = Port{2030};
    if (choose_(3) == 0) config.nat.ports.first = Port{600};
    if (choose_(3) == 0) {
        config::Host other;
        other.address = host(2, 0).address;
        other.nat = static_cast<config::NatType>(choose_(4));
        config.hosts.push_back(other);
    }
    for (std::uint32_t n = choose_(3); n > 0; --n) {
        config::Forward forward;
        const auto first = static_cast<std::uint16_t>(1990 + n * 20 + choose_(10));
        const std::uint32_t extra = choose_(3);
        forward.outside = {{first}, {static_cast<std::uint16_t>(first + extra)}};
        forward.inside = some_inside().address;
        forward.inside_ports = forward.outside;
        if (choose_(3) == 0) forward.remote = kServer;
        config.forwards.push_back(forward);
    }
    return config;
}

void RandomHouse::packet() {
    const Endpoint4 inside = some_inside();
    const Endpoint4 remote = some_remote();
    const Proto proto = some_proto();
    const bool new_session = !house_.sessions.contains({proto, inside, remote});
    const auto made = house_.engine->counters().made;
    const auto out = house_.send(inside, remote, proto);
    if (!out) return;
    const bool ours =
        std::find(addresses_.begin(), addresses_.end(), out->address) != addresses_.end();
    if (!ours && !lagging_) {
        packet_problem_ = "a packet leaves from an address that is not ours";
    }
    if (new_session && !lagging_ && house_.engine->outside_of(proto, inside, remote) != out) {
        packet_problem_ = "the kernel translates otherwise than the engine says";
    }
    if (house_.engine->counters().made == made || proto == Proto::icmp) return;
    // A mapping was made for this packet.
    const config::Nat& nat = house_.config.nat;
    if (!nat.ports.contains(out->port)) packet_problem_ = "a port outside of the range was given";
    for (const ReservedPort& one : reserved_) {
        const bool given = one.proto == proto && one.ports.contains(out->port);
        if (given) packet_problem_ = "a port of the router was given";
    }
}

void RandomHouse::inbound() {
    const Endpoint4 outside = at(addresses_.empty() ? kOutside : addresses_[0],
                                 static_cast<std::uint16_t>(1995 + choose_(50)));
    if (choose_(4) == 0) {
        house_.hairpin(some_inside(), outside, some_proto());
    } else {
        house_.receive(outside, some_remote(), some_proto());
    }
}

void RandomHouse::forward() {
    ForwardRequest request;
    request.proto = choose_(2) == 0 ? Proto::udp : Proto::tcp;
    request.inside = some_inside();
    if (choose_(4) != 0) {
        request.outside = Port{static_cast<std::uint16_t>(1995 + choose_(50))};
        request.must_have_port = choose_(2) == 0;
    }
    request.count = choose_(4) == 0 ? 1 + choose_(4) : 1;
    if (choose_(3) == 0) request.remote = some_remote().address;
    if (choose_(2) == 0) request.lifetime = std::chrono::seconds(1 + choose_(300));
    request.owner = {static_cast<OwnerKind>(choose_(5)), std::to_string(choose_(3))};
    request.enabled = choose_(6) != 0;
    const auto result = house_.engine->request(request, house_.now);
    if (result && result->count != request.count) packet_problem_ = "a forward of another size";
    if (result && request.must_have_port && result->outside.port != *request.outside) {
        packet_problem_ = "a forward on another port than the one that was needed";
    }
    house_.flush();
}

void RandomHouse::service() {
    const std::vector<Forward> all = house_.engine->forwards();
    if (choose_(4) == 0) {
        PairRequest pair;
        pair.first = some_inside();
        pair.second = {pair.first.address, Port{static_cast<std::uint16_t>(3000 + choose_(3))}};
        if (choose_(2) == 0) pair.remote = kServer;
        pair.owner = {OwnerKind::sip, std::to_string(choose_(2))};
        const auto result = house_.engine->request_pair(pair, house_.now);
        if (result &&
            (result->first.outside.port.number % 2 != 0 ||
             result->second.outside.port.number != result->first.outside.port.number + 1)) {
            packet_problem_ = "a pair that is none";
        }
    } else if (!all.empty()) {
        const Forward& one = all[choose_(static_cast<std::uint32_t>(all.size()))];
        if (one.owner.id == "configuration") return;
        const std::uint32_t action = choose_(4);
        if (action == 0) {
            (void)house_.engine->renew(one.id, one.owner, 60s, house_.now);
        } else if (action == 1) {
            std::optional<Ip4> remote;
            if (choose_(2) == 0) remote = some_remote().address;
            (void)house_.engine->admit(one.id, one.owner, remote, house_.now);
        } else {
            (void)house_.engine->release(one.id, one.owner, house_.now);
        }
    }
    house_.flush();
}

namespace {

Ip6 ip6_of(std::uint32_t host) {
    Ip6 out = *parse_ip6("2001:db8:1::");
    out.bytes[15] = static_cast<std::uint8_t>(host);
    return out;
}

Mac mac_of(std::uint32_t host) {
    return {{2, 0, 0, 0, 0, static_cast<std::uint8_t>(host)}};
}

}  // namespace

// Four hosts and six addresses that they take from each other.
void RandomHouse::neighbour() {
    const Ip6 address = ip6_of(choose_(6));
    if (choose_(4) == 0) {
        house_.hosts.withdraw(address, HostSource::neighbour);
    } else {
        house_.hosts.publish(address, HostSource::neighbour, mac_of(choose_(4)));
    }
    house_.event(HostChanged{address});
}

void RandomHouse::pinhole() {
    const std::vector<const Pinhole*> all = house_.engine->pinholes();
    if (choose_(2) == 0 || all.empty()) {
        PinholeRequest request;
        request.inside = ip6_of(choose_(6));
        if (choose_(2) == 0) request.host = mac_of(choose_(4));
        request.port = Port{static_cast<std::uint16_t>(1 + choose_(3))};
        if (choose_(2) == 0) request.remote = ip6_of(100);
        request.lifetime = std::chrono::seconds(1 + choose_(300));
        request.owner = {OwnerKind::pcp, std::to_string(choose_(2))};
        (void)house_.engine->open_pinhole(request, house_.now);
    } else {
        const Pinhole& one = *all[choose_(static_cast<std::uint32_t>(all.size()))];
        (void)house_.engine->close_pinhole(one.id, one.owner, house_.now);
    }
    house_.flush();
}

void RandomHouse::reconfigure() {
    house_.config = some_config();
    house_.event(Reconfigured{house_.config});
}

void RandomHouse::outside() {
    static const std::array<std::vector<Ip4>, 5> kSets{
        {{kOutside}, {kOutside2}, {kOutside, kOutside2}, {kOutside2, kOutside}, {}}};
    addresses_ = kSets[choose_(kSets.size())];
    house_.event(OutsideChanged{addresses_});
}

void RandomHouse::trouble() {
    switch (choose_(7)) {
        case 0: failing_ = !failing_; break;
        case 1:
            house_.flush_table();
            house_.event(TableLost{});
            break;
        case 2:
            if (!house_.elements.empty()) {
                auto victim = house_.elements.begin();
                std::advance(victim, choose_(static_cast<std::uint32_t>(house_.elements.size())));
                house_.elements.erase(victim);
            }
            house_.event(ElementsSeen{house_.kernel(), {}});
            break;
        case 3:
            reserved_ = {{Proto::udp, {{2005}, {static_cast<std::uint16_t>(2005 + choose_(4))}}}};
            if (choose_(2) == 0) reserved_.clear();
            house_.event(ReservedPorts{reserved_});
            break;
        case 4: house_.event(EventsLost{}); break;
        case 5: {  // the daemon starts anew; what was not static is forgotten
            const bool failing = std::exchange(failing_, false);
            house_.commit_fails = [] { return false; };
            house_.restart(house_.config);
            house_.event(OutsideChanged{addresses_});
            house_.event(ReservedPorts{reserved_});
            const std::vector<Element> seen = house_.kernel();
            const std::vector<PinholeElement> holes(house_.pinholes.begin(), house_.pinholes.end());
            house_.event(AdoptElements{seen, holes});
            failing_ = failing;
            break;
        }
        default: {  // a session that was translated without us
            const Endpoint4 inside = some_inside();
            if (addresses_.empty()) break;
            const auto port = static_cast<std::uint16_t>(1995 + choose_(50));
            house_.sessions.insert({{Proto::udp, inside, some_remote()},
                                    {at(addresses_[0], port), choose_(2) == 0, house_.now + 100s}});
            break;
        }
    }
}

void RandomHouse::time() {
    switch (choose_(4)) {
        case 0: house_.end_sessions_of(some_inside(), choose_(4) != 0); break;
        case 1: house_.pass(std::chrono::seconds(1 + choose_(400))); break;
        case 2: house_.pass(std::chrono::seconds(1 + choose_(10))); break;
        default: house_.dump(); break;
    }
}

std::string RandomHouse::step() {
    house_.commit_fails = [this] {
        const bool fails = failing_ && choose_(3) == 0;
        lagging_ = lagging_ || fails;
        return fails;
    };
    house_.session_life = std::chrono::seconds(20 + choose_(200));
    const std::uint32_t kind = choose_(44);
    if (kind < 18) {
        packet();
    } else if (kind < 21) {
        inbound();
    } else if (kind < 25) {
        forward();
    } else if (kind < 28) {
        service();
    } else if (kind < 29) {
        reconfigure();
    } else if (kind < 30) {
        outside();
    } else if (kind < 33) {
        trouble();
    } else if (kind < 40) {
        time();
    } else if (kind < 42) {
        neighbour();
    } else {
        pinhole();
    }
    return check();
}

void RandomHouse::calm() {
    failing_ = false;
    house_.commit_fails = [] { return false; };
    if (!house_.agrees()) house_.pass(Engine::kRepairGap + 1s);
}

std::string RandomHouse::check() {
    if (house_.broken_batches != 0 && !lagging_) return "the kernel refused a batch";
    if (!packet_problem_.empty()) return packet_problem_;
    // After an injected failure the kernel may lag behind until the repair.
    bool agrees = house_.agrees();
    if (!failing_ && !agrees) {
        calm();
        agrees = house_.agrees();
    }
    if (!failing_ && !agrees) return "kernel and engine differ";
    if (agrees) {
        lagging_ = false;
        house_.broken_batches = 0;
    }
    if (auto problem = check_mappings(house_.engine->wanted()); !problem.empty()) return problem;
    if (auto problem = check_pinholes(); !problem.empty()) return problem;
    return check_quotas();
}

// Each element has a pinhole whose host, as far as hosts are known, is at that address; and the
// other way round.
std::string RandomHouse::check_pinholes() {
    std::set<PinholeElement> expected;
    for (const Pinhole* one : house_.engine->pinholes()) {
        for (std::uint32_t n = 0; n < 6; ++n) {
            const Host* there = house_.hosts.find(ip6_of(n));
            const bool known = there != nullptr && one->host;
            const bool wanted = known ? there->mac == one->host : ip6_of(n) == one->inside;
            if (wanted) {
                expected.insert({ip6_of(n), one->proto, one->port, one->remote.value_or(Ip6{})});
            }
        }
    }
    return house_.pinholes == expected ? "" : "the kernel's pinholes are not those of the hosts";
}

std::string RandomHouse::check_mappings(const std::vector<Element>& wanted) {
    std::map<std::pair<Proto, Endpoint4>, Endpoint4> owners;
    for (const Element& element : wanted) {
        if (!is_source(element.set)) continue;
        const auto [owner, fresh] =
            owners.emplace(std::pair{element.proto, element.value}, element.key);
        if (!fresh) return concat("two owners of ", element.value.to_string());
        const Ip4 from = element.value.address;
        if (std::find(addresses_.begin(), addresses_.end(), from) == addresses_.end()) {
            return concat("an element for the address ", from.to_string(), " that has gone");
        }
    }
    for (const Element& element : wanted) {
        const bool way_back =
            element.set == KernelSet::inbound || element.set == KernelSet::hairpin;
        if (!way_back || house_.engine->inside_of(element.proto, element.key) == element.value) {
            continue;
        }
        return concat("the way back from ", element.key.to_string(), " leads elsewhere");
    }
    return {};
}

std::string RandomHouse::check_quotas() {
    std::map<Ip4, std::uint32_t> live;
    std::set<std::pair<Proto, Endpoint4>> outsides;
    std::string problem;
    house_.engine->visit_mappings(house_.now, [&](const MappingView& view) {
        if (!outsides.emplace(view.proto, view.outside).second) problem = "a port with two owners";
        if (view.state == MappingState::live && view.forward == nullptr) {
            ++live[view.inside.address];
        }
        const bool held = view.forward != nullptr;
        if (held && !view.forward->covers(view.proto, view.outside.port)) {
            problem = "a mapping of a forward that does not have it";
        }
    });
    for (std::uint8_t n = 2; n < 6; ++n) {
        const Ip4 address = host(n, 0).address;
        if (live[address] != house_.engine->mappings_of(address)) return "a host is miscounted";
    }
    const EngineCounts counts = house_.engine->counts();
    if (counts.resting > counts.mappings) return "more rest than there are";
    return problem;
}

}  // namespace gatehouse::test
