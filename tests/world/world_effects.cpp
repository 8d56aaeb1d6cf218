// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the daemon's shells do with the effects of the house, in a world of doubles.
#include <algorithm>
#include <map>

#include "gateway/base/text.h"
#include "gateway/daemon/saved_forwards.h"
#include "gateway/daemon/saved_sip.h"
#include "tests/world/state_files.h"
#include "tests/world/world.h"

namespace gatehouse::world {

namespace {

constexpr Duration kPartPause = 1s;    // between parts of the sessions: of a very busy router
constexpr Duration kForcePause = 10s;  // between what is written and what is forced to the disk
constexpr Duration kRetryPause = 5s;   // after something could not be written
constexpr Duration kSavePause = 2s;    // of calls and registrations
constexpr Duration kSaveAgain = 60s;   // of these, and of forwards

}  // namespace

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
        if (house_) save(effects.sip);
        if (house_) perform(effects.upnp);
        if (house_ && effects.save_forwards) save_forwards();
        std::swap(effects, next);
        next.clear();
    }
}

void World::look(const sip::Effects& effects, daemon::Effects& next) {
    for (const sip::MediaSession& one : effects.strangers) {
        std::erase_if(kernel_.sessions, [&one](const FakeKernel::LiveSession& live) {
            return live.session.inside == one.inside && live.session.remote == one.remote;
        });
    }
    if (!effects.look) return;
    std::vector<sip::MediaSession> seen;
    for (const nat::Session& one : kernel_.list_sessions(now_)) {
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

bool World::dies() {
    if (!things_to_do_ || (*things_to_do_)-- > 0) return false;
    kill();
    return true;
}

void World::perform(const daemon::Step& step, daemon::Effects& next) {
    if (dies()) return;
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
    // Nobody is served before the first of a life is answered.
    if (slow_loads_ == Duration::zero() || !std::exchange(loaded_, true)) {
        house_->handle(daemon::RulesetDone{kernel_.load(text)}, now_, next);
        return;
    }
    later(up_to(slow_loads_), [this, text, life = life_] {
        if (house_ && life == life_) handle(daemon::RulesetDone{kernel_.load(text)});
    });
}

// A daemon may die before the kernel has it, or after that and before it knows.
void World::commit(const nat::Effects& effects, daemon::Effects& next) {
    for (const nat::Batch& batch : effects.batches) {
        if (dies()) return;
        const std::span<const nat::Edit> edits(effects.edits.data() + batch.first, batch.count);
        const bool done = kernel_.commit(edits);
        if (dies()) return;
        const nat::Event answer =
            done ? nat::Event(nat::Committed{batch.id})
                 : nat::Event(nat::CommitFailed{batch.id, kernel_.why_refused()});
        for (const nat::Verdict& verdict : effects.verdicts) {
            if (done && verdict.after == batch.id) give(verdict);
        }
        house_->handle(answer, now_, next);
    }
    for (const nat::Verdict& verdict : effects.verdicts) {
        if (verdict.after == 0) give(verdict);
    }
    if (!effects.pinholes.empty() && !kernel_.commit(effects.pinholes)) {
        house_->handle(nat::PinholesFailed{}, now_, next);
    }
    if (dies()) return;
    std::erase_if(kernel_.sessions, [&effects](const FakeKernel::LiveSession& live) {
        const nat::Session& one = live.session;
        const auto& to = effects.delete_sessions_to;
        const auto& named = effects.delete_sessions;
        return std::find(to.begin(), to.end(), one.outside.address) != to.end() ||
               std::any_of(named.begin(), named.end(), [&one](const nat::SessionName& name) {
                   return name.proto == one.proto && name.inside == one.inside &&
                          name.remote == one.remote;
               });
    });
    if (effects.dump_elements) tell_elements(false, next);
    if (effects.dump_sessions == nat::SessionDump::at_once) tell_sessions(next);
    if (effects.dump_sessions == nat::SessionDump::in_parts) begin_session_parts(next);
}

void World::give(const nat::Verdict& verdict) {
    kernel_.verdicts.push_back(verdict);
    const auto asked = asked_.find(verdict.token);
    if (asked == asked_.end()) return;
    const nat::FirstPacket packet = asked->second;
    asked_.erase(asked);
    const auto outside = kernel_.outside_of(packet.proto, packet.inside, packet.remote);
    const bool begins = verdict.kind == nat::Verdict::Kind::accept && outside;
    if (!begins || session_life_ == Duration::zero()) return;
    kernel_.use({packet.proto, packet.inside, *outside, packet.remote, false, {}}, now_,
                now_ + session_life_);
    later(session_life_, [this] { end_sessions(); });
}

void World::tell_sessions(daemon::Effects& next) {
    end_sessions();
    const std::vector<nat::Session> all = kernel_.list_sessions(now_);
    const bool breaks = kernel_.breaks_dump();
    const std::span<const nat::Session> seen(all.data(), breaks ? all.size() / 2 : all.size());
    house_->handle(nat::SessionsBegin{}, now_, next);
    house_->handle(nat::SessionsSeen{seen}, now_, next);
    house_->handle(nat::SessionsEnd{!breaks}, now_, next);
}

// The kernel puts a part together while the one before is being read, so that each is a little old
// when it arrives.
void World::begin_session_parts(daemon::Effects& next) {
    if (session_parts_ == life_) return;
    session_parts_ = life_;
    house_->handle(nat::SessionsBegin{}, now_, next);
    read_session_parts(next_session_part({}));
}

World::SessionPart World::next_session_part(const std::optional<SessionPlace>& after) {
    SessionPart part;
    std::map<SessionPlace, nat::Session> rest;
    for (const nat::Session& one : kernel_.list_sessions(now_)) {
        const SessionPlace place{one.proto, one.inside, one.remote, one.from_outside};
        if (one.expires > Duration::zero() && (!after || *after < place)) rest.emplace(place, one);
    }
    const std::uint64_t most = 1 + random_.below(6);
    for (const auto& [place, one] : rest) {
        if (part.sessions.size() == most) return part;
        part.sessions.push_back(one);
        part.end = place;
    }
    part.last = true;
    return part;
}

void World::read_session_parts(SessionPart part) {
    later(up_to(kPartPause), [this, part = std::move(part), life = life_] {
        if (!house_ || life != life_) return;
        const bool breaks = kernel_.breaks_dump();
        const bool last = part.last || breaks;
        if (!last) read_session_parts(next_session_part(part.end));
        handle(nat::Event(nat::SessionsSeen{part.sessions}));
        if (!last || !house_ || life != life_) return;
        session_parts_.reset();
        handle(nat::Event(nat::SessionsEnd{!breaks}));
    });
}

void World::tell_elements(bool adopt, daemon::Effects& next) {
    std::vector<nat::Element> seen = kernel_.elements();
    // At the start the daemon asks until all are told.
    const bool breaks = !adopt && kernel_.breaks_dump();
    if (breaks) {
        const auto hidden = static_cast<nat::KernelSet>(random_.below(8));
        std::erase_if(seen, [hidden](const nat::Element& one) { return one.set == hidden; });
    }
    const std::vector<nat::PinholeElement> holes = kernel_.pinholes();
    if (adopt) {
        house_->handle(nat::AdoptElements{seen, holes}, now_, next);
    } else {
        house_->handle(nat::ElementsSeen{seen, holes, !breaks}, now_, next);
    }
}

void World::force_disk_later() {
    if (files_.force_waits) return;
    files_.force_waits = true;
    later(kForcePause, [this, life = life_] {
        if (life != life_) return;
        files_.force_waits = false;
        disk_.force();
    });
}

void World::perform(const dhcp::Effects& effects) {
    if (!effects.changes.empty()) {
        if (dies()) return;
        save_leases(effects.changes);
        if (dies()) return;
    }
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

// The first change of a run writes everything anew; nothing is written behind a part.
void World::save_leases(const std::vector<dhcp::Change>& changes) {
    if (files_.leases_retry) return;
    if (!files_.leases_open) return rewrite_leases();
    std::vector<std::uint8_t> bytes;
    for (const dhcp::Change& change : changes)
        dhcp::append_change(bytes, change, now_);
    if (disk_.append(kLeasesJournal, as_text(bytes), random_)) return force_disk_later();
    rewrite_leases_later();
}

void World::rewrite_leases_later() {
    files_.leases_open = false;
    files_.leases_retry = true;
    later(kRetryPause, [this, life = life_] {
        if (house_ && life == life_) rewrite_leases();
    });
}

void World::rewrite_leases() {
    std::vector<std::uint8_t> bytes;
    dhcp::append_magic(bytes);
    dhcp::append_boot(bytes, boot_);
    for (const auto& [address, lease] : house_->dhcp().leases().all()) {
        if (lease.state == dhcp::LeaseState::bound || lease.has_ended())
            dhcp::append_lease(bytes, lease, now_);
    }
    files_.leases_open = disk_.replace(kLeasesJournal, as_text(bytes));
    files_.leases_retry = false;
    if (!files_.leases_open) rewrite_leases_later();
}

void World::perform(const upnp::Effects& effects) {
    if (effects.replace_journal) {
        if (dies()) return;
        const bool kept = disk_.replace(kForwardsJournal, *effects.replace_journal);
        if (kept) files_.journal_open = true;
        note_forwards_journal(kept);
    }
    if (!effects.append_journal.empty()) {
        if (dies()) return;
        const std::size_t size = disk_.read(kForwardsJournal).size();
        const bool kept =
            files_.journal_open && disk_.append(kForwardsJournal, effects.append_journal, random_);
        if (!kept) disk_.shorten(kForwardsJournal, size);
        note_forwards_journal(kept);
    }
    if (effects.empty() || dies()) return;
    for (const upnp::Send& send : effects.sends) {
        const bool in_force = !send.made || house_->engine().find_forward(*send.made) != nullptr;
        if (in_force && on_upnp_sent) on_upnp_sent(send);
    }
    for (const upnp::Notify& notify : effects.notifies) {
        later(1ms, [this, id = notify.subscription, life = life_] {
            if (life == life_) tell(upnp::NotifyDone{id, true});
        });
    }
    if (!effects.ask_gateway) return;
    later(1ms, [this, life = life_] {
        if (life == life_) tell(upnp::GatewaySeen{});
    });
}

void World::note_forwards_journal(bool kept) {
    if (kept) return force_disk_later();
    if (files_.journal_retry) return;
    files_.journal_retry = true;
    later(kRetryPause, [this, life = life_] {
        if (life != life_) return;
        files_.journal_retry = false;
        tell(upnp::JournalLost{});
    });
}

// What was answered is on the disk before anybody hears of it.
void World::save(const sip::Effects& effects) {
    if (!effects.registrations.empty() || !effects.calls.empty()) {
        save_sip();
    } else if (effects.state_changed) {
        save_sip_after(kSavePause);
    }
}

void World::save_sip_after(Duration pause) {
    if (files_.sip_waits) return;
    files_.sip_waits = true;
    later(pause, [this, life = life_] {
        if (house_ && life == life_) save_sip();
    });
}

void World::save_sip() {
    files_.sip_waits = false;
    const sip::Alg& sip = house_->sip();
    const bool registrations =
        disk_.replace(kRegistrations, daemon::write_registrations(sip, boot_name(), now_));
    const bool calls = disk_.replace(kCalls, daemon::write_calls(sip, boot_name(), now_));
    if (!registrations || !calls) save_sip_after(kSaveAgain);
}

void World::save_forwards() {
    const auto text = daemon::write_forwards(house_->engine().forwards(), boot_name(), now_);
    if (disk_.replace(kForwards, text) || files_.forwards_wait) return;
    files_.forwards_wait = true;
    later(kSaveAgain, [this, life = life_] {
        if (!house_ || life != life_) return;
        files_.forwards_wait = false;
        save_forwards();
    });
}

}  // namespace gatehouse::world
