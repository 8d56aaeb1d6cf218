// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/house.h"

#include <algorithm>
#include <utility>

#include "gateway/base/text.h"
#include "gateway/daemon/parts.h"

namespace gatehouse::daemon {

namespace {

LogLine line(Level level, std::string_view room, std::string fact,
             std::vector<LogLine::Field> fields = {}) {
    return {level, room, std::move(fact), std::move(fields)};
}

const Interface* find(const std::vector<Interface>& interfaces, std::string_view name) {
    const auto found = std::find_if(interfaces.begin(), interfaces.end(),
                                    [name](const Interface& i) { return i.name == name; });
    return found == interfaces.end() ? nullptr : &*found;
}

std::string address_text(const Interface& interface) {
    return interface.addresses.empty() ? "none" : interface.addresses.front().to_string();
}

bool overlap(const Prefix4& a, const Prefix4& b) {
    return a.contains(b.network()) || b.contains(a.network());
}

std::string text_of(std::optional<Ip4> address) {
    return address ? address->to_string() : "none";
}

}  // namespace

std::vector<Ip4> outside_addresses_of(const Interface& wan) {
    std::vector<Ip4> out;
    for (const Prefix4& one : wan.addresses) {
        const Prefix4& best = wan.addresses.front();
        const bool same_purpose =
            reach_of(one.address) == reach_of(best.address) &&
            (one.length == 32 || (one.length == best.length && best.contains(one.address)));
        if (&one == &best || same_purpose) out.push_back(one.address);
    }
    return out;
}

void Effects::clear() {
    steps.clear();
    nat.clear();
    dhcp.clear();
    sip.clear();
    upnp.clear();
    events.clear();
    save_forwards = false;
}

House::House(const HashKey& key) : key_(key), dhcp_(key) {
    hosts_.subscribe(
        [this](const IpAddress& address, const nat::Host*) { changed_hosts_.push_back(address); });
}

void House::handle(const Event& event, Instant now, Effects& out) {
    std::visit([&](const auto& e) { on(e, now, out); }, event);
    settle_upnp(now, out);
    set_timer(out);
}

void House::handle(const nat::Event& event, Instant now, Effects& out) {
    if (std::holds_alternative<nat::FirstPacket>(event)) {
        metrics_.add(Metric::first_packets);
        // A mapping more changes nothing for the rooms, and no deadline.
        return tell_engine(event, now, out);
    }
    if (std::holds_alternative<nat::EventsLost>(event)) metrics_.add(Metric::netlink_overruns);
    // What this makes the engine write is in force in the next turn.
    const bool compares = std::holds_alternative<nat::AdoptElements>(event) ||
                          std::holds_alternative<nat::ElementsSeen>(event);
    if (compares) drop_at_ = now;
    tell_engine(event, now, out);
    settle_upnp(now, out);
    set_timer(out);
}

void House::flush_nat(Instant now, Effects& out) {
    const std::size_t first = out.nat.notices.size();
    engine_->flush(out.nat);
    log_notices(now, out, first);
    settle_upnp(now, out);
    set_timer(out);
}

void House::tell_engine(const nat::Event& event, Instant now, Effects& out) {
    if (!engine_) return;
    const std::size_t first = out.nat.notices.size();
    engine_->handle(event, now, out.nat);
    log_notices(now, out, first);
}

void House::set_timer(Effects& out) {
    std::optional<Instant> next = load_at_;
    if (drop_at_ && (!next || *drop_at_ < *next)) next = drop_at_;
    if (engine_) {
        const auto deadline = engine_->next_deadline();
        if (deadline && (!next || *deadline < *next)) next = deadline;
    }
    const auto lease = dhcp_.next_deadline();
    if (lease && (!next || *lease < *next)) next = lease;
    const auto of_sip = kHasSip && sip_ ? sip_->next_deadline() : std::nullopt;
    if (of_sip && (!next || *of_sip < *next)) next = of_sip;
    const auto room = kHasUpnp && upnp_ ? upnp_->next_deadline() : std::nullopt;
    if (room && (!next || *room < *next)) next = room;
    if (next == timer_) return;
    timer_ = next;
    if (next) out.steps.emplace_back(SetTimer{*next});
}

const Interface* House::interface(std::string_view name) const {
    return find(interfaces_, name);
}

bool House::is_inside(const IpAddress& address) const {
    const auto has = [&address](const Interface& lan) {
        if (address.is_v4()) {
            return std::any_of(lan.addresses.begin(), lan.addresses.end(),
                               [&](const Prefix4& one) { return one.contains(address.v4()); });
        }
        return std::any_of(lan.addresses6.begin(), lan.addresses6.end(),
                           [&](const Prefix6& one) { return one.contains(address.v6()); });
    };
    return std::any_of(config_.gateway.lan.begin(), config_.gateway.lan.end(),
                       [&](const std::string& name) {
                           const Interface* lan = interface(name);
                           return lan != nullptr && has(*lan);
                       });
}

std::vector<Prefix4> House::inside_prefixes() const {
    std::vector<Prefix4> out;
    for (const std::string& name : config_.gateway.lan) {
        const Interface* lan = interface(name);
        if (lan != nullptr) out.insert(out.end(), lan->addresses.begin(), lan->addresses.end());
    }
    return out;
}

void House::on(const Started& event, Instant now, Effects& out) {
    started_ = now;
    config_ = event.config;
    abilities_ = event.abilities;
    host_name_ = event.host_name;
    publish_static_hosts(now, out);
    changed_hosts_.clear();
    engine_ = std::make_unique<nat::Engine>(config_, hosts_, nat::EngineOptions{key_}, now);
    if (kHasSip) sip_ = std::make_unique<sip::Alg>(config_.sip, *engine_, &hosts_);
    tell_engine(nat::ReservedPorts{router_ports_}, now, out);
    update_outside(now, out);
    configure_dhcp(now, out);
    restore(event.forwards, now, out);
    start_upnp(event.upnp, now, out);
    out.steps.emplace_back(SetTimeouts{config_.timeouts});
    want_ruleset(now, out);
}

// Before what devices had, whose journal a power cut may have left with forwards that were given
// back since: what the owner wanted comes first.
void House::restore(const std::vector<nat::ForwardRequest>& forwards, Instant now, Effects& out) {
    for (const nat::ForwardRequest& request : forwards) {
        const auto made = engine_->request(request, now);
        if (made) continue;
        out.steps.emplace_back(line(Level::warning, "daemon", "forward not restored",
                                    {{"proto", to_string(request.proto)},
                                     {"outside", std::to_string(request.outside->number)},
                                     {"inside", request.inside.to_string()},
                                     {"reason", made.error().to_string()}}));
    }
    const std::size_t first = out.nat.notices.size();
    engine_->flush(out.nat);
    log_notices(now, out, first);
}

void House::on(const Reconfigured& event, Instant now, Effects& out) {
    config_ = event.config;
    publish_static_hosts(now, out);
    update_outside(now, out);
    tell_engine(nat::Reconfigured{config_}, now, out);
    configure_dhcp(now, out);
    tell_sip(sip::Reconfigured{config_.sip}, now, out);
    tell_upnp(upnp::Reconfigured{config_}, now, out);
    update_lans(now, out);
    out.steps.emplace_back(SetTimeouts{config_.timeouts});
    want_ruleset(now, out);
}

void House::publish_static_hosts(Instant now, Effects& out) {
    hosts_.withdraw_all(nat::HostSource::static_);
    for (const config::StaticLease& lease : config_.static_leases) {
        const auto mac = lease.macs.empty() ? std::nullopt : std::optional(lease.macs.front());
        hosts_.publish(lease.address, nat::HostSource::static_, mac, lease.name);
    }
    tell_changed_hosts(now, out);
}

void House::tell_changed_hosts(Instant now, Effects& out) {
    for (const IpAddress& address : std::exchange(changed_hosts_, {})) {
        tell_engine(nat::HostChanged{address}, now, out);
        tell_upnp(upnp::HostChanged{address}, now, out);
    }
}

void House::on(const PortsSeen& event, Instant now, Effects& out) {
    if (event.ports == router_ports_) return;
    router_ports_ = event.ports;
    tell_engine(nat::ReservedPorts{router_ports_}, now, out);
    if (loaded_once_) out.steps.emplace_back(SetRouterPorts{router_ports_});
    update_name_servers(now, out);
}

void House::on(const NeighbourSeen& event, Instant now, Effects& out) {
    if (event.mac && is_inside(event.address)) {
        hosts_.publish(event.address, nat::HostSource::neighbour, event.mac);
    } else {
        hosts_.withdraw(event.address, nat::HostSource::neighbour);
    }
    tell_changed_hosts(now, out);
}

void House::want_ruleset(Instant now, Effects& out) {
    nat::RulesetInput input = nat::ruleset_input(config_);
    input.timeout_objects = abilities_.timeout_objects;
    input.map_lookups = abilities_.map_lookups;
    input.element_counters = abilities_.element_counters;
    input.sip_proxy = abilities_.sip_proxy;
    input.sip_ports = sip_ports();
    if (!abilities_.session_counts) input.host_sessions = 0;
    std::string text = nat::write_ruleset(input);
    if (text == wanted_) return;
    wanted_ = std::move(text);
    load(now, out);
}

void House::load(Instant now, Effects& out) {
    load_at_.reset();
    if (loading_) {
        again_ = true;
        return;
    }
    loading_ = true;
    again_ = false;
    last_load_ = now;
    out.steps.emplace_back(LoadRuleset{wanted_});
}

void House::on(const RulesetDone& event, Instant now, Effects& out) {
    loading_ = false;
    metrics_.add(Metric::ruleset_applies, event.error ? "failed" : "ok");
    if (event.error) {
        if (!loaded_once_) {
            out.steps.emplace_back(EndWithError{event.error->text});
            return;
        }
        out.steps.emplace_back(line(Level::error, "nat", "ruleset refused by the kernel",
                                    {{"reason", event.error->text},
                                     {"again_in", std::to_string(whole_seconds(retry_)) + "s"}}));
        load_at_ = now + retry_;
        retry_ = std::min(retry_ * 2, kLongestRetry);
        return;
    }
    retry_ = kFirstRetry;
    out.steps.emplace_back(SetRouterPorts{router_ports_});
    if (!forwarding_) {
        forwarding_ = true;
        out.steps.emplace_back(EnableForwarding{});
    }
    if (refusals_.allow("ruleset_loaded", now)) {
        out.steps.emplace_back(line(
            loaded_once_ ? Level::info : Level::notice, "nat", "ruleset loaded",
            {{"wan", config_.gateway.wan}, {"firewall", config_.gateway.firewall ? "1" : "0"}}));
    }
    if (!loaded_once_ || touched_) {
        out.steps.emplace_back(DropUntranslated{inside_prefixes(), outside_addresses_});
    }
    if (!loaded_once_) out.steps.emplace_back(AdoptElements{});
    if (touched_) out.nat.dump_elements = true;
    touched_ = false;
    loaded_once_ = true;
    if (again_) load(now, out);
}

void House::on(const TableTouched& event, Instant now, Effects& out) {
    if (!loaded_once_) return;
    touched_ = true;
    const Instant earliest = last_load_ + kRepairPause;
    // One that waits for longer was refused by a table that is another one now.
    if (load_at_ && *load_at_ <= earliest) return;
    metrics_.add(Metric::ruleset_repairs);
    if (refusals_.allow("table_repaired", now)) {
        out.steps.emplace_back(line(Level::warning, "nat",
                                    "table changed by another program, loading again",
                                    {{"by", event.by}}));
    } else {
        metrics_.add(Metric::log_lines_suppressed);
    }
    tell("table_repaired", {{"by", event.by}}, out);
    if (now >= earliest) {
        load(now, out);
        return;
    }
    load_at_ = earliest;
}

void House::on(const TimerFired&, Instant now, Effects& out) {
    timer_.reset();
    if (load_at_ && *load_at_ <= now) load(now, out);
    if (drop_at_ && *drop_at_ <= now) {
        drop_at_.reset();
        out.steps.emplace_back(DropUntranslated{inside_prefixes(), outside_addresses_});
    }
    tell_engine(nat::TimerFired{}, now, out);
    tell_dhcp(dhcp::TimerFired{}, now, out);
    tell_sip(sip::TimerFired{}, now, out);
    tell_upnp(upnp::TimerFired{}, now, out);
}

void House::on(const LinksSeen& event, Instant now, Effects& out) {
    const std::vector<Interface> before = std::exchange(interfaces_, event.interfaces);
    const auto note = [&](const std::string& name) {
        note_interface(find(before, name), find(interfaces_, name), name, out);
    };
    note(config_.gateway.wan);
    std::for_each(config_.gateway.lan.begin(), config_.gateway.lan.end(), note);
    update_outside(now, out);
    update_dhcp_links(now, out);
    update_lans(now, out);
}

void House::note_interface(const Interface* before, const Interface* after, std::string_view name,
                           Effects& out) {
    const auto say = [&](std::string fact, std::vector<LogLine::Field> fields = {}) {
        fields.insert(fields.begin(), {"name", std::string(name)});
        metrics_.add(Metric::link_changes);
        tell("link_changed", {{"name", std::string(name)}, {"what", fact}}, out);
        out.steps.emplace_back(line(Level::info, "gateway", std::move(fact), std::move(fields)));
    };
    if (before == nullptr && after == nullptr) return;
    if (after == nullptr) return say("interface is gone");
    if (before == nullptr) {
        return say("interface is there",
                   {{"running", after->running ? "1" : "0"}, {"address", address_text(*after)}});
    }
    if (before->running != after->running) {
        say(after->running ? "interface down -> up" : "interface up -> down");
    }
    if (before->addresses != after->addresses) {
        say("interface address " + address_text(*before) + " -> " + address_text(*after));
    }
}

// RFC 4787 REQ-7: the addresses of the interfaces are not ours to change, but nobody would find out
// why half of the internet, or of the house, cannot be reached.
void House::look_for_overlap(const Interface* wan, Effects& out) {
    std::vector<LogLine::Field> fields;
    for (const std::string& name : config_.gateway.lan) {
        const Interface* lan = interface(name);
        if (wan == nullptr || lan == nullptr || wan == lan) continue;
        for (const Prefix4& inside : lan->addresses) {
            for (const Prefix4& outside : wan->addresses) {
                if (!overlap(inside, outside) || !fields.empty()) continue;
                fields = {{"outside", outside.to_string()},
                          {"inside", inside.to_string()},
                          {"name", name}};
            }
        }
    }
    const bool overlaps = !fields.empty();
    if (std::exchange(networks_overlap_, overlaps) == overlaps || !overlaps) return;
    out.steps.emplace_back(line(Level::warning, "gateway",
                                "the networks outside and inside overlap, change one of them",
                                std::move(fields)));
}

void House::update_outside(Instant now, Effects& out) {
    if (!engine_) return;
    const Interface* wan = interface(config_.gateway.wan);
    look_for_overlap(wan, out);
    const bool running = wan != nullptr && wan->running;
    std::vector<Ip4> seen;
    if (wan != nullptr) seen = outside_addresses_of(*wan);
    if (wan != nullptr && !running) {
        // Without routes the best address may be another one; what it had counts.
        std::vector<Ip4> kept = outside_addresses_;
        std::erase_if(kept, [wan](Ip4 address) {
            return std::none_of(wan->addresses.begin(), wan->addresses.end(),
                                [&](const Prefix4& one) { return one.address == address; });
        });
        if (!kept.empty()) seen = std::move(kept);
    }
    const bool reached = running && !seen.empty();
    const std::optional<Ip4> first = reached ? std::optional(seen.front()) : std::nullopt;
    if (first != outside_) {
        const std::string_view reach = to_string(reach_of(first.value_or(Ip4{})));
        out.steps.emplace_back(
            line(Level::notice, "gateway",
                 "outside address " + text_of(outside_) + " -> " + text_of(first),
                 {{"reach", std::string(reach)}}));
        tell("outside_changed",
             {{"from", text_of(outside_)}, {"to", text_of(first)}, {"reach", std::string(reach)}},
             out);
        outside_ = first;
        // While the rules did not know the link, answers to the house were taken for the router's
        // own: what the kernel remembers of them is in the way of the mappings that come now.
        if (first && loaded_once_ && !drop_at_) drop_at_ = now + kSettling;
    }
    // A link that is down takes nothing from the hosts while it has its addresses: when it comes
    // back, their sessions go on.
    if (seen == outside_addresses_) return;
    outside_addresses_ = seen;
    tell_engine(nat::OutsideChanged{std::move(seen)}, now, out);
}

}  // namespace gatehouse::daemon
