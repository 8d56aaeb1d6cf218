// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the daemon answers on the control socket.
#include <malloc.h>
#include <unistd.h>

#include <algorithm>

#include "gateway/base/json.h"
#include "gateway/base/text.h"
#include "gateway/config/loader.h"
#include "gateway/control/page.h"
#include "gateway/daemon/daemon.h"
#include "gateway/daemon/dhcp_api.h"
#include "gateway/daemon/files.h"
#include "gateway/daemon/nat_api.h"
#include "gateway/daemon/parts.h"
#include "gateway/daemon/sip_api.h"
#include "gateway/daemon/tables.h"
#include "gateway/daemon/why_api.h"

namespace gatehouse::daemon {

namespace {

void write_problems(JsonWriter& json, std::string_view name,
                    const std::vector<config::Problem>& problems) {
    json.key(name);
    json.begin_array();
    for (const config::Problem& problem : problems)
        json.value(problem.to_string());
    json.end_array();
}

control::StatusView::Side side_of(const House& house, const std::string& name) {
    const Interface* interface = house.interface(name);
    if (interface == nullptr || interface->addresses.empty()) return {name, ""};
    return {name, interface->addresses.front().to_string()};
}

std::int64_t heap_in_use() {
#ifdef __GLIBC__
    const struct mallinfo2 info = ::mallinfo2();
    return static_cast<std::int64_t>(info.uordblks + info.hblkhd);
#else
    return 0;
#endif
}

void update_loop_metrics(Metrics& metrics, const loop::TurnTimes& times) {
    const auto set = [&metrics](std::string_view clock, const loop::TurnTimes::Clock& of) {
        const auto longest = std::chrono::duration_cast<std::chrono::microseconds>(of.longest);
        metrics.set(Metric::loop_longest_turn, clock, longest.count());
        metrics.add(
            Metric::loop_slow_turns, clock,
            static_cast<std::int64_t>(of.slow) - metrics.value(Metric::loop_slow_turns, clock));
    };
    set("passed", times.passed);
    set("computed", times.computed);
    set("blocked", times.blocked);
}

}  // namespace

std::vector<std::string> needs_restart(const config::Config& before, const config::Config& after) {
    std::vector<std::string> out;
    if (before.gateway.control != after.gateway.control) out.emplace_back("control");
    if (before.gateway.state != after.gateway.state) out.emplace_back("state");
    if (before.gateway.user != after.gateway.user) out.emplace_back("user");
    return out;
}

control::Response Daemon::serve(const control::Request& request) {
    if (request.method == "GET" || request.method == "HEAD") {
        control::Request get = request;
        get.method = "GET";
        control::Response out = serve_get(get);
        control::tag(request, out);
        return out;
    }
    if (request.path == "/api/v1/reload") {
        if (!request.may_write) return only_root();
        return serve_reload(request);
    }
    return serve_rooms(request).value_or(failure(405, "this can only be read"));
}

std::optional<control::Response> Daemon::serve_rooms(const control::Request& request) {
    const NatApi nat{house_.engine(), house_.hosts(), [this] { return sessions(); },
                     [this] { flush_nat(); }};
    if (auto answer = serve_nat(nat, request, loop_->now())) {
        if (request.method != "GET" && answer->status < 300) save_forwards();
        return answer;
    }
    return serve_dhcp(house_.dhcp(), request, loop_->now());
}

control::Response Daemon::serve_get(const control::Request& request) {
    if (request.path == "/api/v1/reload") return failure(405, "reload is asked for with POST");
    if (auto answer = serve_rooms(request)) return std::move(*answer);
    if (request.path == "/api/v1/status")
        return {200, "application/json", write_status_json(status())};
    if (request.path == "/api/v1/events") return serve_events(request);
    if (request.path == "/api/v1/why") return serve_why(request);
    if (request.path == "/api/v1/history") return {200, "application/json", history_.write_json()};
    if (auto page = control::serve_page(request)) return std::move(*page);
    if (kHasSip && request.path == "/api/v1/calls")
        return {200, "application/json", write_calls_json(house_.sip())};
    // What people say of themselves in them is nobody else's business.
    if (kHasSip && request.path == "/api/v1/messages") {
        if (!request.may_write) return failure(403, "only root may read the messages");
        return {200, "application/json", write_messages_json(house_.sip(), loop_->now())};
    }
    if (request.path == "/metrics") {
        return {200, std::string(kPrometheusType), metrics_text()};
    }
    return failure(404, "there is nothing here", "/api/v1/status is the place to begin");
}

control::Response Daemon::serve_why(const control::Request& request) {
    const auto flow = parse_flow(request);
    if (!flow) return bad_request(flow.error());
    const auto is_router = [this](const IpAddress& address) {
        const auto is = [&address](const auto& one) { return IpAddress(one.address) == address; };
        for (const std::string& name : house_.config().gateway.lan) {
            const Interface* lan = house_.interface(name);
            if (lan == nullptr) continue;
            for (const Prefix4& one : lan->addresses)
                if (is(one)) return true;
            for (const Prefix6& one : lan->addresses6)
                if (is(one)) return true;
        }
        return false;
    };
    const IpAddress& inside = flow->inside.address;
    const IpAddress& remote = flow->remote.address;
    if (!house_.is_inside(inside) || is_router(inside)) {
        return bad_request({"inside", concat(inside.to_string(),
                                             " is no device of the house, which comes first")});
    }
    nat::FlowFacts facts;
    facts.remote_is_router = is_router(remote);
    facts.remote_is_inside = house_.is_inside(remote);
    facts.sip_proxy = sip_proxy_ != nullptr;
    facts.permitted = inside.is_v4() &&
                      nat_->has_permit(flow->proto, {inside.v4(), flow->inside.port}, remote.v4());
    config::Config config = house_.config();
    if (config.sip.is_used()) config.sip.ports = house_.sip_ports();
    return {200, "application/json",
            write_why(*flow, facts, nat_->find_session(tuple_of(*flow)), house_.engine(),
                      house_.hosts(), config)};
}

control::Response Daemon::serve_reload(const control::Request& request) {
    if (!request.body.empty()) return reload(request.body);
    const auto text = read_file(config_file_);
    if (text) return reload(*text);
    // The daemon's user may not read it; whoever asks may, and can send the text.
    control::Response out = failure(409, text.error().text);
    out.body.pop_back();
    out.body += ",\"file\":";
    append_json_string(out.body, config_file_);
    out.body += "}";
    return out;
}

control::Response Daemon::reload(const std::string& text) {
    const config::ConfigResult result = config::load_config(text, config_file_);
    house_.metrics().add(Metric::config_reloads, result.config ? "ok" : "failed");
    control::Response out;
    JsonWriter json(out.body);
    json.begin_object();
    if (!result.config) {
        out.status = 422;
        json.field("error", "the configuration is not changed");
        say(Level::error, "reload refused", {{"reason", result.errors.front().to_string()}});
    }
    write_problems(json, "errors", result.errors);
    write_problems(json, "warnings", result.warnings);
    json.key("after_restart");
    json.begin_array();
    if (result.config) {
        for (const std::string& option : needs_restart(start_config_, *result.config)) {
            json.value(option);
        }
    }
    json.end_array();
    json.end_object();
    if (result.config) {
        say(Level::notice, "configuration reloaded", {{"file", config_file_}});
        log_.set_most(level_of(result.config->gateway.log_level));
        handle(Reconfigured{*result.config});
        serve_dhcp_links();
        open_web();
    }
    return out;
}

void Daemon::reload_by_signal() {
    const auto text = read_file(config_file_);
    if (text) {
        reload(*text);
        return;
    }
    house_.metrics().add(Metric::config_reloads, "failed");
    say(Level::error, "reload refused",
        {{"reason", text.error().text}, {"try", "gatehouse reload"}});
}

control::StatusView Daemon::status() const {
    const config::Config& config = house_.config();
    control::StatusView out;
    out.version = GATEHOUSE_VERSION;
    out.uptime = whole_seconds(loop_->now() - house_.started());
    out.wan = side_of(house_, config.gateway.wan);
    if (!house_.outside_address()) out.wan.address.clear();
    out.reach = to_string(reach_of(house_.outside_address().value_or(Ip4{})));
    out.upstream = upstream_status();
    for (const std::string& name : config.gateway.lan)
        out.lan.push_back(side_of(house_, name));
    out.nat_type = to_string(config.nat.type);
    out.mapping = to_string(config.nat.mapping);
    out.filtering = to_string(config.nat.filtering);
    add_nat_counts(out, house_.engine(), house_.hosts(), loop_->now());
    add_dhcp_counts(out, house_.dhcp(), house_.metrics(), !dhcp_->journal_is_broken());
    out.tables = tables_of(house_, events_);
    out.kernel = kernel_facts_;
    out.safeguards = safeguards_;
    return out;
}

// The kernel counts in the rules, and begins anew when they are loaded again.
void Daemon::count_dropped() {
    std::map<std::string, std::uint64_t> sums;
    for (const kernel::RuleCount& rule : nat_->rule_counts())
        sums[rule.comment] += rule.packets;
    for (const auto& [reason, packets] : sums) {
        std::uint64_t& before = dropped_[reason];
        const std::uint64_t more = packets < before ? packets : packets - before;
        house_.metrics().add(Metric::packets_dropped, reason, static_cast<std::int64_t>(more));
        before = packets;
    }
    if (nat_->queue() == nullptr) return;
    const std::int64_t lost = static_cast<std::int64_t>(nat_->queue()->overruns()) -
                              house_.metrics().value(Metric::queue_overruns);
    house_.metrics().add(Metric::queue_overruns, std::max<std::int64_t>(lost, 0));
}

std::string Daemon::metrics_text() {
    Metrics& metrics = house_.metrics();
    metrics.set(Metric::build_info, GATEHOUSE_VERSION, 1);
    metrics.set(Metric::uptime_seconds, whole_seconds(loop_->now() - house_.started()));
    metrics.set(Metric::heap_bytes, heap_in_use());
    update_loop_metrics(metrics, loop_->turn_times());
    update_nat_metrics(metrics, house_.engine(), loop_->now());
    update_dhcp_metrics(metrics, house_.dhcp(), dhcp_->unread());
    if (kHasSip) update_sip_metrics(metrics, house_.sip());
    update_table_metrics(metrics, tables_of(house_, events_));
    count_dropped();
    const control::StatusView::Upstream upstream = upstream_status();
    metrics.set(Metric::upstream_ports, "wanted", upstream.wanted);
    metrics.set(Metric::upstream_ports, "held", upstream.held);
    metrics.set(Metric::event_streams, static_cast<std::int64_t>(events_.listeners()));
    metrics.add(Metric::events_lost,
                static_cast<std::int64_t>(events_.lost()) - metrics.value(Metric::events_lost));
    std::string out;
    metrics.write_prometheus(out);
    return out;
}

}  // namespace gatehouse::daemon
