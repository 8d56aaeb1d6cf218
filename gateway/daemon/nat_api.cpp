// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/nat_api.h"

#include <algorithm>

#include "gateway/base/json.h"
#include "gateway/base/text.h"
#include "gateway/daemon/forward_body.h"
#include "gateway/daemon/mapping_list.h"

namespace gatehouse::daemon {

namespace {

using control::Request;
using control::Response;
using nat::Refusal;
using nat::Refused;

constexpr std::string_view kMappings = "/api/v1/mappings";
constexpr std::string_view kSessions = "/api/v1/sessions";
constexpr std::string_view kForwards = "/api/v1/forwards";
constexpr std::string_view kPinholes = "/api/v1/pinholes";
constexpr std::string_view kHosts = "/api/v1/hosts";
constexpr std::size_t kMany = 1000;  // sessions; a list of more is told in pieces

Response json_answer(unsigned status, std::string body) {
    return {status, "application/json", std::move(body)};
}

unsigned status_of(Refusal reason) {
    switch (reason) {
        case Refusal::protocol:
        case Refusal::bad_request:
        case Refusal::too_many_ports: return 400;
        case Refusal::not_owner: return 403;
        case Refusal::not_found: return 404;
        case Refusal::commit_failed: return 500;
        default: return 409;
    }
}

Response refusal(std::string_view subject, const Refused& refused) {
    // What to_string() says behind the word is who stands in the way.
    std::string who = refused.to_string();
    who.erase(0, nat::to_string(refused.reason).size());
    Response out = json_answer(status_of(refused.reason), "");
    JsonWriter json(out.body);
    json.begin_object();
    json.field("error", concat(subject, ": ", meaning_of(refused.reason), who));
    json.field("reason", nat::to_string(refused.reason));
    json.end_object();
    return out;
}

// "udp 8000-8010"
std::string subject_of(const nat::ForwardRequest& request) {
    const Port first = request.outside.value_or(Port{});
    const Port last{static_cast<std::uint16_t>(first.number + request.count - 1)};
    return concat(to_string(request.proto), ' ', PortRange{first, last}.to_string());
}

// Asking for an own forward again renews it; another target on its port is a conflict, because
// whoever asks may have forgotten the first one.
std::optional<Refused> contradicts_own(const nat::Engine& engine,
                                       const nat::ForwardRequest& request) {
    const nat::Forward* there =
        engine.find_forward(request.proto, *request.outside, request.remote);
    if (there == nullptr || there->owner != request.owner) return std::nullopt;
    const bool same = there->outside.port == *request.outside && there->count == request.count &&
                      there->inside == request.inside && there->remote == request.remote;
    if (same) return std::nullopt;
    return Refused{Refusal::port_taken, Refused::Holder::forward, there->inside, there->owner.kind,
                   std::string(there->description)};
}

// The forwards of one request: all of them, or none.
class Making {
  public:
    Making(const NatApi& api, Instant now)
        : api_(api),
          now_(now),
          subscription_(api.engine.subscribe([this](const nat::ServiceNotice& notice) {
              if (notice.kind == nat::ServiceNotice::Kind::forward_failed)
                  failed_.push_back(notice.forward.id);
          })) {}
    ~Making() { api_.engine.unsubscribe(subscription_); }
    Making(const Making&) = delete;
    Making& operator=(const Making&) = delete;

    // The refusal, or nothing.
    std::optional<Refused> make(const nat::ForwardRequest& request) {
        if (auto refused = contradicts_own(api_.engine, request)) return refused;
        const nat::Forward* before =
            api_.engine.find_forward(request.proto, *request.outside, request.remote);
        const bool renews = before != nullptr && before->owner == request.owner;
        const auto made = api_.engine.request(request, now_);
        if (!made) return made.error();
        forwards_.push_back(*made);
        if (!renews) fresh_.push_back(made->id);
        return std::nullopt;
    }

    void take_back() {
        for (const nat::ForwardId id : fresh_) {
            const nat::Forward* forward = api_.engine.find_forward(id);
            if (forward == nullptr) continue;
            const nat::Owner owner = forward->owner;
            static_cast<void>(api_.engine.release(id, owner, now_));
        }
        api_.flush();
    }

    // After the flush: whether the kernel took them.
    bool are_there() const {
        return std::all_of(forwards_.begin(), forwards_.end(), [this](const nat::Forward& forward) {
            return std::find(failed_.begin(), failed_.end(), forward.id) == failed_.end();
        });
    }

