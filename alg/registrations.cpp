// SPDX-License-Identifier: GPL-2.0-or-later
#include "alg/registrations.h"

#include <algorithm>

#include "alg/uri.h"
#include "gateway/base/text.h"

namespace gatehouse::sip {

namespace {

constexpr std::size_t kMostText = 256;
constexpr std::uint32_t kDefaultExpires = 3600;  // RFC 3261 10.2.1.1

nat::Owner owner_of(Endpoint4 inside, Ip4 registrar) {
    return {nat::OwnerKind::sip,
            concat("registration ", inside.to_string(), " ", registrar.to_string())};
}

std::string account_of(const Message& message) {
    const auto address = parse_name_address(message.find(HeaderId::to).value_or(""));
    return address ? std::string(address->uri.substr(0, kMostText)) : std::string();
}

// Whether the URI leads to the flow, under its inside or its outside name.
bool leads_to(std::string_view text, const Flow& flow) {
    const auto uri = parse_uri(text);
    if (!uri) return false;
    const auto named = usual_name(uri->at.host, uri->at.port, uri->secure ? kSipsPort : kSipPort);
    if (!named) return false;
    return named->address == flow.inside.address || named->endpoint() == flow.outside;
}

template <class Visit>
void for_each_address(const Message& message, HeaderId id, Visit&& visit) {
    for (const Header& header : message.headers) {
        if (header.id != id) continue;
        const auto list = split_list(header.value);
        if (!list) continue;
        for (const std::string_view one : *list) {
            if (const auto address = parse_name_address(one)) visit(*address);
        }
    }
}

template <class Visit>
void for_each_contact(const Message& message, Visit&& visit) {
    for_each_address(message, HeaderId::contact, visit);
}

// Other servers that the registrar names on the way to the host and from it (RFC 3327, RFC 3608). A
// name instead of an address is for the host to resolve, which will then speak with the server.
std::vector<Endpoint4> servers_of(const Message& message, const Flow& flow) {
    constexpr std::size_t kMost = 4;
    std::vector<Endpoint4> out;
    const auto visit = [&](const NameAddress& route) {
        const auto uri = parse_uri(route.uri);
        const auto named = uri ? usual_name(uri->at.host, uri->at.port, kSipPort) : std::nullopt;
        if (!named || out.size() == kMost) return;
        // No further than the registrar itself: not into this house, nor to this machine.
        const Reach reach = reach_of(named->address);
        if (reach != Reach::public_ && reach != reach_of(flow.remote.address)) return;
        if (named->address.value >> 24U == 127) return;
        const Endpoint4 server = named->endpoint();
        const auto is = [&server](const Endpoint4& one) { return one.address == server.address; };
        if (is(flow.remote) || is(flow.outside) || is(flow.inside)) return;
        if (std::none_of(out.begin(), out.end(), is)) out.push_back(server);
    };
    for_each_address(message, HeaderId::path, visit);
    for_each_address(message, HeaderId::service_route, visit);
    return out;
}

// How long the contact that leads to the flow is granted; 0 where there is none. Not every
// registrar lists the contacts, as RFC 3261 10.3 asks; some name the time alone.
std::uint32_t granted(const Message& message, const Flow& flow) {
    const auto general = parse_number<std::uint32_t>(message.find(HeaderId::expires).value_or(""));
    std::uint32_t out = 0;
    bool listed = false;
    for_each_contact(message, [&](const NameAddress& contact) {
        listed = true;
        if (!leads_to(contact.uri, flow)) return;
        const auto own =
            parse_number<std::uint32_t>(find_param(contact.params, "expires").value_or(""));
        out = std::max(out, own ? *own : general.value_or(kDefaultExpires));
    });
    return listed ? out : general.value_or(0);
}

}  // namespace

std::optional<bool> grants(const Message& message, const Flow& flow) {
    const auto cseq = parse_cseq(message.find(HeaderId::cseq).value_or(""));
    const bool success = message.status >= 200 && message.status < 300;
    if (!success || !cseq || cseq->method != "REGISTER") return std::nullopt;
    return granted(message, flow) > 0;
}

Registrations::Registration* Registrations::open(const Key& key, Instant now) {
    const auto found = registrations_.find(key);
    if (found != registrations_.end()) return &found->second;
    const auto of_host = of_host_.find(key.first.address);
    const bool full = registrations_.size() >= most_ ||
                      (of_host != of_host_.end() && of_host->second >= most_of_host_);
    if (full) {
        ++refused_;
        return nullptr;
    }
    ++of_host_[key.first.address];
    Registration fresh;
    fresh.number = next_++;
    fresh.spoke = now;
    by_number_.emplace(fresh.number, key);
    return &registrations_.emplace(key, std::move(fresh)).first->second;
}

void Registrations::take_request(const Message& message, const Flow& flow, Instant now) {
    const auto call_id = message.find(HeaderId::call_id);
    const auto cseq = parse_cseq(message.find(HeaderId::cseq).value_or(""));
    if (!call_id || call_id->size() > kMostText || !cseq) return;
    Registration* registration = open({flow.inside, flow.remote.address}, now);
    if (registration == nullptr) return;
    registration->remote = flow.remote.port;
    auto& asked = registration->asked;
    std::erase_if(asked, [&](const Asked& one) {
        return one.until <= now || (one.call_id == *call_id && one.cseq == cseq->number);
    });
    if (asked.size() >= kMostAsked) asked.erase(asked.begin());
    Asked one{std::string(*call_id), cseq->number, account_of(message), false, now + kAnswerTime};
    for_each_contact(message, [&](const NameAddress& contact) {
        one.names_itself |= contact.uri == "*" || leads_to(contact.uri, flow);
    });
    asked.push_back(std::move(one));
    arm(*registration, now);
}

Registrations::Change Registrations::take_response(const Message& message, const Flow& flow,
                                                   Instant now) {
    const auto cseq = parse_cseq(message.find(HeaderId::cseq).value_or(""));
    const auto call_id = message.find(HeaderId::call_id);
    const auto found = registrations_.find({flow.inside, flow.remote.address});
    if (!cseq || cseq->method != "REGISTER" || !call_id || found == registrations_.end()) {
        return Change::none;
    }
    Registration& registration = found->second;
    const auto asked =
        std::find_if(registration.asked.begin(), registration.asked.end(), [&](const Asked& one) {
            return one.cseq == cseq->number && one.call_id == *call_id && one.until > now;
        });
    if (asked == registration.asked.end() || message.status < 200) return Change::none;
    const std::string account = asked->account;
    const bool names_itself = asked->names_itself;
    registration.asked.erase(asked);
    if (message.status >= 300 || !names_itself) {
        arm(registration, now);
        return Change::none;
    }
    const Duration time =
        std::min<Duration>(std::chrono::seconds(granted(message, flow)), kLongest);
    const Change change = keep(found->first, registration, flow, {account, now + time}, now);
    for (const Endpoint4& server : servers_of(message, flow)) {
        const Key key{flow.inside, server.address};
        Registration* also = open(key, now);
        if (also == nullptr) break;
        also->remote = server.port;
        const Flow way{flow.inside, flow.outside, server, flow.proto};
        (void)keep(key, *also, way, {account, now + time}, now);
    }
    return change;
}

Registrations::Change Registrations::keep(const Key& key, Registration& registration,
                                          const Flow& flow, const Account& granted, Instant now) {
    const bool ends = granted.until <= now;
    std::erase_if(registration.accounts,
                  [&granted](const Account& one) { return one.name == granted.name; });
    if (!ends && registration.accounts.size() < kMostAccounts) {
        registration.accounts.push_back({granted.name, granted.until + kGrace});
    }
    const std::uint64_t before = version_;
    const Change change = grant(key, registration, flow, now);
    if (version_ != before) {
        const Duration left = ends ? Duration::zero() : granted.until + kGrace - now;
        changed_.push_back({flow.inside, flow.remote, flow.outside.port, left, granted.name});
    }
    return change;
}

Registrations::Change Registrations::grant(const Key& key, Registration& registration,
                                           const Flow& flow, Instant now) {
    Instant until = now;
    for (const Account& account : registration.accounts)
        until = std::max(until, account.until);
    const bool was = registration.hole != 0;
    if (until == now) {
        close(key, registration, now);
        arm(registration, now);
        return was ? Change::ended : Change::none;
    }
    nat::ForwardRequest request;
    request.proto = Proto::udp;
    request.outside = flow.outside.port;
    request.must_have_port = true;
    request.inside = flow.inside;
    request.remote = flow.remote.address;
    request.lifetime = until - now;
    request.owner = owner_of(flow.inside, flow.remote.address);
    request.description = "registration";
    const auto made = service_.request(request, now);
    if (!made) {
        arm(registration, now);
        return Change::none;
    }
    registration.hole = made->id;
    registration.outside = made->outside.port;
    ++version_;
    if (!was) ++active_;
    if (!was && keep_alive_ > Duration::zero()) {
        keep_alives_.set(registration.number, now + keep_alive_);
    }
    arm(registration, now);
    return was ? Change::renewed : Change::began;
}

void Registrations::close(const Key& key, Registration& registration, Instant now) {
    if (registration.hole == 0) return;
    (void)service_.release(registration.hole, owner_of(key.first, key.second), now);
    registration.hole = 0;
    keep_alives_.cancel(registration.number);
    ++version_;
    --active_;
}

void Registrations::arm(const Registration& registration, Instant now) {
    Instant until = now;
    for (const Asked& one : registration.asked)
        until = std::max(until, one.until);
    for (const Account& one : registration.accounts)
        until = std::max(until, one.until);
    timers_.set(registration.number, until);
}

void Registrations::erase(std::map<Key, Registration>::iterator at, Instant now) {
    close(at->first, at->second, now);
    timers_.cancel(at->second.number);
    by_number_.erase(at->second.number);
    const auto of_host = of_host_.find(at->first.first.address);
    if (--of_host->second == 0) of_host_.erase(of_host);
    registrations_.erase(at);
}

std::vector<SavedRegistration> Registrations::saved(Instant now) const {
    std::vector<SavedRegistration> out;
    for (const auto& [key, registration] : registrations_) {
        if (registration.hole == 0) continue;
        for (const Account& account : registration.accounts) {
            if (account.until <= now) continue;
            out.push_back({key.first,
                           {key.second, registration.remote},
                           registration.outside,
                           account.until - now,
                           account.name});
        }
    }
    return out;
}

void Registrations::restore(const SavedRegistration& one, Instant now) {
    const Key key{one.inside, one.registrar.address};
    Registration* registration = open(key, now);
    if (registration == nullptr || registration->accounts.size() >= kMostAccounts) return;
    registration->remote = one.registrar.port;
    registration->accounts.push_back({one.account, now + one.left});
    const Flow flow{one.inside, {service_.outside_address().address, one.outside}, one.registrar};
    (void)grant(key, *registration, flow, now);
}

void Registrations::note_traffic(Endpoint4 inside, Endpoint4 remote, Instant now) {
    const auto found = registrations_.find({inside, remote.address});
    if (found != registrations_.end() && found->second.remote == remote.port) {
        found->second.spoke = now;
    }
}

std::optional<KeepAlive> Registrations::pop_keep_alive(Instant now) {
    while (const auto number = keep_alives_.pop_expired(now)) {
        const Key& key = by_number_.at(*number);
        const Registration& registration = registrations_.at(key);
        const bool silent = registration.spoke + keep_alive_ <= now;
        keep_alives_.set(*number, (silent ? now : registration.spoke) + keep_alive_);
        if (silent) return KeepAlive{key.first, {key.second, registration.remote}};
    }
    return std::nullopt;
}

void Registrations::set_keep_alive(Duration period, Instant now) {
    if (period == keep_alive_) return;
    keep_alive_ = period;
    keep_alives_.clear();
    if (period == Duration::zero()) return;
    for (const auto& [key, registration] : registrations_) {
        if (registration.hole != 0) keep_alives_.set(registration.number, now + period);
    }
}

std::optional<Instant> Registrations::next_deadline() const {
    const auto over = timers_.next();
    const auto silent = keep_alives_.next();
    return over && silent ? std::min(*over, *silent) : (over ? over : silent);
}

std::size_t Registrations::expire(Instant now) {
    std::size_t ended = 0;
    while (const auto number = timers_.pop_expired(now)) {
        const auto found = registrations_.find(by_number_.at(*number));
        if (found->second.hole != 0) ++ended;
        erase(found, now);
    }
    return ended;
}

void Registrations::release_if(const IsMeant& is_meant, Instant now) {
    for (auto at = registrations_.begin(); at != registrations_.end();) {
        const auto next = std::next(at);
        if (is_meant(at->first.first, {at->first.second, at->second.remote})) erase(at, now);
        at = next;
    }
}

}  // namespace gatehouse::sip
