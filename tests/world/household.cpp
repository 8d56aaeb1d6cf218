// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/world/household.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "gateway/daemon/forward_body.h"
#include "tests/world/state_files.h"
#include "upnp/model.h"

namespace gatehouse::world {

namespace {

constexpr Duration kTick = 2s;  // files tell whole seconds
constexpr auto kService = upnp::ServiceKind::wan_ip1;

std::string name_of(nat::OwnerKind kind, Proto proto, const std::string& what) {
    return concat(to_string(kind), " ", to_string(proto), " ", what);
}

}  // namespace

Household::Household(World& world) : world_(world) {
    for (unsigned host = 0; host < kHosts; ++host)
        world.see_neighbour(address(host), Mac{{2, 1, 0, 0, 0, ++devices_}});
    world.on_upnp_sent = [this](const upnp::Send& send) {
        if (send.service != upnp::Service::mapping || send.to.address != listening_) return;
        heard_ = upnp::upstream::parse_map_answer(as_bytes(send.bytes));
    };
    // What was written since its file was last whole is lost.
    world.on_death = [this] { doubt_behind(kept_commands_, kept_journal_); };
}

Household::~Household() {
    world_.on_upnp_sent = nullptr;
    world_.on_death = nullptr;
}

void Household::note_what_is_kept() {
    if (!world_.runs()) return;
    if (world_.keeps_commands()) kept_commands_ = change_;
    if (!world_.keeps_forwards()) return;
    kept_journal_ = change_;
    if (world_.disk().is_safe(kForwardsJournal)) forced_journal_ = change_;
}

void Household::fear_for_the_disk() {
    note_what_is_kept();
    doubt_behind(kept_commands_, forced_journal_);
}

// What was left was written down at some time, and begins to pass now.
void Household::hear_of_boot() {
    for (auto& [name, one] : promises_)
        one.latest = std::max(one.latest, world_.now() + one.lifetime);
}

void Household::doubt(const std::string& name, Duration lifetime) {
    const auto found = promises_.find(name);
    if (found == promises_.end()) return;
    Promise& one = found->second;
    one.sure = false;
    one.lifetime = one.longest = std::max(one.longest, lifetime);
    one.latest = std::max(one.latest, world_.now() + lifetime);
}

bool Household::must_be_there(const Promise& one) const {
    return one.there && one.sure && world_.now() + kTick < one.end;
}

void Household::doubt_behind(std::uint64_t commands, std::uint64_t journal) {
    for (auto& [name, one] : promises_) {
        const bool command = one.kind == nat::OwnerKind::static_;
        if (one.change <= (command ? commands : journal)) continue;
        one.sure = false;
        one.lifetime = one.longest;  // for an earlier word may be what the disk has
        if (!command) continue;
        // A command that is still in its file comes first, and whoever got its port since is out.
        for (auto& [other, same] : promises_) {
            if (same.proto == one.proto && same.outside == one.outside) same.sure = false;
        }
    }
}

void Household::promise(const std::string& name, Promise promise) {
    // One endpoint outside never has two owners.
    for (auto other = promises_.begin(); other != promises_.end();) {
        const Promise& one = other->second;
        const bool same =
            other->first != name && one.proto == promise.proto && one.outside == promise.outside;
        const bool holds = must_be_there(one);
        BOOST_TEST(!(same && holds), name << " got the port of " << other->first << "\n"
                                          << world_.told());
        // A command that has ended may still be in its file.
        const bool lingers =
            one.kind == nat::OwnerKind::static_ && !one.there && one.change > kept_commands_;
        other = same && !lingers ? promises_.erase(other) : std::next(other);
    }
    promise.there = promise.sure = true;
    promise.end = world_.now() + promise.lifetime;
    // What the disk had before may be what a daemon finds.
    const auto before = promises_.find(name);
    promise.latest = promise.end;
    promise.longest = promise.lifetime;
    if (before != promises_.end()) {
        promise.latest = std::max(promise.latest, before->second.latest);
        promise.longest = std::max(promise.longest, before->second.longest);
    }
    promise.change = ++change_;
    promises_[name] = promise;
    ++given_;
}

void Household::end(const std::string& name) {
    const auto found = promises_.find(name);
    if (found == promises_.end()) return;
    found->second.there = false;
    found->second.sure = true;
    found->second.change = ++change_;
}

// Nobody is refused what he was promised, while there is an outside.
void Household::hear_refusal(const std::string& name) {
    ++refused_;
    const auto found = promises_.find(name);
    if (found == promises_.end()) return;
    Promise& one = found->second;
    const bool holds = must_be_there(one);
    BOOST_TEST(!(holds && world_.house().outside_address()), name << " was refused\n"
                                                                  << world_.told());
    one.sure = false;
}

void Household::act() {
    if (!world_.runs()) return;
    note_what_is_kept();
    const std::uint64_t host = world_.random().below(kHosts);
    switch (world_.random().below(4)) {
        case 0: ask_by_soap(host); break;
        case 1: ask_by_datagram(host, nat::OwnerKind::natpmp); break;
        case 2: ask_by_datagram(host, nat::OwnerKind::pcp); break;
        default: ask_by_command(host);
    }
    note_what_is_kept();
}

// The status; nothing where nobody answers.
std::optional<unsigned> Household::soap(std::uint64_t host, std::string_view action,
                                        const test::Fields& fields) {
    const upnp::ServiceModel& model = upnp::model_of(kService);
    upnp::HttpRequest request;
    request.lan = "br-lan";
    request.client = address(host);
    request.local = {Ip4::of(192, 168, 1, 1), world_.wanted().upnp.port};
    request.method = "POST";
    request.path =
        upnp::Identity(World::kIdentity).service_path(upnp::Tree::igd1, model, "control");
    request.headers = {{"Host", request.local.to_string()},
                       {"Content-Type", "text/xml; charset=\"utf-8\""},
                       {"SOAPAction", concat('"', model.type, '#', action, '"')}};
    request.body = test::soap_body(model.type, action, fields);
    const upnp::HttpAnswer answer = world_.serve(request);
    return answer.status == 0 ? std::nullopt : std::optional(answer.status);
}

void Household::ask_by_soap(std::uint64_t host) {
    Promise wish;
    wish.kind = nat::OwnerKind::igd;
    wish.proto = world_.random().below(2) == 0 ? Proto::tcp : Proto::udp;
    wish.outside = Port{static_cast<std::uint16_t>(7000 + world_.random().below(8))};
    wish.inside = {address(host),
                   Port{static_cast<std::uint16_t>(6000 + world_.random().below(2))}};
    wish.lifetime = std::chrono::seconds(world_.random().between(60, 14400));
    const std::string name = name_of(wish.kind, wish.proto, std::to_string(wish.outside.number));
    const auto found = promises_.find(name);
    const bool others = found != promises_.end() && found->second.inside.address != address(host);
    const std::string proto = wish.proto == Proto::tcp ? "TCP" : "UDP";
    const bool ends = world_.random().below(4) == 0;
    const auto status = ends ? soap(host, "DeletePortMapping",
                                    test::place_fields(std::to_string(wish.outside.number), proto))
                             : soap(host, "AddPortMapping",
                                    test::add_fields(std::to_string(wish.outside.number),
                                                     std::to_string(wish.inside.port.number),
                                                     wish.inside.address.to_string(), proto,
                                                     std::to_string(whole_seconds(wish.lifetime))));
    if (!status) {
        doubt(name, wish.lifetime);
        for (auto& [other, one] : promises_)
            if (one.proto == wish.proto && one.outside == wish.outside) one.sure = false;
        return;
    }
    if (*status != 200) {
        if (!others) hear_refusal(name);
        return;
    }
    if (!ends) return promise(name, wish);
    // A device ends what it opened, in whatever language that was; but for PCP.
    for (const auto& [other, one] : promises_) {
        const bool same = one.proto == wish.proto && one.outside == wish.outside;
        if (same && one.kind != nat::OwnerKind::static_) end(other);
    }
}

void Household::ask_by_datagram(std::uint64_t host, nat::OwnerKind kind) {
    const bool pcp = kind == nat::OwnerKind::pcp;
    upnp::upstream::MapAsk ask;
    ask.proto = world_.random().below(2) == 0 ? Proto::tcp : Proto::udp;
    ask.port = Port{static_cast<std::uint16_t>((pcp ? 7000 : 7003) + world_.random().below(3))};
    ask.nonce = {1, 2, 3, static_cast<std::uint8_t>(host)};
    ask.exact = false;
    const bool ends = world_.random().below(4) == 0;
    if (!ends) ask.lifetime = static_cast<std::uint32_t>(world_.random().between(60, 14400));
    Promise wish;
    wish.kind = kind;
    wish.proto = ask.proto;
    wish.inside = {address(host), ask.port};
    const std::string name = name_of(kind, ask.proto, wish.inside.to_string());
    listening_ = address(host);
    heard_.reset();
    upnp::Datagram datagram;
    datagram.service = upnp::Service::mapping;
    datagram.lan = "br-lan";
    datagram.from = {address(host), Port{40000}};
    datagram.bytes = pcp ? write_pcp_map(address(host), ask) : write_natpmp_map(ask);
    datagram.alone = true;
    world_.tell(datagram);
    listening_ = {};
    if (!heard_) return doubt(name, std::chrono::seconds(ask.lifetime));
    if (heard_->result != 0) return hear_refusal(name);
    if (ends) return end(name);
    wish.outside = heard_->outside;
    wish.lifetime = std::chrono::seconds(heard_->lifetime);
    promise(name, wish);
}

void Household::ask_by_command(std::uint64_t host) {
    nat::ForwardRequest request;
    request.proto = world_.random().below(2) == 0 ? Proto::tcp : Proto::udp;
    request.outside = Port{static_cast<std::uint16_t>(7004 + world_.random().below(4))};
    request.must_have_port = true;
    request.inside = {address(host), Port{9000}};
    request.owner = {nat::OwnerKind::static_, std::string(daemon::kControlOwner)};
    request.lifetime = std::chrono::seconds(world_.random().between(60, 14400));
    Promise wish;
    wish.kind = request.owner.kind;
    wish.proto = request.proto;
    wish.outside = *request.outside;
    wish.inside = request.inside;
    wish.lifetime = *request.lifetime;
    const std::string name = name_of(wish.kind, wish.proto, std::to_string(wish.outside.number));
    const bool ends = world_.random().below(4) == 0;
    std::optional<nat::Refusal> refusal;
    world_.command([&](nat::MappingService& service) {
        if (!ends) {
            const auto made = service.request(request, world_.now());
            if (!made) refusal = made.error().reason;
            return;
        }
        const nat::Forward* there = service.find_forward(wish.proto, wish.outside, {});
        refusal = nat::Refusal::not_found;
        if (there == nullptr || there->owner != request.owner) return;
        const auto ended = service.release(there->id, request.owner, world_.now());
        refusal.reset();
        if (!ended) refusal = ended.error().reason;
    });
    if (!world_.runs()) return doubt(name, wish.lifetime);
    if (refusal) return hear_refusal(name);
    ends ? end(name) : promise(name, wish);
}

// Whose it was loses what he asked for; what was asked for by command belongs to the address.
void Household::hand_over() {
    const std::uint64_t host = world_.random().below(kHosts);
    note_what_is_kept();
    for (auto& [name, one] : promises_) {
        if (one.kind == nat::OwnerKind::static_ || one.inside.address != address(host)) continue;
        one.there = false;
        one.sure = true;
        one.change = ++change_;
    }
    world_.see_neighbour(address(host), Mac{{2, 1, 0, 0, 0, ++devices_}});
    note_what_is_kept();
}

std::size_t Household::sure() const {
    return static_cast<std::size_t>(std::count_if(promises_.begin(), promises_.end(),
                                                  [](const auto& one) { return one.second.sure; }));
}

void Household::require_promises() {
    note_what_is_kept();
    const nat::Engine& engine = world_.house().engine();
    for (const auto& [name, one] : promises_) {
        const nat::Forward* found = engine.find_forward(one.proto, one.outside, {});
        const bool there =
            found != nullptr && found->owner.kind == one.kind && found->inside == one.inside;
        std::string wrong;
        if (one.there && world_.now() > one.latest + kTick) {
            if (there) wrong = "is over and still there";
        } else if (one.sure && !one.there) {
            if (there) wrong = "was ended and is back";
        } else if (must_be_there(one)) {
            if (!there) wrong = "was promised and is lost";
        }
        BOOST_TEST(wrong.empty(), name << " at " << one.outside.number << " " << wrong << "\n"
                                       << world_.told());
    }
}

}  // namespace gatehouse::world