    Response answer() const {
        std::vector<control::ForwardRow> rows;
        for (const nat::Forward& forward : forwards_)
            rows.push_back(forward_row(forward, now_));
        return json_answer(fresh_.empty() ? 200 : 201, control::write_rows_json(rows));
    }

  private:
    const NatApi& api_;
    Instant now_;
    std::vector<nat::Forward> forwards_;
    std::vector<nat::ForwardId> fresh_;
    std::vector<nat::ForwardId> failed_;
    std::uint32_t subscription_;
};

Response add_forward(const NatApi& api, const std::string& body, Instant now) {
    const auto requests = parse_forward_body(body);
    if (!requests) return bad_request(requests.error());
    Making making(api, now);
    for (const nat::ForwardRequest& request : *requests) {
        const auto refused = making.make(request);
        if (!refused) continue;
        making.take_back();
        return refusal(subject_of(request), *refused);
    }
    api.flush();
    if (making.are_there()) return making.answer();
    making.take_back();
    Refused refused;
    refused.reason = Refusal::commit_failed;
    return refusal(subject_of(requests->front()), refused);
}

Response one_row(const control::ForwardRow& row) {
    Response out = json_answer(200, "");
    JsonWriter json(out.body);
    write_json(json, row);
    return out;
}

Response delete_forward(const NatApi& api, const nat::Forward& forward, Instant now) {
    const bool ours =
        forward.owner.kind != nat::OwnerKind::static_ || forward.owner.id == kControlOwner;
    const std::string subject = concat("forward ", forward.id);
    if (!ours) {
        Response out = json_answer(409, "");
        JsonWriter json(out.body);
        json.begin_object();
        json.field("error", concat(subject, ": it is in the configuration file"));
        json.field("reason", nat::to_string(Refusal::not_owner));
        json.end_object();
        return out;
    }
    const control::ForwardRow row = forward_row(forward, now);
    const nat::Owner owner = forward.owner;
    const auto released = api.engine.release(row.id, owner, now);
    if (!released) return refusal(subject, released.error());
    api.flush();
    return one_row(row);
}

Response serve_forward(const NatApi& api, const Request& request, Instant now) {
    const std::string_view name = std::string_view(request.path).substr(kForwards.size() + 1);
    const auto id = parse_number<nat::ForwardId>(name);
    const nat::Forward* forward = id ? api.engine.find_forward(*id) : nullptr;
    if (forward == nullptr || forward->owner.kind == nat::OwnerKind::sip) {
        Refused refused;
        refused.reason = Refusal::not_found;
        return refusal(concat("forward ", printable(name.substr(0, 20))), refused);
    }
    if (request.method == "GET") return one_row(forward_row(*forward, now));
    return delete_forward(api, *forward, now);
}

// The mappings with the sessions that they have now; where the kernel has many sessions to tell of,
// with those of the last dump.
Response serve_mappings(const NatApi& api, const control::Page& page, Instant now) {
    const bool many = count_nat(api.engine, now).sessions > kMany;
    std::unique_ptr<Census> census;
    if (!many) {
        if (const auto sessions = api.sessions()) census = std::make_unique<Census>(*sessions);
    }
    return control::answer_with(
        std::make_shared<MappingList>(api.engine, std::move(census), page, now), !many);
}

Response serve_list(const NatApi& api, const Request& request, Instant now) {
    const auto page = control::parse_page(request.query);
    if (!page) return failure(400, page.error().text, "limit and offset are numbers of rows");
    if (request.path == kForwards) return control::list_of(forward_rows(api.engine, now), *page);
    if (request.path == kPinholes) return control::list_of(pinhole_rows(api.engine, now), *page);
    if (request.path == kHosts) {
        return control::list_of(host_rows(api.engine, api.hosts, now), *page);
    }
    if (request.path == kMappings) return serve_mappings(api, *page, now);
    const auto sessions = api.sessions();
    if (!sessions) return failure(503, "the kernel does not tell its sessions", "try again");
    auto rows = session_rows(*sessions);
    const bool few = rows.size() <= kMany;
    return control::answer_with(
        std::make_shared<control::RowStream<control::SessionRow>>(std::move(rows), *page), few);
}

}  // namespace

std::string_view meaning_of(Refusal reason) {
    switch (reason) {
        case Refusal::no_outside_address: return "there is no outside address";
        case Refusal::protocol: return "only tcp and udp can be forwarded";
        case Refusal::host_quota: return "the host has as many mappings as it may";
        case Refusal::pool_empty: return "no outside port is free";
        case Refusal::table_full: return "there are as many mappings as there may be";
        case Refusal::commit_failed: return "the kernel did not take it";
        case Refusal::port_taken: return "the outside port is taken";
        case Refusal::port_reserved: return "the outside port is reserved";
        case Refusal::bad_request: return "the request contradicts itself";
        case Refusal::too_many_ports: return "these are too many ports for one forward";
        case Refusal::owner_quota: return "there are as many forwards as there may be";
        case Refusal::not_owner: return "the forward belongs to somebody else";
        case Refusal::not_found: return "there is no such forward";
        case Refusal::count_: break;
    }
    return "";
}

Response bad_request(const FieldError& error) {
    Response out;
    out.status = 400;
    JsonWriter json(out.body);
    json.begin_object();
    json.field("error", error.text);
    json.field("reason", nat::to_string(Refusal::bad_request));
    if (!error.field.empty()) json.field("field", error.field);
    json.end_object();
    return out;
}

Response only_root() {
    return failure(403, "only root may change the gateway", "try sudo gatehouse");
}

std::optional<Response> serve_nat(const NatApi& api, const Request& request, Instant now) {
    const std::string_view path = request.path;
    const bool one_forward = path.starts_with(kForwards) && path.size() > kForwards.size() &&
                             path[kForwards.size()] == '/';
    const bool list = path == kMappings || path == kSessions || path == kForwards ||
                      path == kPinholes || path == kHosts;
    if (!one_forward && !list) return std::nullopt;
    if (request.method == "GET") {
        return one_forward ? serve_forward(api, request, now) : serve_list(api, request, now);
    }
    const bool adds = path == kForwards && request.method == "POST";
    const bool deletes = one_forward && request.method == "DELETE";
    if (!adds && !deletes) {
        return failure(405, path == kForwards ? "forwards are read with GET and added with POST"
                            : one_forward     ? "a forward is read with GET and ended with DELETE"
                                              : "this can only be read");
    }
    if (!request.may_write) return only_root();
    return adds ? add_forward(api, request.body, now) : serve_forward(api, request, now);
}

void add_nat_counts(control::StatusView& status, const nat::Engine& engine, const nat::Hosts& hosts,
                    Instant now) {
    const NatCounts counts = count_nat(engine, now);
    const auto add = [&status](std::string name, std::uint64_t value) {
        status.counts.emplace_back(std::move(name), static_cast<std::int64_t>(value));
    };
    add("mappings", counts.mappings);
    add("sessions", counts.sessions);
    add("forwards", counts.forwards);
    add("hosts", hosts.size());
    const auto& refused = engine.counters().refused;
    for (std::size_t i = 0; i < refused.size(); ++i) {
        if (refused[i] == 0) continue;
        add(concat("refused_", nat::to_string(static_cast<Refusal>(i))), refused[i]);
    }
}

void update_nat_metrics(Metrics& metrics, const nat::Engine& engine, Instant now) {
    // The engine keeps the totals; a counter is raised to them.
    const auto raise = [&metrics](Metric metric, std::uint64_t total) {
        const auto most = static_cast<std::int64_t>(total);
        metrics.add(metric, std::max<std::int64_t>(most - metrics.value(metric), 0));
    };
    const NatCounts counts = count_nat(engine, now);
    metrics.set(Metric::mappings, static_cast<std::int64_t>(counts.mappings));
    metrics.set(Metric::sessions, static_cast<std::int64_t>(counts.sessions));
    metrics.set(Metric::forwards, static_cast<std::int64_t>(counts.forwards));
    metrics.set(Metric::pinholes, static_cast<std::int64_t>(engine.counts().pinholes));
    metrics.set(Metric::resting_ports, static_cast<std::int64_t>(engine.counts().resting));
    const nat::LedgerCounters& totals = engine.counters();
    raise(Metric::mappings_made, totals.made);
    raise(Metric::mappings_ended, totals.ended);
    raise(Metric::mappings_revived, totals.revived);
    raise(Metric::mappings_displaced, totals.displaced);
    for (std::size_t i = 0; i < totals.refused.size(); ++i) {
        const std::string_view reason = nat::to_string(static_cast<Refusal>(i));
        const auto most = static_cast<std::int64_t>(totals.refused[i]);
        metrics.add(Metric::refused, reason, most - metrics.value(Metric::refused, reason));
    }
}

}  // namespace gatehouse::daemon
