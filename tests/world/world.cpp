// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/world/world.h"

#include <algorithm>

#include "gateway/base/text.h"

namespace gatehouse::world {

config::Config house_config() {
    config::Config config;
    config.gateway.wan = "wan0";
    config.gateway.lan = {"br-lan"};
    return config;
}

World::World(std::uint64_t seed) : random_(seed), wanted_(house_config()) {
    kernel_.interfaces = {
        {"br-lan", true, {{Ip4::of(192, 168, 1, 1), 24}}, {{*parse_ip6("2001:db8:1::1"), 64}}},
        {"lo", true, {{Ip4::of(127, 0, 0, 1), 8}}, {}},
        {"wan0", true, {{Ip4::of(11, 0, 0, 1), 24}}, {}},
    };
}

Duration World::up_to(Duration most) {
    if (most <= Duration::zero()) return Duration::zero();
    return Duration(
        static_cast<Duration::rep>(random_.below(static_cast<std::uint64_t>(most.count()) + 1)));
}

void World::start(const config::Config& config) {
    wanted_ = config;
    ++life_;
    timer_.reset();
    start_failure_.reset();
    house_ = std::make_unique<daemon::House>(HashKey::make(random_));
    handle(daemon::LinksSeen{kernel_.interfaces});
    handle(daemon::Started{config, {}});
    if (house_) tell(dhcp::Restored{dhcp::read_journal(journal_, boot_, now_).leases});
}

void World::kill() {
    house_.reset();
    timer_.reset();
    ++life_;
}

void World::reboot() {
    kill();
    ++boot_[0];
    kernel_.flush();
    kernel_.sessions.clear();
}

void World::reconfigure(const config::Config& config) {
    wanted_ = config;
    if (house_) handle(daemon::Reconfigured{config});
}

void World::handle(const daemon::Event& event) {
    daemon::Effects effects;
    house_->handle(event, now_, effects);
    perform(effects);
}

void World::handle(const nat::Event& event) {
    daemon::Effects effects;
    house_->handle(event, now_, effects);
    perform(effects);
}

void World::tell(const dhcp::Event& event) {
    if (!house_) return;
    daemon::Effects effects;
    house_->handle(event, now_, effects);
    perform(effects);
}

void World::perform(const dhcp::Effects& effects) {
    if (!effects.changes.empty()) {
        if (journal_.empty()) dhcp::append_magic(journal_);
        dhcp::append_boot(journal_, boot_);
    }
    for (const dhcp::Change& change : effects.changes)
        dhcp::append_change(journal_, change, now_);
    // Devices hear of it a moment later, when all of this is done.
    for (const dhcp::Send& send : effects.sends) {
        later(1ms, [this, send] {
            if (on_dhcp_sent) on_dhcp_sent(send);
        });
    }
    for (const dhcp::ArpProbe& probe : effects.probes) {
        later(1ms, [this, probe] {
            if (on_arp_probe) on_arp_probe(probe.address);
        });
    }
}

// As the daemon does it: all effects, then those that come of them.
void World::perform(daemon::Effects& effects) {
    daemon::Effects next;
    while (house_ && !effects.empty()) {
        for (const daemon::Step& step : effects.steps) {
            if (house_) perform(step, next);
        }
        if (house_) commit(effects.nat, next);
        if (house_) look(effects.sip, next);
        if (house_) perform(effects.dhcp);
        std::swap(effects, next);
        next.clear();
    }
}

void World::look(const sip::Effects& effects, daemon::Effects& next) {
    for (const sip::MediaSession& one : effects.strangers) {
        std::erase_if(kernel_.sessions, [&one](const nat::Session& session) {
            return session.inside == one.inside && session.remote == one.remote;
        });
    }
    if (!effects.look) return;
    std::vector<sip::MediaSession> seen;
    for (const nat::Session& one : kernel_.sessions) {
        if (!house_->sip().is_looked_at(one.inside)) continue;
        sip::MediaSession session;
        session.inside = one.inside;
        session.remote = one.remote;
        session.from_outside = session.heard = one.from_outside;
        session.ends = now_ + one.expires;
        seen.push_back(session);
    }
    house_->handle(sip::MediaSeen{seen}, now_, next);
}

void World::perform(const daemon::Step& step, daemon::Effects& next) {
    if (const auto* line = std::get_if<LogLine>(&step)) {
        lines_.push_back(concat(whole_seconds(now_.time_since_epoch()), "s ", line->to_string()));
        if (lines_.size() > 40) lines_.pop_front();
    } else if (const auto* timer = std::get_if<daemon::SetTimer>(&step)) {
        timer_ = timer->at;
    } else if (std::holds_alternative<daemon::EnableForwarding>(step)) {
        kernel_.enable_forwarding();
    } else if (const auto* ruleset = std::get_if<daemon::LoadRuleset>(&step)) {
        load(ruleset->text, next);
    } else if (std::holds_alternative<daemon::AdoptElements>(step)) {
        tell_elements(true, next);
    } else if (const auto* end = std::get_if<daemon::EndWithError>(&step)) {
        start_failure_ = end->text;
        kill();
    }
}

void World::load(const std::string& text, daemon::Effects& next) {
    count_load();
    if (slow_loads_ == Duration::zero()) {
        house_->handle(daemon::RulesetDone{kernel_.load(text)}, now_, next);
        return;
    }
    later(up_to(slow_loads_), [this, text, life = life_] {
        if (house_ && life == life_) handle(daemon::RulesetDone{kernel_.load(text)});
    });
}

void World::commit(const nat::Effects& effects, daemon::Effects& next) {
    for (const nat::Batch& batch : effects.batches) {
        const std::span<const nat::Edit> edits(effects.edits.data() + batch.first, batch.count);
        const bool done = kernel_.commit(edits);
        const nat::Event answer =
            done ? nat::Event(nat::Committed{batch.id})
                 : nat::Event(nat::CommitFailed{batch.id, kernel_.why_refused()});
        if (done) {
            for (const nat::Verdict& verdict : effects.verdicts) {
                if (verdict.after == batch.id) kernel_.verdicts.push_back(verdict);
            }
        }
        house_->handle(answer, now_, next);
    }
    for (const nat::Verdict& verdict : effects.verdicts) {
        if (verdict.after == 0) kernel_.verdicts.push_back(verdict);
    }
    if (!effects.pinholes.empty() && !kernel_.commit(effects.pinholes)) {
        house_->handle(nat::PinholesFailed{}, now_, next);
    }
    if (effects.dump_elements) tell_elements(false, next);
    if (!effects.dump_sessions) return;
    house_->handle(nat::SessionsBegin{}, now_, next);
    house_->handle(nat::SessionsSeen{kernel_.sessions}, now_, next);
    house_->handle(nat::SessionsEnd{}, now_, next);
}

void World::tell_elements(bool adopt, daemon::Effects& next) {
    const std::vector<nat::Element> seen = kernel_.elements();
    const std::vector<nat::PinholeElement> holes = kernel_.pinholes();
    if (adopt) {
        house_->handle(nat::AdoptElements{seen, holes}, now_, next);
    } else {
        house_->handle(nat::ElementsSeen{seen, holes}, now_, next);
    }
}

void World::lose_events() {
    if (house_) handle(nat::EventsLost{});
}

void World::first_packet(Proto proto, Endpoint4 inside, Endpoint4 remote) {
    kernel_.verdicts.clear();
    if (house_) handle(nat::FirstPacket{1, proto, inside, remote});
}

void World::see_neighbour(const IpAddress& address, std::optional<Mac> mac) {
    if (house_) handle(daemon::NeighbourSeen{address, mac});
}

void World::ask(const std::function<void(nat::MappingService&)>& call) {
    if (!house_) return;
    call(house_->engine());
    daemon::Effects effects;
    house_->flush_nat(now_, effects);
    perform(effects);
}

std::string World::sip(Endpoint4 source, Endpoint4 destination, std::string_view text) {
    if (!house_) return std::string(text);
    daemon::Effects effects;
    house_->handle(1, {source, destination, 28, text}, now_, effects);
    std::string out = effects.sip.verdicts.at(0).payload.value_or(std::string(text));
    perform(effects);
    return out;
}

void World::count_load() {
    recent_loads_.push_back(now_);
    while (recent_loads_.front() + daemon::House::kRepairPause <= now_)
        recent_loads_.pop_front();
    most_loads_ = std::max(most_loads_, recent_loads_.size());
}

void World::notice(const daemon::Event& event) {
    const auto deliver = [this, event, life = life_] {
        if (house_ && life == life_) handle(event);
    };
    later(up_to(slowness_), deliver);
    const bool twice = slowness_ > Duration::zero() && random_.below(8) == 0;
    if (twice) later(up_to(slowness_), deliver);
}

// Links are read when the notice is handled, as the daemon does: what is told is always newest.
void World::notice_links() {
    later(up_to(slowness_), [this, life = life_] {
        if (house_ && life == life_) handle(daemon::LinksSeen{kernel_.interfaces});
    });
}

void World::flush_table() {
    kernel_.flush();
    notice(daemon::TableTouched{"other[1]"});
}

void World::spoil_table() {
    kernel_.spoil();
    notice(daemon::TableTouched{"other[2]"});
}

void World::change(const std::function<void(FakeKernel&)>& change) {
    change(kernel_);
    notice_links();
}

void World::pass(Duration time) {
    const Instant end = now_ + time;
    for (;;) {
        const Instant next_action = agenda_.empty() ? kNever : agenda_.begin()->first;
        const Instant next = std::min(next_action, timer_.value_or(kNever));
        if (next > end) break;
        now_ = std::max(now_, next);
        if (timer_ && *timer_ <= now_) {
            timer_.reset();
            handle(daemon::TimerFired{});
            continue;
        }
        const Action action = std::move(agenda_.begin()->second);
        agenda_.erase(agenda_.begin());
        action();
    }
    now_ = end;
}

std::string World::story() const {
    std::string out;
    for (const std::string& line : lines_)
        append(out, line, "\n");
    if (start_failure_) append(out, "the start failed: ", *start_failure_, "\n");
    return out;
}

}  // namespace gatehouse::world
