// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/nat/support/house.h"

namespace gatehouse::test {

Endpoint4 host(std::uint8_t n, std::uint16_t port) {
    return {Ip4::of(192, 168, 1, n), Port{port}};
}

Endpoint4 at(Ip4 address, std::uint16_t port) {
    return {address, Port{port}};
}

config::Config default_config() {
    config::Config config;
    config.gateway.wan = "wan";
    config.gateway.lan = {"lan"};
    return config;
}

config::Config config_of(config::NatType type) {
    config::Config config = default_config();
    config.nat.type = type;
    config.nat.mapping = config::behaviour_of(type).mapping;
    config.nat.filtering = config::behaviour_of(type).filtering;
    return config;
}

House::House(const config::Config& wanted, std::uint32_t most_mappings, bool start)
    : config(wanted), most_mappings_(most_mappings) {
    engine = std::make_unique<Engine>(config, hosts, EngineOptions{{1, 2}, most_mappings_}, now);
    if (!start) return;
    event(OutsideChanged{{kOutside}});
    event(AdoptElements{});
}

void House::restart(const config::Config& wanted) {
    config = wanted;
    engine = std::make_unique<Engine>(config, hosts, EngineOptions{{3, 4}, most_mappings_}, now);
}

bool House::apply(const Edit& edit, std::vector<Undo>& undo) {
    const Element& e = edit.element;
    if (edit.kind == Edit::Kind::refresh) {
        if (e.set != KernelSet::permit) return false;
        permits[{e.proto, e.key, e.remote.address}] = now + edit.timeout;
        return true;
    }
    const ElementKey key{e.set, e.proto, e.key, e.remote};
    const auto found = elements.find(key);
    const bool there = found != elements.end();
    if (there && found->second != e.value) return false;
    if (edit.kind == Edit::Kind::remove) {
        if (!there) return false;
        elements.erase(found);
        undo.push_back({key, e.value});
    } else if (!there) {
        elements.emplace(key, e.value);
        undo.push_back({key, std::nullopt});
    }
    return true;
}

bool House::commit(const Effects& effects, const Batch& batch) {
    std::vector<Undo> undo;
    for (std::uint32_t i = 0; i < batch.count; ++i) {
        if (apply(effects.edits[batch.first + i], undo)) continue;
        for (auto one = undo.rbegin(); one != undo.rend(); ++one) {
            one->value ? void(elements[one->key] = *one->value) : void(elements.erase(one->key));
        }
        return false;
    }
    return true;
}

void House::execute(Effects& effects) {
    std::vector<CommitFailed> failed;
    std::vector<BatchId> good;
    for (const Batch& batch : effects.batches) {
        if (commit_fails()) {
            failed.push_back({batch.id, CommitFailed::Why::full});
        } else if (!commit(effects, batch)) {
            ++broken_batches;
            failed.push_back({batch.id, CommitFailed::Why::different});
        } else {
            good.push_back(batch.id);
        }
    }
    for (const Verdict& verdict : effects.verdicts) {
        bool lost = false;
        for (const CommitFailed& one : failed)
            lost = lost || one.batch == verdict.after;
        if (lost) continue;
        done_[verdict.token] = verdict.kind;
        verdicts.push_back(verdict);
    }
    for (const PinholeEdit& edit : effects.pinholes) {
        if (edit.add) {
            pinholes.insert(edit.element);
        } else if (pinholes.erase(edit.element) == 0) {
            ++broken_batches;
        }
    }
    for (const Ip4 address : effects.delete_sessions_to) {
        std::erase_if(sessions,
                      [&](const auto& one) { return one.second.outside.address == address; });
    }
    for (const SessionName& one : effects.delete_sessions)
        sessions.erase({one.proto, one.inside, one.remote});
    left_to_kernel.insert(left_to_kernel.end(), effects.refuse_hosts.begin(),
                          effects.refuse_hosts.end());
    notices.insert(notices.end(), effects.notices.begin(), effects.notices.end());
    const bool dump_sessions = effects.dump_sessions != SessionDump::none;
    const bool dump_elements = effects.dump_elements;
    for (const BatchId id : good) {
        Effects more;
        engine->handle(Committed{id}, now, more);
        execute(more);
    }
    for (const CommitFailed& one : failed) {
        Effects more;
        engine->handle(one, now, more);
        execute(more);
    }
    if (dump_elements) {
        const std::vector<Element> seen = kernel();
        const std::vector<PinholeElement> holes(pinholes.begin(), pinholes.end());
        Effects more;
        engine->handle(ElementsSeen{seen, holes}, now, more);
        execute(more);
    }
    if (dump_sessions) dump();
}

void House::event(const Event& event) {
    Effects effects;
    verdicts.clear();
    engine->handle(event, now, effects);
    execute(effects);
}

void House::flush() {
    Effects effects;
    engine->flush(effects);
    execute(effects);
}

void House::dump() {
    ++dumps;
    expire();
    Effects effects;
    engine->handle(SessionsBegin{}, now, effects);
    std::vector<Session> all;
    for (const auto& [key, record] : sessions) {
        const auto& [proto, inside, remote] = key;
        all.push_back(
            {proto, inside, record.outside, remote, record.from_outside, record.expires - now});
    }
    for (std::size_t i = 0; i < all.size(); i += 3) {
        const std::size_t n = std::min<std::size_t>(3, all.size() - i);
        engine->handle(SessionsSeen{{all.data() + i, n}}, now, effects);
    }
    engine->handle(SessionsEnd{true}, now, effects);
    execute(effects);
}

void House::expire() {
    std::erase_if(sessions, [&](const auto& one) { return one.second.expires <= now; });
    std::erase_if(permits, [&](const auto& one) { return one.second <= now; });
}

void House::pass(Duration time) {
    const Instant end = now + time;
    for (auto next = engine->next_deadline(); next && *next <= end;
         next = engine->next_deadline()) {
        now = std::max(now, *next);
        expire();
        event(TimerFired{});
    }
    now = end;
    expire();
}

void House::end_sessions_of(Endpoint4 inside, bool tell) {
    std::vector<SessionDestroyed> ended;
    std::erase_if(sessions, [&](const auto& one) {
        const auto& [proto, its_inside, remote] = one.first;
        if (its_inside != inside) return false;
        ended.push_back({proto, inside, one.second.outside});
        return true;
    });
    if (!tell) return;
    for (const SessionDestroyed& one : ended)
        event(one);
}

std::optional<Endpoint4> House::find(KernelSet set, Proto proto, Endpoint4 key,
                                     Endpoint4 remote) const {
    const auto found = elements.find({set, proto, key, remote});
    if (found == elements.end()) return std::nullopt;
    return found->second;
}

std::optional<Endpoint4> House::source(Proto proto, Endpoint4 inside, Endpoint4 remote) const {
    if (const auto out = find(KernelSet::source_session, proto, inside, remote)) return out;
    if (const auto out = find(KernelSet::source_address, proto, inside, {remote.address, {}})) {
        return out;
    }
    return find(KernelSet::source, proto, inside, {});
}

std::optional<Endpoint4> House::translate(Proto proto, Endpoint4 inside, Endpoint4 remote) {
    if (const auto out = source(proto, inside, remote)) return out;
    ++asked;
    const std::uint32_t token = next_token_++;
    event(FirstPacket{token, proto, inside, remote});
    const auto verdict = done_.find(token);
    if (verdict == done_.end() || verdict->second != Verdict::Kind::accept) return std::nullopt;
    return source(proto, inside, remote);
}

std::optional<Endpoint4> House::send(Endpoint4 inside, Endpoint4 remote, Proto proto) {
    expire();
    const auto session = sessions.find({proto, inside, remote});
    if (session != sessions.end()) {
        session->second.expires = now + session_life;
        return session->second.outside;
    }
    const auto outside = translate(proto, inside, remote);
    if (!outside) return std::nullopt;
    sessions[{proto, inside, remote}] = {*outside, false, now + session_life};
    permits.emplace(std::tuple{proto, inside, remote.address}, now + Sweep::kPermitTimeout);
    return outside;
}

bool House::admitted(Proto proto, Endpoint4 inside, Ip4 remote) const {
    return find(KernelSet::open, proto, inside, {}) ||
           find(KernelSet::open_remote, proto, inside, {remote, {}}) ||
           permits.contains({proto, inside, remote});
}

std::optional<Endpoint4> House::receive(Endpoint4 outside, Endpoint4 remote, Proto proto) {
    expire();
    for (auto& [key, record] : sessions) {
        const auto& [its_proto, inside, its_remote] = key;
        if (its_proto != proto || its_remote != remote || record.outside != outside) continue;
        record.expires = now + session_life;
        return inside;
    }
    auto inside = find(KernelSet::inbound_remote, proto, outside, {remote.address, {}});
    if (!inside) inside = find(KernelSet::inbound, proto, outside, {});
    if (!inside || !admitted(proto, *inside, remote.address)) return std::nullopt;
    sessions[{proto, *inside, remote}] = {outside, true, now + session_life};
    return inside;
}

std::optional<std::pair<Endpoint4, Endpoint4>> House::hairpin(Endpoint4 inside, Endpoint4 outside,
                                                              Proto proto) {
    auto to = find(KernelSet::inbound, proto, outside, {});
    if (!to) to = find(KernelSet::hairpin, proto, outside, {});
    if (!to) return std::nullopt;
    const auto from = translate(proto, inside, *to);
    if (!from) return std::nullopt;
    return std::pair{*to, *from};
}

ForwardRequest House::forward_request(Endpoint4 inside, std::optional<Port> outside, OwnerKind kind,
                                      std::string id) const {
    ForwardRequest request;
    request.inside = inside;
    request.outside = outside;
    request.owner = {kind, std::move(id)};
    return request;
}

std::vector<Element> House::kernel() const {
    std::vector<Element> out;
    for (const auto& [key, value] : elements) {
        const auto& [set, proto, endpoint, remote] = key;
        out.push_back({set, proto, endpoint, remote, value});
    }
    return out;
}

std::size_t House::count(KernelSet set) const {
    std::size_t n = 0;
    for (const auto& [key, value] : elements)
        n += std::get<0>(key) == set ? 1U : 0U;
    return n;
}

void House::flush_table() {
    elements.clear();
    permits.clear();
    pinholes.clear();
}

}  // namespace gatehouse::test
