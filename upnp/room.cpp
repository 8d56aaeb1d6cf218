// SPDX-License-Identifier: GPL-2.0-or-later
#include "upnp/room.h"

#include <algorithm>
#include <limits>

#include "gateway/base/text.h"
#include "upnp/pcp.h"

namespace gatehouse::upnp {

namespace {

constexpr Duration kBetweenMessages = 10ms;
constexpr std::size_t kLongestDatagram = 1500;

std::uint32_t seconds_since(Instant epoch, Instant now) {
    return static_cast<std::uint32_t>(whole_seconds(now - epoch));
}

std::optional<Instant> earlier(std::optional<Instant> a, std::optional<Instant> b) {
    if (!a) return b;
    if (!b) return a;
    return std::min(*a, *b);
}

}  // namespace

Room::Room(const config::Config& config, nat::MappingService& service, const nat::Hosts& hosts,
           Metrics& metrics, const Setup& setup, Instant now)
    : config_(config),
      service_(service),
      hosts_(hosts),
      metrics_(metrics),
      identity_(setup.identity),
      secret_(setup.secret),
      starts_(setup.starts),
      boot_(setup.boot),
      version_(setup.version),
      authority_(hosts),
      claims_(service, hosts, authority_),
      upstream_(setup.identity),
      subscription_(service.subscribe([this](const nat::ServiceNotice& notice) {
          if (notice.kind != nat::ServiceNotice::Kind::outside_changed && upstream_.is_needed()) {
              touched_.push_back(notice.forward);
          }
      })),
      gena_(setup.secret),
      epoch_(now),
      outside_(service.outside_address().address),
      connected_since_(now),
      last_events_(now) {
    authority_.configure(config_.upnp);
    gena_.set_limits(config_.upnp.subscriptions, config_.upnp.host_subscriptions);
    const JournalImage image = parse_journal(setup.journal, boot_, now);
    if (image.epoch && !image.damaged) epoch_ = *image.epoch;
    claims_.restore(image, now);
    claims_.begin_journal(boot_, epoch_);
    told_generation_ = claims_.generation();
    claims_.set_taken([this](Proto proto, Port port) { return is_taken({proto, port}); });
}

Room::~Room() {
    service_.unsubscribe(subscription_);
}

void Room::handle(const Event& event, Instant now, Effects& out) {
    handled_at_ = now;  // what follows may ask whether a port is taken
    std::visit([&](const auto& e) { on(e, now, out); }, event);
    settle(now, out);
}

std::uint64_t Room::random(std::uint64_t below) {
    return siphash_words(secret_, ++randoms_, 7) % below;
}

std::optional<Lan> Room::lan_named(std::string_view name) const {
    for (const Lan& lan : authority_.lans()) {
        if (lan.name == name && !lan.addresses.empty()) return lan;
    }
    return std::nullopt;
}

void Room::on(const LansSeen& event, Instant now, Effects& out) {
    if (event.lans == authority_.lans()) return;
    // The addresses of the descriptions change with those of the router.
    if (was_alive_) leave(out);
    if (was_alive_) ++lives_;
    authority_.set_lans(event.lans);
    listen(out);
    begin_announcing(now);
    if (!config_.upnp.igd) return;
    if (!was_alive_) say_byebye(out.sends);
    was_alive_ = true;
    hasty_alives_ = 2;
    alive_at_ = now + kAliveGap;
}

void Room::on(const Reconfigured& event, Instant now, Effects& out) {
    const bool was_on = config_.upnp.igd;
    const bool other_port = config_.upnp.port != event.config.upnp.port;
    if (was_on && (!event.config.upnp.igd || other_port)) leave(out);
    config_ = event.config;
    authority_.configure(config_.upnp);
    gena_.set_limits(config_.upnp.subscriptions, config_.upnp.host_subscriptions);
    claims_.judge_again(now);
    listen(out);
    if (config_.upnp.igd && (!was_on || other_port)) {
        ++lives_;
        hasty_alives_ = 2;
        alive_at_ = now + kAliveGap;
    }
    if (!config_.upnp.igd) {
        alive_at_.reset();
        gena_.forget_all();
    }
}

void Room::listen(Effects& out) {
    const config::Upnp& upnp = config_.upnp;
    out.listen = {authority_.lans(), upnp.igd, upnp.natpmp || upnp.pcp, upnp.port};
}

void Room::on(const Datagram& event, Instant now, Effects& out) {
    const IpAddress& from = event.from.address;
    const bool ssdp = event.service == Service::ssdp;
    if (ssdp ? !authority_.is_near(event.lan, from) : !authority_.is_on_link(event.lan, from)) {
        return note_denial(Denial::off_link, "datagram", from, now, out);
    }
    if (ssdp) return search(event, now, out);
    ask(event, now, out);
}

void Room::on(const WanCounters& event, Instant, Effects&) {
    counters_ = event;
}

void Room::on(const HostChanged& event, Instant now, Effects&) {
    claims_.host_changed(event.address, now);
}

void Room::on(const ForwardsInUse& event, Instant now, Effects& out) {
    claims_.in_use(event.ids, now, out);
}

void Room::on(const NotifyDone& event, Instant now, Effects& out) {
    gena_.done(event, values(now), out);
}

void Room::on(const JournalLost&, Instant, Effects&) {
    claims_.begin_journal(boot_, epoch_);
}

void Room::on(const TimerFired&, Instant now, Effects& out) {
    tick(now, out);
}

void Room::search(const Datagram& event, Instant now, Effects& out) {
    if (!config_.upnp.igd) return;
    const auto search = parse_search(event.bytes);
    if (!search) {
        // The announcements of others arrive here, too.
        if (!event.bytes.starts_with("NOTIFY")) metrics_.add(Metric::ssdp_searches, "malformed");
        return;
    }
    const auto lan = lan_named(event.lan);
    const auto found = found_by(*search, identity_);
    const bool v6 = event.from.address.is_v6();
    if (!lan || found.empty() || (v6 && lan->addresses6.empty())) {
        return metrics_.add(Metric::ssdp_searches, "unknown");
    }
    const SsdpFacts said = facts(v6 ? IpAddress(lan->addresses6.front().address)
                                    : IpAddress(lan->addresses.front().address));
    const bool alone = event.alone || event.to || search->mx == 0s;
    const auto spread = static_cast<std::uint64_t>(
        std::max<Duration>(search->mx - 500ms, kBetweenMessages).count());
    Duration delay{};
    for (const Advertisement& one : found) {
        Send send;
        send.lan = event.lan;
        send.to = event.from;
        send.bytes = write_search_answer(said, one);
        send.from = event.to;
        if (!budget_.take(event.from.address, send.bytes.size(), now)) {
            return metrics_.add(Metric::ssdp_searches, "budget");
        }
        delay = alone ? delay + 1ms : Duration(random(spread) / found.size()) + delay;
        send.delay = delay;
        out.sends.push_back(std::move(send));
    }
    metrics_.add(Metric::ssdp_searches, "answered");
}

void Room::ask(const Datagram& event, Instant now, Effects& out) {
    if (is_waiting(event)) return;
    const MappingContext context{claims_, service_,       authority_, hosts_,
                                 epoch_,  told_address(), now};
    auto reply = answer_mapping(context, event.from.address, as_bytes(event.bytes));
    if (!reply) return;
    if (reply->made) {
        Waiting wanted;
        wanted.request = event;
        if (wait_for_upstream(std::move(wanted), *reply->made, now)) return;
    }
    const bool pcp = reply->bytes[0] == static_cast<char>(pcp::kVersion);
    metrics_.add(pcp ? Metric::pcp_requests : Metric::natpmp_requests, reply->result);
    if (reply->denial) {
        note_denial(*reply->denial, pcp ? "pcp" : "natpmp", event.from.address, now, out);
    }
    Send send;
    send.service = Service::mapping;
    send.lan = event.lan;
    send.to = event.from;
    send.bytes = std::move(reply->bytes);
    send.made = reply->made;
    send.from = event.to;
    out.sends.push_back(std::move(send));
}

// RFC 6887 9: each version in its own words; a version that is not spoken in those of one that is.
std::optional<MappingReply> Room::answer_mapping(const MappingContext& context,
                                                 const IpAddress& client, Bytes bytes) const {
    if (bytes.size() < 2 || bytes.size() > kLongestDatagram) return std::nullopt;
    const bool is_response = (bytes[1] & 128U) != 0;
    if (is_response) return std::nullopt;
    const std::uint8_t version = bytes[0];
    const bool natpmp = config_.upnp.natpmp && client.is_v4();
    if (version == 0 && natpmp) return natpmp::answer(context, client.v4(), bytes);
    if (version == pcp::kVersion && config_.upnp.pcp) {
        return pcp::answer(context, client, bytes);
    }
    if (config_.upnp.pcp) {
        return MappingReply{
            pcp::error_answer(bytes, pcp::Result::unsupp_version, context.epoch_seconds()),
            to_string(pcp::Result::unsupp_version),
            {},
            {}};
    }
    if (natpmp) {
        return MappingReply{
            natpmp::unsupported_version(context.epoch_seconds()), "version", {}, {}};
    }
    return std::nullopt;
}

SsdpFacts Room::facts(const IpAddress& router) const {
    // It never goes back, and a start has the numbers of kLives.
    constexpr std::uint32_t kLives = 256;
    constexpr std::uint32_t kStarts = 1U << 23U;  // BOOTID has 31 bits
    const std::uint32_t boot = starts_ % kStarts * kLives + std::min(lives_, kLives - 1);
    return {identity_, version_, {router, config_.upnp.port}, boot};
}

void Room::visit_groups(const EachGroup& each) const {
    for (const Lan& lan : authority_.lans()) {
        if (lan.addresses.empty()) continue;
        each(lan, facts(lan.addresses.front().address));
        if (lan.addresses6.empty()) continue;
        // All of a house is in its site.
        for (const Ip6& group : {kSsdpGroups6[0], kSsdpGroups6[1]}) {
            SsdpFacts said = facts(lan.addresses6.front().address);
            said.group = {group, kSsdpPort};
            each(lan, said);
        }
    }
}

void Room::send_alive(Effects& out) {
    visit_groups([&](const Lan& lan, const SsdpFacts& facts) {
        Duration delay{};
        for (const Tree tree : kTrees) {
            for (const Advertisement& one : advertisements(tree, identity_)) {
                out.sends.push_back(
                    {Service::ssdp, lan.name, facts.group, write_alive(facts, one), delay, {}});
                delay += kBetweenMessages;
            }
        }
    });
}

void Room::leave(Effects& out) const {
    if (config_.upnp.igd) say_byebye(out.farewells);
}

void Room::say_byebye(std::vector<Send>& out) const {
    visit_groups([&](const Lan& lan, const SsdpFacts& facts) {
        for (const Tree tree : kTrees) {
            for (const Advertisement& one : advertisements(tree, identity_))
                out.push_back(
                    {Service::ssdp, lan.name, facts.group, write_byebye(facts, one), {}, {}});
        }
    });
}

void Room::begin_announcing(Instant now) {
    announcements_ = 0;
    announce_at_ = now;
}

void Room::announce_address(Instant now, Effects& out) {
    const std::uint32_t epoch = seconds_since(epoch_, now);
    for (const Lan& lan : authority_.lans()) {
        if (lan.addresses.empty()) continue;
        const Endpoint to{kAllHosts, kAnnouncePort};
        if (config_.upnp.natpmp) {
            out.sends.push_back(
                {Service::mapping, lan.name, to, natpmp::announcement(outside_, epoch), {}, {}});
        }
        if (config_.upnp.pcp) {
            out.sends.push_back({Service::mapping, lan.name, to, pcp::announcement(epoch), {}, {}});
        }
        if (config_.upnp.pcp && !lan.addresses6.empty()) {
            const Endpoint to6{kAllHosts6, kAnnouncePort};
            out.sends.push_back(
                {Service::mapping, lan.name, to6, pcp::announcement(epoch), {}, {}});
        }
    }
    ++announcements_;
    announce_at_.reset();
    if (announcements_ < kAnnouncements) {
        announce_at_ = now + kFirstAnnouncement * (1U << (announcements_ - 1));
    }
}

void Room::tick(Instant now, Effects& out) {
    if (alive_at_ && *alive_at_ <= now) {
        send_alive(out);
        const bool hasty = hasty_alives_ > 1;
        if (hasty_alives_ > 0) --hasty_alives_;
        alive_at_ = now + (hasty ? Duration(1s) : kAlivePeriod) + Duration(random(100'000'000));
    }
    if (announce_at_ && *announce_at_ <= now) announce_address(now, out);
    claims_.tick(now, out);
    gena_.expire(now);
    gena_.welcome(values(now), now, out);
}

void Room::settle(Instant now, Effects& out) {
    handled_at_ = now;
    follow_link(now, out);
    follow_forwards(now);
    upstream_.tick(now, out);
    go_on_waiting(now, out);
    const Ip4 outside = told_address();
    if (outside != outside_) {
        outside_ = outside;
        connected_since_ = now;
        changed_ = true;
        // RFC 6887 8.5: with the address what was given there is gone for its clients.
        epoch_ = now;
        claims_.begin_journal(boot_, epoch_);
        begin_announcing(now);
        announce_address(now, out);
    }
    if (claims_.generation() != told_generation_) {
        told_generation_ = claims_.generation();
        changed_ = true;
        ++update_id_;
    }
    claims_.write_journal(now, out);
    if (changed_ && !events_at_) events_at_ = std::max(now, last_events_ + kEventGap);
    tell_subscribers(now, out);
}

void Room::tell_subscribers(Instant now, Effects& out) {
    if (!events_at_ || *events_at_ > now) return;
    events_at_.reset();
    changed_ = false;
    last_events_ = now;
    gena_.refresh(values(now), now, out);
}

std::optional<Instant> Room::next_deadline() const {
    std::optional<Instant> next = earlier(alive_at_, announce_at_);
    next = earlier(next, events_at_);
    next = earlier(next, claims_.next_deadline());
    next = earlier(next, upstream_.next_deadline());
    for (const Waiting& waiting : waiting_)
        next = earlier(next, waiting.deadline);
    return earlier(next, gena_.next_deadline());
}

DeviceState Room::state(Instant now) {
    return {claims_,          service_,         hosts_,     authority_,     identity_, counters_,
            config_.timeouts, connected_since_, update_id_, told_address(), now};
}

Gena::Values Room::values(Instant now) {
    return [this, now](Tree tree, const ServiceModel& model) {
        return evented_values(state(now), tree, model);
    };
}

void Room::note_denial(Denial denial, std::string_view verb, const IpAddress& client, Instant now,
                       Effects& out) {
    metrics_.add(Metric::port_requests_denied, to_string(denial));
    const auto passed = denials_.allow(to_string(denial), now);
    if (!passed) return metrics_.add(Metric::log_lines_suppressed);
    LogLine line{Level::warning,
                 "upnp",
                 "refused",
                 {{"what", std::string(verb)},
                  {"client", client.to_string()},
                  {"reason", std::string(to_string(denial))}}};
    if (*passed > 0) line.fields.emplace_back("suppressed", std::to_string(*passed));
    out.log.push_back(std::move(line));
}

}  // namespace gatehouse::upnp
