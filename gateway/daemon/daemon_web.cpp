// SPDX-License-Identifier: GPL-2.0-or-later
//
// The web listener of the daemon: where it listens, and what it answers.
#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/control/web.h"
#include "gateway/daemon/daemon.h"
#include "gateway/daemon/files.h"

namespace gatehouse::daemon {

namespace {

bool has(const Interface& interface, const IpAddress& address) {
    const auto is = [&address](const auto& prefix) { return IpAddress(prefix.address) == address; };
    return std::any_of(interface.addresses.begin(), interface.addresses.end(), is) ||
           std::any_of(interface.addresses6.begin(), interface.addresses6.end(), is);
}

}  // namespace

// An address of the house is bound to its interface: to the kernel an address belongs to the router
// as a whole, and a packet from outside would reach it.
std::optional<Daemon::WebPlace> Daemon::web_place() const {
    const config::Config& config = house_.config();
    if (!config.web) return std::nullopt;
    WebPlace out;
    out.listen = config.web->listen;
    for (const std::string& name : config.gateway.lan) {
        const Interface* lan = house_.interface(name);
        if (lan == nullptr || !has(*lan, out.listen.address)) continue;
        const kernel::Link* link = links_->table().find(name);
        if (link == nullptr) continue;
        out.interface = name;
        out.index = link->index;
    }
    return out;
}

void Daemon::open_web() {
    const auto wanted = web_place();
    if (web_ && web_at_ == wanted) return;
    web_.reset();
    web_at_ = wanted;
    if (!wanted) return;
    auto listening = control::listen_web(wanted->listen, wanted->interface);
    if (!listening) return web_failed(listening.error().text);
    auto made = control::HttpServer::make(
        *loop_, std::move(*listening), [](int) { return false; },
        [this](const control::Request& request) { return serve_web(request); },
        control::web_limits());
    if (!made) return web_failed(made.error().text);
    web_ = std::move(*made);
    web_failure_.clear();
    say(Level::info, "status page is open", {{"listen", wanted->listen.to_string()}});
}

// Tried again with the next look at the ports; the log hears of it once.
void Daemon::web_failed(const std::string& why) {
    if (web_failure_ == why) return;
    web_failure_ = why;
    say(Level::warning, "status page is not open", {{"reason", why}});
}

control::Response Daemon::serve_web(const control::Request& request) {
    std::vector<std::string> names = house_.config().web->names;
    if (!host_name_.empty()) {
        names.push_back(host_name_);
        for (const config::DhcpPool& pool : house_.config().dhcp) {
            if (!pool.domain.empty()) names.push_back(host_name_ + "." + pool.domain);
        }
    }
    auto refused = control::refuse_web(request, names);
    house_.metrics().add(Metric::web_requests, refused ? "refused" : "answered");
    control::Response out = refused ? std::move(*refused) : serve(request);
    control::guard(out);
    return out;
}

control::Response Daemon::serve_events(const control::Request& request) {
    control::Response out =
        control::serve_events(events_, request, [loop = loop_.get()] { return loop->now(); });
    house_.watch(events_.listeners() > 0);
    if (!beat_ && events_.listeners() > 0) beat();
    return out;
}

void Daemon::beat() {
    house_.watch(events_.listeners() > 0);
    beat_.reset();
    if (events_.listeners() == 0) return;
    wake_listeners(Duration::zero());
    beat_ = loop_->after(control::EventStream::kBeat, [this] { beat(); });
}

void Daemon::wake_listeners(Duration delay) {
    if (control_) control_->wake(delay);
    if (web_) web_->wake(delay);
}

void Daemon::remember_hour() {
    const nat::LedgerCounters& counters = house_.engine().counters();
    std::uint64_t refused = 0;
    for (const std::uint64_t one : counters.refused)
        refused += one;
    history_.add({wan_number("statistics/tx_bytes"), wan_number("statistics/rx_bytes"),
                  counters.made, refused});
    loop_->after(control::History::kStep, [this] { remember_hour(); });
}

// What happens at about the same time is sent together.
void Daemon::publish(const std::vector<control::Happening>& events) {
    if (events.empty()) return;
    const std::int64_t time = time_of_day().count();
    for (const control::Happening& event : events)
        events_.add(event, time);
    if (events_.listeners() > 0) wake_listeners(50ms);
}

}  // namespace gatehouse::daemon
