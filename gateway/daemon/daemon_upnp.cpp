// SPDX-License-Identifier: GPL-2.0-or-later
//
// The gateway device in the daemon: its sockets, its files, and the counters of the WAN.
#include "gateway/base/random.h"
#include "gateway/base/text.h"
#include "gateway/daemon/daemon.h"
#include "gateway/daemon/files.h"
#include "gateway/daemon/parts.h"
#include "upnp/actions.h"

namespace gatehouse::daemon {

namespace {

// Those actions look at the counters; all others need no files.
bool wants_counters(const upnp::HttpRequest& request) {
    const std::string* action = request.header("SOAPAction");
    return action != nullptr && action->find("WANCommonInterfaceConfig") != std::string::npos;
}

}  // namespace

upnp::Setup Daemon::open_upnp() {
    if (!kHasUpnp) return {};
    upnp::Shell::Callbacks callbacks;
    callbacks.feed = [this](const upnp::Event& event) { handle(event); };
    callbacks.serve = [this](const upnp::HttpRequest& request) { return serve_upnp(request); };
    callbacks.is_in_force = [this](nat::ForwardId id) {
        return house_.engine().find_forward(id) != nullptr;
    };
    callbacks.warn = [this](std::string fact, std::string reason) {
        log_.write({Level::warning, "upnp", std::move(fact), {{"reason", std::move(reason)}}});
    };
    upnp_ = std::make_unique<upnp::Shell>(*loop_, *writer_, start_config_.gateway.state,
                                          std::move(callbacks));
    SystemRandom random;
    const auto identity = upnp_->store().begin(HashKey::make(random));
    if (!identity.kept) {
        log_.write({Level::warning,
                    "upnp",
                    "will be another device after a restart",
                    {{"reason", identity.kept.error().text}}});
    }
    upnp::Setup setup;
    setup.identity = identity.key;
    setup.starts = identity.starts;
    setup.secret = HashKey::make(random);
    setup.boot = boot_id();
    setup.journal = upnp_->store().read_journal();
    setup.version = GATEHOUSE_VERSION;
    return setup;
}

void Daemon::handle(const upnp::Event& event) {
    Effects effects;
    house_.handle(event, loop_->now(), effects);
    perform(effects);
}

upnp::HttpAnswer Daemon::serve_upnp(const upnp::HttpRequest& request) {
    if (wants_counters(request)) read_wan_counters();
    Effects effects;
    if (const auto id = upnp::pinhole_to_count(request)) {
        nat_->feed_packets(*id, house_.engine().elements_of(*id), feed_into(effects));
    }
    upnp::HttpAnswer answer = house_.serve(request, loop_->now(), effects);
    perform(effects);
    // What the kernel did not take was never given.
    const bool failed = answer.made && house_.engine().find_forward(*answer.made) == nullptr;
    if (!failed) return answer;
    answer.status = 500;
    answer.body = upnp::write_soap_error(upnp::SoapError::action_failed);
    return answer;
}

void Daemon::perform(const upnp::Effects& effects) {
    if (kHasUpnp && upnp_) upnp_->perform(effects);
}

std::uint64_t Daemon::wan_number(std::string_view file) const {
    return read_number(concat("/sys/class/net/", house_.config().gateway.wan, "/", file));
}

void Daemon::read_wan_counters() {
    constexpr std::uint64_t kMegabit = 1'000'000;
    // A link without a speed says -1, which is no number here.
    handle(upnp::WanCounters{wan_number("statistics/tx_bytes"), wan_number("statistics/rx_bytes"),
                             wan_number("statistics/tx_packets"),
                             wan_number("statistics/rx_packets"), wan_number("speed") * kMegabit});
}

control::StatusView::Upstream Daemon::upstream_status() const {
    if (!kHasUpnp) {
        control::StatusView::Upstream off;
        off.state = "off";
        return off;
    }
    const upnp::Upstream::Facts facts = house_.upnp().upstream().facts(loop_->now());
    const auto text = [](Ip4 address) { return address.is_any() ? "" : address.to_string(); };
    control::StatusView::Upstream out;
    out.state = to_string(facts.state);
    if (facts.language) out.language = to_string(*facts.language);
    out.gateway = text(facts.gateway);
    out.address = text(facts.address);
    out.wanted = static_cast<std::int64_t>(facts.wanted);
    out.held = static_cast<std::int64_t>(facts.held);
    out.reason = facts.reason;
    return out;
}

void Daemon::say_goodbye() {
    Effects effects;
    house_.leave(effects);
    perform(effects.upnp);
}

}  // namespace gatehouse::daemon
