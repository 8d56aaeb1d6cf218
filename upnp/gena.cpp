// SPDX-License-Identifier: GPL-2.0-or-later
#include "upnp/gena.h"

#include <algorithm>

#include "gateway/base/text.h"

namespace gatehouse::upnp {

namespace {

constexpr std::uint16_t kFirstPort = 1024;

HttpAnswer plain(unsigned status) {
    HttpAnswer out;
    out.status = status;
    return out;
}

HttpAnswer accepted(std::string_view sid, std::chrono::seconds timeout) {
    HttpAnswer out;
    out.headers.emplace_back("SID", sid);
    out.headers.emplace_back("TIMEOUT", concat("Second-", timeout.count()));
    return out;
}

std::string write_message(const Callback& callback, std::string_view sid, std::uint32_t sequence,
                          const SoapValues& values) {
    std::string body =
        "<?xml version=\"1.0\"?>\r\n"
        "<e:propertyset xmlns:e=\"urn:schemas-upnp-org:event-1-0\">\r\n";
    for (const auto& [name, value] : values) {
        append(body, "<e:property><", name, '>', escape_xml(value), "</", name,
               "></e:property>\r\n");
    }
    body += "</e:propertyset>\r\n";
    return concat("NOTIFY ", callback.path, " HTTP/1.1\r\nHOST: ", callback.to.to_string(),
                  "\r\nCONTENT-TYPE: text/xml; charset=\"utf-8\"\r\nCONTENT-LENGTH: ", body.size(),
                  "\r\nNT: upnp:event\r\nNTS: upnp:propchange\r\nSID: ", sid, "\r\nSEQ: ", sequence,
                  "\r\nCONNECTION: close\r\n\r\n", body);
}

}  // namespace

std::optional<Callback> parse_callback(std::string_view header) {
    constexpr std::string_view kScheme = "<http://";
    header = trim(header);
    if (header.size() > kLongestCallback || !header.ends_with('>')) return std::nullopt;
    if (!equal_ignoring_case(header.substr(0, kScheme.size()), kScheme)) return std::nullopt;
    header = header.substr(kScheme.size(), header.size() - kScheme.size() - 1);
    const bool clean = std::all_of(header.begin(), header.end(), [](char c) {
        return c > 0x20 && c < 0x7f && c != '<' && c != '>';
    });
    if (!clean) return std::nullopt;
    const std::size_t slash = header.find('/');
    const auto to = parse_endpoint(header.substr(0, slash));
    if (!to || to->port.number < kFirstPort) return std::nullopt;
    return Callback{*to, slash == std::string_view::npos ? "/" : std::string(header.substr(slash))};
}

std::chrono::seconds parse_timeout(std::string_view header) {
    constexpr std::string_view kPrefix = "Second-";
    if (!equal_ignoring_case(header.substr(0, kPrefix.size()), kPrefix)) return Gena::kLongest;
    const auto seconds = parse_number<std::uint32_t>(header.substr(kPrefix.size()));
    if (!seconds) return Gena::kLongest;
    return std::clamp(std::chrono::seconds(*seconds), Gena::kShortest, Gena::kLongest);
}

std::string Gena::new_sid() {
    ByteWriter out(16);
    out.u64(siphash_words(secret_, next_id_, 1));
    out.u64(siphash_words(secret_, next_id_, 2));
    const std::string hex = to_hex(out.view());
    return concat("uuid:", hex.substr(0, 8), '-', hex.substr(8, 4), '-', hex.substr(12, 4), '-',
                  hex.substr(16, 4), '-', hex.substr(20));
}

Gena::Subscriptions::iterator Gena::find(const HttpRequest& request) {
    const std::string* sid = request.header("SID");
    return std::find_if(subscriptions_.begin(), subscriptions_.end(), [&](const auto& entry) {
        return sid != nullptr && entry.second.sid == *sid && entry.second.client == request.client;
    });
}

HttpAnswer Gena::renew(const HttpRequest& request, Instant now) {
    const auto found = find(request);
    if (found == subscriptions_.end()) return plain(412);
    const std::string* timeout = request.header("TIMEOUT");
    const auto granted = parse_timeout(timeout == nullptr ? "" : *timeout);
    found->second.expires = now + granted;
    return accepted(found->second.sid, granted);
}

HttpAnswer Gena::subscribe(const HttpRequest& request, Tree tree, const ServiceModel& model,
                           Instant now) {
    const std::string* callback_header = request.header("CALLBACK");
    const std::string* type = request.header("NT");
    if (request.header("SID") != nullptr) {
        if (callback_header != nullptr || type != nullptr) return plain(400);
        return renew(request, now);
    }
    if (callback_header == nullptr || type == nullptr || *type != "upnp:event") return plain(412);
    const auto callback =
        request.count("CALLBACK") == 1 ? parse_callback(*callback_header) : std::nullopt;
    if (!callback || callback->to.address != request.client) return plain(412);
    const auto of_host = static_cast<std::size_t>(
        std::count_if(subscriptions_.begin(), subscriptions_.end(),
                      [&](const auto& entry) { return entry.second.client == request.client; }));
    if (of_host >= most_of_host_ || subscriptions_.size() >= most_) {
        ++refused_;
        return plain(503);
    }
    const std::string* timeout = request.header("TIMEOUT");
    const auto granted = parse_timeout(timeout == nullptr ? "" : *timeout);
    Subscription fresh;
    fresh.sid = new_sid();
    fresh.tree = tree;
    fresh.model = &model;
    fresh.lan = request.lan;
    fresh.client = request.client;
    fresh.callback = *callback;
    fresh.expires = now + granted;
    fresh.welcome = now + kFirstDelay;
    HttpAnswer answer = accepted(fresh.sid, granted);
    subscriptions_.emplace(next_id_++, std::move(fresh));
    return answer;
}

HttpAnswer Gena::unsubscribe(const HttpRequest& request) {
    if (request.header("CALLBACK") != nullptr || request.header("NT") != nullptr) {
        return plain(400);
    }
    const auto found = find(request);
    if (found == subscriptions_.end()) return plain(412);
    subscriptions_.erase(found);
    return plain(200);
}

void Gena::tell(std::uint32_t id, Subscription& subscription, const Values& values, Effects& out) {
    subscription.is_behind = subscription.on_its_way;
    if (subscription.on_its_way) return;
    SoapValues now = values(subscription.tree, *subscription.model);
    SoapValues changed;
    for (const auto& value : now) {
        const bool told = std::find(subscription.told.begin(), subscription.told.end(), value) !=
                          subscription.told.end();
        if (!told) changed.push_back(value);
    }
    if (changed.empty()) return;
    out.notifies.push_back(
        {id, subscription.lan, subscription.callback.to,
         write_message(subscription.callback, subscription.sid, subscription.sequence, changed)});
    subscription.told = std::move(now);
    subscription.on_its_way = true;
    // 4.3.2: from its end the number goes on with 1.
    subscription.sequence = subscription.sequence == UINT32_MAX ? 1 : subscription.sequence + 1;
}

void Gena::refresh(const Values& values, Instant now, Effects& out) {
    welcome(values, now, out);
    for (auto& [id, subscription] : subscriptions_) {
        if (!subscription.welcome) tell(id, subscription, values, out);
    }
}

void Gena::welcome(const Values& values, Instant now, Effects& out) {
    for (auto& [id, subscription] : subscriptions_) {
        if (!subscription.welcome || *subscription.welcome > now) continue;
        subscription.welcome.reset();
        tell(id, subscription, values, out);
    }
}

void Gena::done(const NotifyDone& event, const Values& values, Effects& out) {
    const auto found = subscriptions_.find(event.subscription);
    if (found == subscriptions_.end()) return;
    Subscription& subscription = found->second;
    subscription.on_its_way = false;
    subscription.failures = event.delivered ? 0 : subscription.failures + 1;
    if (subscription.failures >= kMostFailures) {
        subscriptions_.erase(found);
        return;
    }
    if (subscription.is_behind) tell(found->first, subscription, values, out);
}

void Gena::expire(Instant now) {
    std::erase_if(subscriptions_, [now](const auto& entry) { return entry.second.expires <= now; });
}

std::optional<Instant> Gena::next_deadline() const {
    std::optional<Instant> next;
    for (const auto& [id, subscription] : subscriptions_) {
        const Instant at = subscription.welcome.value_or(subscription.expires);
        if (!next || at < *next) next = at;
    }
    return next;
}

}  // namespace gatehouse::upnp
