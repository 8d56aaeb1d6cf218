// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/nat/engine.h"

#include <algorithm>

#include "gateway/nat/reconcile.h"

namespace gatehouse::nat {

Engine::Engine(const config::Config& config, const Hosts& hosts, const EngineOptions& options,
               Instant now)
    : ledger_(options.key, hosts, options.most_mappings),
      forwards_(ledger_,
                [this](ServiceNotice::Kind kind, const Forward& forward) {
                    tell({kind, outside_address(), forward});
                }),
      pinholes_(hosts),
      sweep_(ledger_, options.key),
      refusals_(options.key) {
    ledger_.writer().mute(true);
    ledger_.writer().begin(outbox_);
    ledger_.configure(config);
    forwards_.configure(config, now);
    pinholes_.set_limits(config.nat.pinholes, config.nat.host_pinholes);
    pinholes_.configure(config.pinholes, outbox_);
    if (config.dmz) dmz_ = config.dmz->inside;
    ledger_.writer().end();
}

void Engine::handle(const Event& event, Instant now, Effects& out) {
    if (!outbox_.empty()) flush(out);
    ledger_.writer().begin(out);
    std::visit([&](const auto& one) { on(one, now, out); }, event);
    ledger_.writer().end();
}

std::optional<Instant> Engine::next_deadline() const {
    std::optional<Instant> next;
    for (const auto& one : {sweep_.next_deadline(), forwards_.next_deadline(),
                            pinholes_.next_deadline(), repair_at_}) {
        if (one && (!next || *one < *next)) next = one;
    }
    return next;
}

void Engine::accept(MappingId id, std::uint32_t token, Effects& out) {
    // Either this event has written its elements, or they are on their way, or they are there.
    BatchId after = ledger_.writer().has_edits() ? ledger_.writer().batch() : 0;
    if (after == 0 && ledger_.at(id).batch > settled_) after = ledger_.at(id).batch;
    // A shell that does not answer loses the roll-back, not the memory.
    if (after != 0 && pending_.size() < kMostPending) pending_.push_back({after, id, token});
    out.verdicts.push_back({token, Verdict::Kind::accept, after});
}

void Engine::refuse(Refusal reason, const FirstPacket& event, Instant now, Effects& out) {
    ledger_.refuse(reason, event.proto, event.inside, event.remote);
    const bool for_the_sender = reason == Refusal::host_quota || reason == Refusal::pool_empty ||
                                reason == Refusal::table_full;
    const bool tell = for_the_sender && may_tell(now);
    out.verdicts.push_back({event.token, tell ? Verdict::Kind::refuse : Verdict::Kind::drop, 0});
    if (for_the_sender && refusals_.add(event.inside.address, now)) {
        out.refuse_hosts.push_back(event.inside.address);
    }
}

bool Engine::may_tell(Instant now) {
    if (told_ == 0 || telling_since_ + 1s <= now) {
        telling_since_ = now;
        told_ = 0;
    }
    if (told_ == kMostTold) return false;
    ++told_;
    return true;
}

void Engine::on(const FirstPacket& event, Instant now, Effects& out) {
    // Until the kernel's state is known, the kernel translates on its own.
    if (!adopted_) {
        out.verdicts.push_back({event.token, Verdict::Kind::accept, 0});
        return;
    }
    if (!ledger_.outside().has_address()) {
        refuse(Refusal::no_outside_address, event, now, out);
        return;
    }
    const MappingId known = ledger_.find(event.proto, event.inside, event.remote);
    if (known != kNoMapping && ledger_.at(known).state == MappingState::live) {
        Mapping& mapping = ledger_.at(known);
        mapping.used = now;
        if (mapping.created + kSettled <= now) ledger_.repeat(known);
        accept(known, event.token, out);
        return;
    }
    if (known != kNoMapping && ledger_.revive(known, now)) {
        accept(known, event.token, out);
        return;
    }
    const auto made = ledger_.create(event.proto, event.inside, event.remote, now);
    if (made) {
        accept(*made, event.token, out);
    } else {
        refuse(made.error(), event, now, out);
    }
}

void Engine::on(const Committed& event, Instant, Effects&) {
    settled_ = std::max(settled_, event.batch);
    std::erase_if(pending_, [&](const Pending& one) { return one.batch <= event.batch; });
    made_in_.erase(made_in_.begin(), made_in_.upper_bound(event.batch));
}

void Engine::on(const CommitFailed& event, Instant now, Effects& out) {
    settled_ = std::max(settled_, event.batch);
    bool rolled_back = false;
    for (const Pending& one : pending_) {
        if (one.batch != event.batch) continue;
        out.verdicts.push_back({one.token, Verdict::Kind::drop, 0});
        if (!ledger_.table().contains(one.mapping)) continue;
        const Mapping& mapping = ledger_.at(one.mapping);
        // Only what this batch made, and only once.
        if (mapping.batch != event.batch || mapping.state != MappingState::live) continue;
        ledger_.refuse(Refusal::commit_failed, mapping.proto, mapping.inside, mapping.remote);
        ledger_.roll_back(one.mapping);
        rolled_back = true;
    }
    std::erase_if(pending_, [&](const Pending& one) { return one.batch <= event.batch; });
    const auto made = made_in_.find(event.batch);
    if (made != made_in_.end()) {
        // They were promised, so they are written again with the repair.
        for (const ForwardId id : made->second)
            forwards_.note_failure(id);
        made_in_.erase(made);
    }
    // A mapping that did not fit is rolled back, and memory and kernel agree. Otherwise they do
    // not.
    if (!rolled_back || event.why == CommitFailed::Why::different) repair(now, out);
}

void Engine::repair(Instant now, Effects& out) {
    if (last_repair_ + kRepairGap > now) {
        repair_at_ = last_repair_ + kRepairGap;
        return;
    }
    last_repair_ = now;
    repair_at_.reset();
    out.dump_elements = true;
}

void Engine::on(const PinholesFailed&, Instant now, Effects& out) {
    repair(now, out);
}

void Engine::on(const PinholeCounted& event, Instant, Effects&) {
    pinholes_.count(event.id, event.counts);
}

void Engine::on(const SessionsBegin&, Instant now, Effects&) {
    sweep_.begin(now);
}

void Engine::on(const SessionsSeen& event, Instant now, Effects&) {
    sweep_.see(event.sessions, now);
}

void Engine::on(const SessionsEnd& event, Instant now, Effects&) {
    sweep_.end(event.complete, now);
}

void Engine::on(const SessionDestroyed& event, Instant now, Effects&) {
    sweep_.destroyed(event, now);
}

void Engine::on(const EventsLost&, Instant now, Effects& out) {
    sweep_.events_lost(now);
    sweep_.tick(now, out);
}

bool Engine::must_wait_for_more(bool complete, Instant now, Effects& out) {
    if (complete) incomplete_ = 0;
    if (complete || ++incomplete_ > kMostIncomplete) return false;
    repair(now, out);
    return true;
}

void Engine::on(const AdoptElements& event, Instant now, Effects& out) {
    ledger_.writer().mute(true);
    for (const Ip4 strange : adopt_claims(event.elements, ledger_, now)) {
        out.delete_sessions_to.push_back(strange);
    }
    ledger_.writer().mute(false);
    adopted_ = true;
    compare(event.elements, event.pinholes, out);
    sweep_.start(now, out);
}

void Engine::on(const ElementsSeen& event, Instant now, Effects& out) {
    if (!adopted_ || must_wait_for_more(event.complete, now, out)) return;
    compare(event.elements, event.pinholes, out);
    // Where the elements of a lost address stayed, sessions have begun with it.
    for (const Element& element : event.elements) {
        const Ip4 address = element.value.address;
        if (!is_source(element.set) || ledger_.outside().has(address)) continue;
        auto& doomed = out.delete_sessions_to;
        if (std::find(doomed.begin(), doomed.end(), address) == doomed.end()) {
            doomed.push_back(address);
        }
    }
    // Where elements were gone, sessions have begun without us.
    if (!ledger_.writer().has_edits()) return;
    sweep_.events_lost(now);
    sweep_.tick(now, out);
}

void Engine::compare(std::span<const Element> elements, std::span<const PinholeElement> pinholes,
                     Effects& out) {
    write_difference(wanted(), elements, ledger_.writer());
    pinholes_.compare(pinholes, out);
}

void Engine::on(const TableLost&, Instant now, Effects& out) {
    on(ElementsSeen{}, now, out);
}

void Engine::on(const OutsideChanged& event, Instant now, Effects& out) {
    const OutsideAddress before = outside_address();
    const std::vector<Ip4> gone = ledger_.outside().set_addresses(event.addresses);
    ledger_.table().for_each([&](MappingId id) {
        const Mapping& mapping = ledger_.at(id);
        if (mapping.forward == 0 && !ledger_.outside().has(mapping.outside.address)) {
            ledger_.drop(id);
        }
    });
    if (before.address != ledger_.outside().primary()) forwards_.move(now);
    for (const Ip4 address : gone) {
        if (!address.is_any()) out.delete_sessions_to.push_back(address);
    }
    if (before == outside_address()) return;
    Notice notice;
    notice.kind = Notice::Kind::outside_changed;
    notice.outside.address = ledger_.outside().primary();
    out.notices.push_back(notice);
    tell({ServiceNotice::Kind::outside_changed, outside_address(), {}});
}

void Engine::on(const ReservedPorts& event, Instant now, Effects&) {
    ledger_.outside().reserve(event.ports);
    ledger_.reapply(std::nullopt, now);
}

void Engine::on(const HostChanged& event, Instant now, Effects& out) {
    pinholes_.follow(event.address, out);
    if (event.address.is_v4() && ledger_.policy().looks_at_macs()) {
        ledger_.reapply(event.address.v4(), now);
    }
}

void Engine::on(const Reconfigured& event, Instant now, Effects& out) {
    ledger_.configure(event.config);
    ledger_.reapply(std::nullopt, now);
    forwards_.configure(event.config, now);
    pinholes_.set_limits(event.config.nat.pinholes, event.config.nat.host_pinholes);
    pinholes_.configure(event.config.pinholes, out);
    dmz_.reset();
    if (event.config.dmz) dmz_ = event.config.dmz->inside;
}

void Engine::on(const TimerFired&, Instant now, Effects& out) {
    forwards_.expire(now);
    pinholes_.expire(now, out);
    sweep_.tick(now, out);
    if (repair_at_ && *repair_at_ <= now) repair(now, out);
}

std::vector<Element> Engine::wanted() const {
    std::vector<Element> out;
    ledger_.wanted(out);
    forwards_.wanted(out);
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

void Engine::tell(const ServiceNotice& notice) {
    for (const auto& [id, listener] : listeners_)
        listener(notice);
}

}  // namespace gatehouse::nat
