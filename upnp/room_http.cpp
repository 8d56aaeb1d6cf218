// SPDX-License-Identifier: GPL-2.0-or-later
//
// The room as its HTTP server.
#include "gateway/base/text.h"
#include "upnp/description.h"
#include "upnp/room.h"

namespace gatehouse::upnp {

namespace {

constexpr std::string_view kXmlType = "text/xml; charset=\"utf-8\"";

HttpAnswer plain(unsigned status) {
    HttpAnswer out;
    out.status = status;
    out.content_type = "text/plain";
    return out;
}

HttpAnswer document(std::string body) {
    HttpAnswer out;
    out.content_type = kXmlType;
    out.body = std::move(body);
    return out;
}

HttpAnswer soap_error(SoapError error) {
    HttpAnswer out = document(write_soap_error(error));
    out.status = 500;  // UPnP Device Architecture 3.2.2
    out.headers.emplace_back("EXT", "");
    return out;
}

// "QueryStateVariable" of control-1-0, which old clients still send.
std::optional<HttpAnswer> query_variable(const SoapCall& call, const SoapValues& values) {
    if (call.action != "QueryStateVariable") return std::nullopt;
    const std::string* name = call.find("varName");
    if (name == nullptr) return soap_error(SoapError::invalid_args);
    for (const auto& [variable, value] : values) {
        if (variable != *name) continue;
        return document(write_soap_answer("urn:schemas-upnp-org:control-1-0", call.action,
                                          {{"return", value}}));
    }
    return soap_error(SoapError::invalid_var);
}

}  // namespace

HttpAnswer Room::serve(const HttpRequest& request, Instant now, Effects& out) {
    handled_at_ = now;
    HttpAnswer answer = serve_now(request, now, out);
    settle(now, out);
    return answer;
}

HttpAnswer Room::serve_now(const HttpRequest& request, Instant now, Effects& out) {
    if (!config_.upnp.igd) return plain(404);
    if (!authority_.is_near(request.lan, request.client)) {
        note_denial(Denial::off_link, "http", request.client, now, out);
        return plain(403);
    }
    if (const auto status = refuse_request(request)) {
        note_denial(Denial::browser, "http", request.client, now, out);
        return plain(*status);
    }
    const auto target = parse_path(request.path, identity_);
    if (!target) return plain(404);
    HttpAnswer answer = plain(405);
    const bool reads = request.method == "GET" || request.method == "HEAD";
    switch (target->kind) {
        case Target::Kind::presentation:
            if (!reads) break;
            answer = document(write_presentation(version_));
            answer.content_type = "text/html; charset=\"utf-8\"";
            break;
        case Target::Kind::description:
            if (!reads) break;
            answer = document(write_device_description(
                target->tree, identity_, version_, concat("http://", request.local.to_string())));
            break;
        case Target::Kind::scpd:
            if (reads) answer = document(write_scpd(*target->service));
            break;
        case Target::Kind::control:
            if (request.method == "POST") answer = serve_control(request, *target, now, out);
            break;
        case Target::Kind::event: answer = serve_event(request, *target, now, out); break;
    }
    answer.headers.emplace_back("Server", concat("Linux UPnP/1.1 ", kProduct, '/', version_));
    return answer;
}

HttpAnswer Room::serve_control(const HttpRequest& request, const Target& target, Instant now,
                               Effects& out) {
    if (const auto status = refuse_control(request)) return plain(*status);
    const auto [type, action] = parse_soap_action(*request.header("SOAPAction"));
    const auto call = parse_soap(request.body);
    const bool query = action == "QueryStateVariable";
    // What the header says and what the body says must be one.
    if (!call || call->action != action || (!query && type != target.service->type) ||
        call->service != type) {
        metrics_.add(Metric::igd_calls, "malformed");
        return soap_error(SoapError::invalid_action);
    }
    if (query) {
        const auto variable =
            query_variable(*call, evented_values(state(now), target.tree, *target.service));
        return *variable;
    }
    const DeviceState seen = state(now);
    const auto done = run_call({seen, target.tree, *target.service, request.client, *call});
    if (!done) {
        metrics_.add(Metric::igd_calls, "failed");
        if (done.error().denial) {
            note_denial(*done.error().denial, action, request.client, now, out);
        }
        return soap_error(done.error().error);
    }
    if (done->made) {
        Waiting wanted;
        wanted.later = going_on_ != nullptr ? going_on_->later : ++last_later_;
        const std::uint64_t later = wanted.later;
        wanted.request = request;
        if (wait_for_upstream(std::move(wanted), *done->made, now)) {
            HttpAnswer answer;
            answer.later = later;
            return answer;
        }
    }
    metrics_.add(Metric::igd_calls, "ok");
    HttpAnswer answer = document(write_soap_answer(target.service->type, action, done->out));
    answer.headers.emplace_back("EXT", "");
    answer.made = done->made;
    return answer;
}

HttpAnswer Room::serve_event(const HttpRequest& request, const Target& target, Instant now,
                             Effects& out) {
    if (request.method == "UNSUBSCRIBE") return gena_.unsubscribe(request);
    if (request.method != "SUBSCRIBE") return plain(405);
    HttpAnswer answer = gena_.subscribe(request, target.tree, *target.service, now);
    if (answer.status == 412 && request.header("CALLBACK") != nullptr) {
        note_denial(Denial::callback, "subscribe", request.client, now, out);
    }
    return answer;
}

}  // namespace gatehouse::upnp
